"""What an operator asked for, in a form that a journal keeps and that a later process can read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from opscore.errors import UsageProblem

EngineChoice = Literal["auto", "native", "client"]


@dataclass(frozen=True)
class ReplayRequest:
    """The options of a replay. `edit_source` is the text of the file `edit_with`: a resumed run edits as it began."""

    queue: str
    filter: str | None = None
    group: str | None = None
    maximum: int | None = None
    rate: float | None = None
    to: str | None = None
    edit: str | None = None
    edit_with: str | None = None
    edit_source: str | None = None
    keep: bool = False
    engine: EngineChoice = "auto"
    canary: int | None = None
    maximum_replays: int | None = None

    def __post_init__(self) -> None:
        if self.edit and self.edit_with:
            raise UsageProblem("--edit and --edit-with exclude each other.")
        if self.rate is not None and self.rate <= 0:
            raise UsageProblem("--rate must be more than 0 messages a second.")
        if self.engine == "native" and self.only_client:
            raise UsageProblem(f"SQS's own move task cannot do {self.only_client}.", hint="Leave out --engine native.")

    @property
    def only_client(self) -> str:
        """What of this SQS's own move task cannot do; empty when it could do all."""
        wanted = {
            "--filter": self.filter,
            "--group": self.group,
            "--max": self.maximum,
            "--edit": self.edit,
            "--edit-with": self.edit_with,
            "--keep": self.keep,
            "--canary": self.canary,
            "--max-replays": self.maximum_replays is not None,
        }
        return ", ".join(option for option, value in wanted.items() if value)

    @property
    def selects(self) -> bool:
        """Whether some messages may be left out by what is in them."""
        return bool(self.filter or self.group)

    def plain(self) -> dict[str, Any]:
        """Return the request as a mapping for the journal."""
        return asdict(self)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ReplayRequest":
        """Return the request that `plain` wrote."""
        return cls(**fields)


def parse_rate(text: str) -> float:
    """Return messages a second from `50`, `50/s`, `300/m` or `1000/h`."""
    number, _, unit = text.partition("/")
    seconds = {"": 1, "s": 1, "m": 60, "h": 3600}
    try:
        return float(number) / seconds[unit]
    except (ValueError, KeyError):
        raise UsageProblem(f"{text!r} is no rate.", hint="Write 50/s, 300/m or 1000/h.") from None
