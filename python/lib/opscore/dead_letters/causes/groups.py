"""Dead letters that died of one cause: the groups that `analyse` shows and `--group` selects."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import takewhile

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.causes.signatures import shape
from opscore.dead_letters.envelopes import recognise
from opscore.dead_letters.message import DeadLetter, moment

MAXIMUM_GROUPS = 1_000
"""More kinds of dead letters than this are no longer a picture; what does not fit is counted as one group."""

BEGINNING = 24
"""Causes that are equal in so many characters may look equal in a narrow table."""


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What the messages of a group have in common. Without a known cause the shape of the body stands in for it."""

    origin: str
    envelope: str
    cause: str | None
    shape: str

    @property
    def id(self) -> str:
        """The group's name: the same for the same kind of message, today and tomorrow."""
        text = "\0".join((self.origin, self.envelope, self.cause or "", self.shape))
        return "g" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


_OTHERS = GroupKey("several", "several", f"more than {MAXIMUM_GROUPS} kinds", "several")


def classify(letter: DeadLetter, causes: CauseIndex) -> GroupKey:
    """Return the group of a message."""
    envelope = recognise(letter)
    origin = (letter.origin_arn or envelope.source or "unknown").rsplit(":", 1)[-1]
    return GroupKey(origin, envelope.kind.value, causes.cause(letter), shape(letter.content()))


@dataclass(slots=True)
class Group:
    """One group as far as it was counted.

    `differs_by` says what tells it from the groups of the same cause, or of one that begins alike; None without such.
    """

    id: str
    cause: str | None
    count: int
    first: dt.datetime
    last: dt.datetime
    origin: str
    envelope: str
    shape: str
    replays: int
    sample_id: str
    sample_body: str
    differs_by: str | None = None


class Grouping:
    """Counts messages by group. Its memory grows with the number of groups, never with that of messages."""

    def __init__(self, causes: CauseIndex) -> None:
        self._causes = causes
        self._groups: dict[str, Group] = {}
        self._spans: dict[str, tuple[int, int]] = {}

    def add(self, letter: DeadLetter) -> None:
        """Count a message."""
        group = self._group_of(letter)
        group.count += 1
        group.replays = max(group.replays, letter.replay[1])
        first, last = self._spans.get(group.id, (letter.sent_ms, letter.sent_ms))
        self._spans[group.id] = (min(first, letter.sent_ms), max(last, letter.sent_ms))

    def _group_of(self, letter: DeadLetter) -> Group:
        key = classify(letter, self._causes)
        if key.id not in self._groups and len(self._groups) >= MAXIMUM_GROUPS:
            key = _OTHERS
        if key.id not in self._groups:
            self._groups[key.id] = _new(key, letter, self._causes)
        return self._groups[key.id]

    def result(self) -> list[Group]:
        """Return the groups, the largest first."""
        for name, group in self._groups.items():
            group.first, group.last = (moment(ms) for ms in self._spans[name])
        _tell_apart(list(self._groups.values()))
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.id))


def _new(key: GroupKey, letter: DeadLetter, causes: CauseIndex) -> Group:
    # A guess is shown and is no part of the key: the next crash would give the group another name.
    guess = causes.guess(letter) if key.cause is None else None
    return Group(
        id=key.id,
        cause=str(guess) if guess else key.cause,
        count=0,
        first=moment(letter.sent_ms),
        last=moment(letter.sent_ms),
        origin=key.origin,
        envelope=key.envelope,
        shape=key.shape,
        replays=0,
        sample_id=letter.message_id,
        sample_body=letter.body,
    )


def _tell_apart(groups: Sequence[Group]) -> None:
    """Say what each group differs by from those that look like it: of the same cause, or of one that begins alike."""
    same: defaultdict[str | None, list[Group]] = defaultdict(list)
    similar: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups:
        same[group.cause].append(group)
        similar[(group.cause or "")[:BEGINNING]].add(group.cause or "")
    for group in groups:
        parts = [*_differences(group, same[group.cause])]
        parts += _ending(group.cause or "", similar[(group.cause or "")[:BEGINNING]])
        group.differs_by = "; ".join(parts) or None


def _differences(group: Group, alike: Sequence[Group]) -> Iterator[str]:
    """Yield what tells a group from the others of its cause."""
    if len({other.origin for other in alike}) > 1:
        yield f"from {group.origin}"
    if len({other.envelope for other in alike}) > 1:
        yield f"envelope {group.envelope}"
    if others := [_parts(other.shape) for other in alike if other.shape != group.shape]:
        own = _parts(group.shape)
        special = [part for part in own if any(part not in other for other in others)]
        missing = sorted({part for other in others for part in other} - {*own})
        yield f"with {', '.join(special)}" if special else f"without {', '.join(missing)}"


def _parts(form: str) -> list[str]:
    return form.removeprefix("{").removesuffix("}").split(", ")


def _ending(cause: str, alike: Collection[str]) -> Iterator[str]:
    """Yield the words of a cause after those with which all begin; nothing, when it is the only one."""
    if len(alike) > 1:
        columns = zip(*(other.split() for other in alike), strict=False)
        same = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        yield " ".join(["…", *cause.split()[same:]])
