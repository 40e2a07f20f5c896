"""moto's queues, shared by the threads of a sweep or a replay: moto iterates over a set that another thread changes."""

import functools
from collections.abc import Iterator
from typing import Any

from moto.sqs import models


class SharedSet(set[Any]):
    """A set whose iteration goes over what is in it when it begins."""

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(super().__iter__()))


@functools.cache
def share_queues() -> None:
    """Give every queue that moto makes from now on a set that threads may share."""
    make = models.Queue.__init__

    def make_shared(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        self._pending_messages = SharedSet()

    models.Queue.__init__ = make_shared  # type: ignore[method-assign]
