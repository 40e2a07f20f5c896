"""A route that tells listeners what arrived by it."""

from collections.abc import Callable, Sequence

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.admission import Route
from opscore.dead_letters.sending.destinations import Confirmation, Destination, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing

Listener = Callable[[Outgoing, Confirmation], None]


class ObservedRoute:
    """Routes as `route` does. Each listener hears of every message that arrived, possibly from several threads."""

    def __init__(self, route: Route, listeners: Sequence[Listener]) -> None:
        self._route, self._listeners = route, listeners
        self._wrapped: dict[str, Destination] = {}

    def __call__(self, letter: DeadLetter) -> Destination | Refusal:
        """Return the destination of `letter`."""
        destination = self._route(letter)
        if isinstance(destination, Refusal):
            return destination
        return self._wrapped.setdefault(destination.label, _Observed(destination, self._listeners))


class _Observed:
    """A destination that tells what it took."""

    def __init__(self, inner: Destination, listeners: Sequence[Listener]) -> None:
        self._inner, self._listeners = inner, listeners
        self.label, self.fifo = inner.label, inner.fifo
        self.batch_entries, self.batch_bytes = inner.batch_entries, inner.batch_bytes

    def objection(self, message: Outgoing) -> Refusal | None:
        """Return the destination's own objection."""
        return self._inner.objection(message)

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Send, and tell what arrived."""
        outcome = self._inner.send(messages)
        for message in messages:
            if proof := outcome.confirmed.get(message.letter.message_id):
                for listener in self._listeners:
                    listener(message, proof)
        return outcome
