"""What the drain function does with each kind of event that reaches it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from opscore.draining.function.poller import poll
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.schedule import sweep
from opscore.draining.function.wiring import Wiring
from opscore.draining.requests import Ignored, Request, parse
from opscore.queues.worker import PermanentError, Retry, Work, process_batch
from opscore.watchers import Watchers


class Setup(NamedTuple):
    """The drivers' wiring, the pollers, and how a message comes back."""

    wiring: Wiring
    pollers: Watchers
    retry: Retry


def answer(event: Mapping[str, Any], setup: Setup, remaining_milliseconds: Callable[[], int]) -> Mapping[str, Any]:
    """Answer the queue (a batch of messages), the poller (a cluster), or the schedule (anything else)."""
    if "Records" in event:
        return take(event, setup, remaining_milliseconds)
    if "cluster" in event:
        return poll(event, setup.wiring, setup.pollers)
    return sweep(setup.wiring, setup.pollers)._asdict()


def take(event: Mapping[str, Any], setup: Setup, remaining_milliseconds: Callable[[], int]) -> Mapping[str, Any]:
    """Record what the messages ask for, then set all their hosts DRAINING in few calls.

    What `begin` raises fails the whole batch. It may: the records are written by then, so the sweep starts what is
    missing within a minute, and messages that come back find their drains.
    """
    batch = RequestBatch(setup.wiring, setup.pollers)
    work = Work(parse=parse, run=batch.accept, record=_never, identify=_names)
    answered = process_batch(event, work, retry=setup.retry, remaining_milliseconds=remaining_milliseconds)
    batch.begin()
    return answered


def _names(request: Request) -> dict[str, str]:
    return {} if isinstance(request, Ignored) else {"instance_id": request.instance_id}


def _never(_request: Request, error: PermanentError) -> None:
    # A request about a host is never wrong for good: what cannot be read at all ends among the dead letters.
    raise error
