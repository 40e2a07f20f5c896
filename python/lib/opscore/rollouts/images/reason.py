"""A reason against an image, with what the operator can do about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Reason:
    """One thing that is against an image. `rule` is its short name, `what` a sentence, `remedy` the next step."""

    rule: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()

    def to_dict(self) -> dict[str, str]:
        """Return the reason as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Reason":
        """Read what `to_dict` gave."""
        return cls(data["rule"], data["what"], data.get("remedy", ""))
