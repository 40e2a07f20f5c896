"""Many items in pieces: most calls of AWS take so many and no more."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield `items` in order, in pieces of at most `size`."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
