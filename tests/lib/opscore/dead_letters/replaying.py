"""The real client engine on the fake SQS: set up, run, kill, resume, and count what was lost or doubled."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import Journal, NoJournal
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.dead_letters.tally import Tally
from tests.lib.opscore.dead_letters.fake_sqs import Clock, FakeSqs, Queue

RUN = "run1"


class Killed(BaseException):
    """The process is gone: nothing it would have done on the way out happens."""


class MemoryStorage:
    """A file of which only the synced part survives a kill."""

    def __init__(self, hook: Callable[[str, str], None] = lambda _operation, _phase: None) -> None:
        self.durable = b""
        self._pending = b""
        self._hook = hook

    @property
    def written(self) -> bytes:
        """What a reader of the file sees while the machine is up."""
        return self.durable + self._pending

    def write(self, data: bytes) -> None:
        self._hook("journal write", "before")
        self._pending += data

    def sync(self) -> None:
        self._hook("journal sync", "before")
        self.durable += self._pending
        self._pending = b""
        self._hook("journal sync", "after")


class World:
    """A dead-letter queue, its work queue, and a clock."""

    def __init__(self, *, fifo: bool = False, seed: int = 0) -> None:
        suffix = ".fifo" if fifo else ""
        self.clock = Clock()
        self.sqs = FakeSqs(self.clock)
        self.dead = self.sqs.create(f"work-dead-letter{suffix}")
        self.work = self.sqs.create(f"work{suffix}", dead_letter=self.dead.arn)
        self.chance = random.Random(seed)
        self.storage = MemoryStorage()

    def add_dead_letters(self, count: int, *, groups: int = 3) -> list[str]:
        """Put `count` dead letters into the queue and return their bodies in order."""
        bodies = [f"body {number}" for number in range(count)]
        for number, body in enumerate(bodies):
            group = f"g{number % groups}" if self.dead.fifo else None
            self.sqs.put(self.dead, body, group=group, origin=self.work.arn)
        return bodies

    def admission(self, **rules: Any) -> Admission:
        client: Any = self.sqs
        destination = SqsDestination(client, describe(client, self.work.url))
        bound = rules.pop("bound_ms", self.clock.ms)
        return Admission(rules.pop("run", RUN), bound, rules.pop("route", lambda _letter: destination), **rules)

    def engine(
        self,
        admission: Admission | None = None,
        *,
        limits: Limits | None = None,
        threads: int = 1,
        journal: Journal | None = None,
        **more: Any,
    ) -> ClientEngine:
        client: Any = self.sqs
        pace = Pace(
            workers=threads,
            maximum_workers=threads,
            clock=self.clock,
            sleep=self.clock.sleep,
            chance=self.chance.random,
            report_seconds=0.01,
        )
        facts = describe(client, self.dead.url)
        return ClientEngine(
            client,
            facts,
            admission or self.admission(),
            journal or NoJournal(),
            limits=limits or Limits(ordered=self.dead.fifo),
            pace=pace,
            **more,
        )

    def replay(self, *arguments: Any, **options: Any) -> Tally:
        return self.engine(*arguments, **options).run()


def sent_bodies(queue: Queue) -> list[str]:
    return [message.body for message in queue.log]


def duplicates(queue: Queue) -> int:
    return sum(count - 1 for count in Counter(sent_bodies(queue)).values())


def lost(bodies: list[str], world: World) -> set[str]:
    return set(bodies) - set(sent_bodies(world.work)) - set(world.dead.bodies)
