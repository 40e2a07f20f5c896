"""Which of the messages that a run has sent are among the dead letters again."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.digests import digest_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LOOKED_AT = 100
"""How many messages a look reads while the queue has not grown; when it has, a look reads all of it."""


class Sent(Protocol):
    """A message as it was sent: its id at its destination, and the digest of what that got."""

    @property
    def new_id(self) -> str:
        """The id."""

    @property
    def digest(self) -> str:
        """The digest, "" where it is not known."""


class Returns:
    """Looks for what came back to one dead-letter queue from a run that began at `bound_ms`.

    SQS brings a message back under the id that it got when it was sent. A consumer sends a new one: that is known by
    what it holds, one letter for each message that held the same.
    """

    def __init__(self, sqs: "SQSClient", dead_letters: QueueFacts, run: str, bound_ms: int) -> None:
        self._sqs, self._queue, self._run, self._bound_ms = sqs, dead_letters, run, bound_ms
        self._depth_expected = self._depth_read = 0
        self._returned: dict[str, str] = {}

    def depth(self) -> int:
        """Return how many dead letters there are."""
        return describe(self._sqs, self._queue.url).depth

    def expect(self, depth: int) -> None:
        """Note how many dead letters there would be if nothing came back."""
        self._depth_expected = self._depth_read = depth

    def look(self, sent: Iterable[Sent], *, whole: bool = False) -> tuple[set[str], int]:
        """Return the new ids of those that are back, and how many more are back of which that cannot be told.

        Of a group a FIFO queue shows the first ten only, so there what the queue has grown by counts, too.
        """
        facts = describe(self._sqs, self._queue.url)
        known = list(sent)
        if whole or facts.depth > self._depth_read:
            self._depth_read = max(facts.depth, self._depth_read)
            letters = self._all_new(facts) if facts.depth else []
        else:
            letters = peek(self._sqs, facts, limit=LOOKED_AT) if facts.visible else []
        self._match(letters, known)
        found = set(self._returned.values())
        grown = max(0, facts.depth - self._depth_expected) if facts.fifo else 0
        return found, max(0, min(grown, len(known)) - len(found))

    def _all_new(self, facts: QueueFacts) -> list[DeadLetter]:
        letters: list[DeadLetter] = []

        def visit(letter: DeadLetter) -> None:
            if self._is_new(letter):
                letters.append(letter)

        Sweep(self._sqs, facts, visit).run()
        return letters

    def _is_new(self, letter: DeadLetter) -> bool:
        return letter.sent_ms >= self._bound_ms or letter.replay[0] == self._run

    def _match(self, letters: Iterable[DeadLetter], sent: Iterable[Sent]) -> None:
        back = {letter.message_id: letter for letter in letters if letter.message_id not in self._returned}
        done = set(self._returned.values())
        out: defaultdict[str, list[str]] = defaultdict(list)
        for message in sent:
            if message.new_id in done:
                continue
            if back.pop(message.new_id, None):
                self._returned[message.new_id] = message.new_id
            elif message.digest:
                out[message.digest].append(message.new_id)
        for letter in filter(self._is_new, back.values()):
            if same := out[digest_of(letter)]:
                self._returned[letter.message_id] = same.pop()
