"""What to do with one received dead letter: send it somewhere, or leave it where it is, and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Destination, Refusal
from opscore.dead_letters.sending.digests import digest_sent
from opscore.dead_letters.sending.outgoing import Outgoing, Unsendable, prepare, unmarked
from opscore.dead_letters.tally import Left
from opscore.words import counted


class NotApplicable(Exception):
    """A filter cannot be applied to this message; the text says why. The message is not selected."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Send the message there."""

    message: Outgoing
    destination: Destination


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave the message; `why` is a sentence for the operator when that is not what was asked for."""

    letter: DeadLetter
    left: Left
    why: str = ""


class Route(Protocol):
    """Where a message belongs; a `Refusal` when that is not known or does not exist."""

    def __call__(self, letter: DeadLetter) -> Destination | Refusal:
        """Return the destination of `letter`."""


@dataclass(frozen=True)
class Admission:
    """The rules of one run.

    `bound_ms` is the end of the second in which the run was begun, by SQS's clock; it sends nothing before that is
    over. So a message sent at that time or later came back, in whatever form and whoever sent it back, or is a new
    failure that nobody has looked at: the run leaves it, or it could send the same messages without end. An older one
    was there before, also when its body is one that the run has sent already. This holds for both kinds of queue: a
    standard one keeps the time of the send, and the send was the run's own.
    `history` gives the run that replayed a message last and how often it was replayed.
    """

    run: str
    bound_ms: int
    route: Route
    selected: Callable[[DeadLetter], bool] = lambda _letter: True
    edited: Callable[[DeadLetter], str | None] = lambda _letter: None
    history: Callable[[DeadLetter], tuple[str, int]] = lambda letter: letter.replay
    maximum_replays: int | None = None

    def decide(self, letter: DeadLetter) -> Admit | Leave:
        """Return what to do with `letter`."""
        last_run, count = self.history(letter)
        if letter.sent_ms >= self.bound_ms or last_run == self.run:
            return Leave(letter, Left.BOUNCED)
        try:
            if not self.selected(letter):
                return Leave(letter, Left.SKIPPED)
        except NotApplicable as error:
            return Leave(letter, Left.SKIPPED, str(error))
        if self.maximum_replays is not None and count >= self.maximum_replays:
            return Leave(letter, Left.QUARANTINED, f"replayed {counted(count, 'time')} already")
        try:
            return self._sent(letter, count)
        except Unsendable as error:
            return Leave(letter, Left.FAILED, f"Unsendable: {error}")

    def _sent(self, letter: DeadLetter, count: int) -> Admit | Leave:
        destination = self.route(letter)
        if isinstance(destination, Refusal):
            return Leave(letter, Left.FAILED, str(destination))
        message = prepare(letter, run=self.run, body=self.edited(letter), replays=count + 1)
        objection = destination.objection(message)
        if objection and message.counted and not destination.objection(unmarked(message)):
            message, objection = unmarked(message), None
        if objection:
            return Leave(letter, Left.FAILED, str(objection))
        return Admit(replace(message, digest=digest_sent(message, destination)), destination)
