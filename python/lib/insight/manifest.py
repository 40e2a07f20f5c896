"""The manifest: from which inputs a report was made, by which definitions, and what its outputs are.

It holds no time of day: equal inputs give an equal manifest. When a report was delivered is the manifest's own date
in the bucket; how long it took lies beside it, in the metadata of the object.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from insight.canonical_json import canonical_json
from opscore.errors import OpsError

SCHEMA_VERSION = 2


class BadManifest(OpsError):
    """A manifest that this code cannot read."""


@dataclass(frozen=True)
class InputFile:
    """One event file as it was read: its hash is over the bytes, `rows` are the lines that hold an event.

    What Athena read has no hash (empty) and no rows of its own: the ETag says which content it was.
    """

    key: str
    etag: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class OutputFile:
    """One file of the report; `name` is what a reader saves it as, `key` where it lies in the bucket."""

    name: str
    key: str
    content_type: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """Everything that says where a report's numbers come from.

    `request` is ReportRequest.identity(), `starts_at` and `ends_at` the period's UTC instants, `rows` the row counts
    of the events: read, counted, and the dropped by reason. `versions` holds the versions of facts and definitions and
    the hashes of the records that are read whole (account, members, peers). `figures` are the report's numbers,
    `trend` the active users of the thirteen months, `earlier` the fingerprint of the files of each earlier period.
    """

    report_id: str
    request: Mapping[str, Any]
    starts_at: str
    ends_at: str
    engine: str
    versions: Mapping[str, Any]
    rows: Mapping[str, int]
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]
    figures: Mapping[str, int | float | None]
    trend: Mapping[str, int | float | None]
    earlier: Mapping[str, str]
    gaps: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return the manifest's file."""
        return canonical_json({"schema_version": SCHEMA_VERSION, **asdict(self)}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Read a manifest's file; raises BadManifest."""
        try:
            fields = json.loads(text)
            version = fields.pop("schema_version")
            if version == SCHEMA_VERSION:
                inputs = tuple(InputFile(**entry) for entry in fields.pop("inputs"))
                outputs = tuple(OutputFile(**entry) for entry in fields.pop("outputs"))
                gaps = tuple(fields.pop("gaps"))
                return cls(**fields, inputs=inputs, outputs=outputs, gaps=gaps)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadManifest("The report's manifest is damaged.", hint="Order the report again.") from None
        raise BadManifest(
            f"The report's manifest has version {version}; this code reads {SCHEMA_VERSION}.",
            hint="Order the report again, or use the opsctl of that release.",
        )
