"""What a message holds, as a digest: the same for what a run sends and for the dead letter that becomes of it.

A consumer may put what it cannot process among the dead letters without the attributes, and Lambda keeps none: the
digest is what such a letter has in common with what was sent. It is no body, so a journal outside this machine may
have it.
"""

import json
from hashlib import sha256

from opscore.dead_letters.envelopes import Kind, recognise
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Destination, LambdaDestination
from opscore.dead_letters.sending.events import member
from opscore.dead_letters.sending.outgoing import Outgoing

_BYTES = 16


def digest_sent(message: Outgoing, destination: Destination) -> str:
    """Return the digest of what `destination` is given."""
    if isinstance(destination, LambdaDestination):
        return _digest(_canonical(destination.event(message)), message.letter)
    return _digest(message.body, message.letter)


def digest_of(letter: DeadLetter) -> str:
    """Return the digest of what a dead letter's consumer was given."""
    match recognise(letter).kind:
        case Kind.LAMBDA_ASYNC:
            return _digest(_canonical(letter.body), letter)
        case Kind.LAMBDA_DESTINATION:
            return _digest(_canonical(member(letter.body, "requestPayload")), letter)
    return _digest(letter.body, letter)


def _digest(text: str, letter: DeadLetter) -> str:
    group = letter.group_id if "SequenceNumber" in letter.system else None  # a standard queue's group is easily lost
    return sha256(f"{group or ''}\0{text}".encode(errors="surrogatepass")).hexdigest()[: 2 * _BYTES]


def _canonical(event: str) -> str:
    """Return JSON in the one form of all that mean the same: Lambda writes an event anew around its record."""
    try:
        return json.dumps(json.loads(event), sort_keys=True)
    except (ValueError, RecursionError):
        return event
