"""The kinds of call that a replay makes to AWS, each with what it carries."""

from collections.abc import Sequence
from dataclasses import dataclass

from opscore.dead_letters.engine.outbox import Outbox
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class Receive:
    """Receive up to `count` messages."""

    count: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a batch to the outbox's destination."""

    outbox: Outbox
    messages: Sequence[Outgoing]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete what arrived: each proof with the message's current receipt handle."""

    proofs: Sequence[tuple[Confirmation, str]]


@dataclass(frozen=True, slots=True)
class Renew:
    """Keep messages hidden: (id, handle, seconds)."""

    leases: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Release:
    """Show messages to everybody again: (id, handle)."""

    leases: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Look:
    """Ask how many messages are left."""


Call = Receive | Send | Delete | Renew | Release | Look
