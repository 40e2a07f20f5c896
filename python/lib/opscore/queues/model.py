"""A model of an SQS queue, its event source mapping and a function: how long a run takes, and what throttles cost.

Discrete events on a virtual clock. Facts it is built on, from the Lambda developer guide:
- a mapping starts with five concurrent batches and adds up to 300 a minute while messages wait, up to 1,250 or its
  maximum concurrency (services-sqs-scaling). Its maximum concurrency is not its function's reserved concurrency.
- a throttled batch is tried again, with back-off, until its messages' visibility timeout is over; then it is dropped,
  and the messages are received again (services-sqs-errorhandling). Each receive counts against maxReceiveCount, also
  when nothing ran.
- the batches of a mapping that is throttled are fewer: it gives concurrency back, one batch for each throttle here.
The back-off is not documented; it is taken as doubling from 1 s to 30 s. Failures of the function are not modelled.
"""

import heapq
import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FIRST_BATCHES = 5
ADDED_A_MINUTE = 300
MOST_BATCHES = 1250
SHORTEST_BACK_OFF, LONGEST_BACK_OFF = 1.0, 30.0


@dataclass(frozen=True)
class EventSourceMapping:
    """The throttle as it is deployed; None stands for unbounded. `others` executions are held by other callers."""

    visibility_seconds: float
    max_receive_count: int
    batch_size: int = 1
    maximum_concurrency: int | None = None
    reserved_concurrency: int | None = None
    others: int = 0

    @property
    def executions(self) -> float:
        """How many executions of the function are left for this queue."""
        return float("inf") if self.reserved_concurrency is None else max(0, self.reserved_concurrency - self.others)


@dataclass
class Run:
    """What one simulated run gave."""

    seconds: float = 0.0
    delivered: int = 0
    dead: int = 0
    throttles: int = 0
    peak: int = 0
    busy_seconds: float = 0.0


@dataclass(frozen=True)
class Forecast:
    """What many runs gave; the peak is of executions at once, each of which reads the sources."""

    mapping: EventSourceMapping
    runs: Sequence[Run]

    def to_row(self) -> dict[str, Any]:
        """Return the figures as people and programs read them."""
        times = sorted(run.seconds for run in self.runs)
        messages = sum(run.delivered + run.dead for run in self.runs)
        at_once = min(self.mapping.maximum_concurrency or MOST_BATCHES, self.mapping.executions)
        capacity = sum(run.seconds for run in self.runs) * at_once
        return {
            "maximum_concurrency": self.mapping.maximum_concurrency,
            "reserved_concurrency": self.mapping.reserved_concurrency,
            "run_seconds": round(times[len(times) // 2], 1),
            "run_seconds_p95": round(times[min(len(times) - 1, int(len(times) * 0.95))], 1),
            "peak_concurrency": max(run.peak for run in self.runs),
            "utilisation": round(sum(run.busy_seconds for run in self.runs) / capacity, 3) if capacity else 0.0,
            "throttled_invocations": sum(run.throttles for run in self.runs) / len(self.runs),
            "dead_letter_chance": sum(run.dead for run in self.runs) / messages if messages else 0.0,
        }


def as_deployed(queue: Mapping[str, str], mapping: Mapping[str, Any], reserved: int | None) -> EventSourceMapping:
    """Build the model from GetQueueAttributes, an entry of ListEventSourceMappings and the reserved concurrency."""
    redrive = json.loads(queue.get("RedrivePolicy") or "{}")
    return EventSourceMapping(
        visibility_seconds=float(queue["VisibilityTimeout"]),
        max_receive_count=int(redrive.get("maxReceiveCount", 1_000_000)),
        batch_size=int(mapping.get("BatchSize", 1)),
        maximum_concurrency=(mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        reserved_concurrency=reserved,
    )


def forecast(mapping: EventSourceMapping, messages: int, seconds: Sequence[float], *, runs: int, seed: str) -> Forecast:
    """Simulate `runs` runs over that many messages, each as long as one of the measured `seconds`, drawn at random."""
    chances = [random.Random(f"{seed}:{number}") for number in range(runs)]  # noqa: S311  A simulation.
    return Forecast(mapping, [Simulation(mapping, messages, seconds, chance).run() for chance in chances])


@dataclass
class Simulation:
    """One run: all messages are in the queue at time 0."""

    mapping: EventSourceMapping
    messages: int
    seconds: Sequence[float]
    chance: random.Random
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _now: float = 0.0
    _running: int = 0
    _batches: int = 0
    _allowed: float = FIRST_BATCHES

    def run(self) -> Run:
        """Play the run to its end: every message is delivered or dead."""
        self._waiting = [1] * self.messages  # receives that a message will have had after its next one
        self._result = Run()
        self._at(60 / ADDED_A_MINUTE, self._grow)
        self._poll()
        while self._events and self._result.delivered + self._result.dead < self.messages:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
        return self._result

    def _at(self, delay: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + delay, next(self._order), happen))

    def _grow(self) -> None:
        """Add batches while messages wait."""
        if self._waiting and self._allowed < self._most():
            self._allowed += 1
        self._at(60 / ADDED_A_MINUTE, self._grow)
        self._poll()

    def _most(self) -> int:
        return min(MOST_BATCHES, self.mapping.maximum_concurrency or MOST_BATCHES)

    def _poll(self) -> None:
        """Receive batches as long as the mapping may have another one."""
        while self._waiting and self._batches < min(self._allowed, self._most()):
            batch = [self._waiting.pop(0) for _ in range(min(self.mapping.batch_size, len(self._waiting)))]
            living = [receives for receives in batch if receives <= self.mapping.max_receive_count]
            self._count_dead(len(batch) - len(living))
            if living:
                self._batches += 1
                self._invoke(living, self._now + self.mapping.visibility_seconds, SHORTEST_BACK_OFF)

    def _invoke(self, batch: list[int], visible_at: float, back_off: float) -> None:
        if self._running < self.mapping.executions:
            self._running += 1
            self._result.peak = max(self._result.peak, self._running)
            seconds = sum(self.chance.choice(self.seconds) for _ in batch)
            self._result.busy_seconds += seconds
            self._at(seconds, lambda: self._done(len(batch)))
            return
        self._result.throttles += 1
        self._allowed = max(1, self._allowed - 1)
        wait = back_off * (1 + self.chance.random()) / 2
        if self._now + wait < visible_at:
            longer = min(2 * back_off, LONGEST_BACK_OFF)
            self._at(wait, lambda: self._invoke(batch, visible_at, longer))
        else:
            self._at(visible_at - self._now, lambda: self._drop(batch))

    def _done(self, messages: int) -> None:
        self._running -= 1
        self._batches -= 1
        self._finish(delivered=messages)
        self._poll()

    def _drop(self, batch: list[int]) -> None:
        self._batches -= 1
        self._waiting += [receives + 1 for receives in batch]
        self._poll()

    def _count_dead(self, messages: int) -> None:
        if messages:
            self._finish(dead=messages)

    def _finish(self, delivered: int = 0, dead: int = 0) -> None:
        self._result.delivered += delivered
        self._result.dead += dead
        self._result.seconds = self._now
