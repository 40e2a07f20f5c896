"""What AWS does not show: gone, or not allowed to be seen. One such thing must not hide all the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from opscore import aws_faults
from opscore.errors import NotFound

T = TypeVar("T")

_GONE_WORDS = ("DoesNotExist", "NonExistent", "NotFound")


@dataclass(frozen=True)
class Unseen:
    """What could not be looked at: `why` is `gone`, or what AWS answered; `error` is that answer."""

    why: str
    error: Exception = field(compare=False, repr=False)

    @property
    def is_gone(self) -> bool:
        """Whether it does not exist, rather than being refused."""
        return self.why == "gone"


def look(ask: Callable[[], T]) -> T | Unseen:
    """Return what `ask` returns, or why AWS did not show it.

    When AWS did not answer at all, the error is passed on: then nothing else can be seen either.
    """
    try:
        return ask()
    except NotFound as error:
        return Unseen("gone", error)
    except Exception as error:
        code = aws_faults.code(error)
        if not code:
            raise
        is_gone = any(word in code for word in _GONE_WORDS)
        return Unseen("gone" if is_gone else f"{code}: {aws_faults.message(error)}", error)


def fail_if_all_refused(found: Iterable[object]) -> None:
    """Raise the first refusal when every one of `found` was refused: then there is nothing to show."""
    seen = list(found)
    refused = [item for item in seen if isinstance(item, Unseen) and not item.is_gone]
    if refused and len(refused) == len(seen):
        raise refused[0].error
