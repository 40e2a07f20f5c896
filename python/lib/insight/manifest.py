"""The manifest: from which inputs a report was made and what its outputs are. It holds no clock reading.

Equal inputs give an equal manifest; when a report was delivered is the manifest's own date in the bucket.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from insight.requests import canonical_json
from opscore.errors import OpsError

SCHEMA_VERSION = 1


class BadManifest(OpsError):
    """A manifest that this code cannot read."""


@dataclass(frozen=True)
class InputFile:
    """One event file as it was read: its hash is over the bytes, `rows` are the lines that hold an event."""

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

    `request` is ReportRequest.identity(), `starts_at` and `ends_at` the period's UTC instants, `account_sha256` the
    hash of the account's record, `rows` the row counts of the events: read, counted, and the dropped by reason.
    """

    report_id: str
    request: Mapping[str, Any]
    starts_at: str
    ends_at: str
    account_sha256: str
    rows: Mapping[str, int]
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]

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
                return cls(**fields, inputs=inputs, outputs=outputs)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadManifest("The report's manifest is damaged.", hint="Order the report anew.") from None
        raise BadManifest(
            f"The report's manifest has version {version}; this code reads {SCHEMA_VERSION}.",
            hint="Update opsctl.",
        )
