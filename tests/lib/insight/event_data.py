"""Event rows for tests: strategies that draw untidy ones, and their files in both formats."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from insight.periods import Period
from insight.sources.event_files import EventFile, LocalFile
from insight.sources.events import UsageEvent
from insight.sources.raw_columns import RAW_COLUMNS

ZONES = [
    "Europe/Berlin",
    "America/Santiago",
    "Pacific/Auckland",
    "Africa/Cairo",
    "America/Los_Angeles",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/St_Johns",
    "UTC",
]
SHORT, LONG = (date(2026, 10, 24), date(2026, 11, 3)), (date(2026, 2, 26), date(2026, 5, 2))


@st.composite
def usage(draw: st.DrawFn) -> tuple[Period, list[UsageEvent]]:
    """Draw a period and rows in and around it: nulls, orphans, copies that differ, foreign and unknown ones."""
    period = Period(*draw(st.sampled_from([SHORT, LONG])), draw(st.sampled_from(ZONES)))
    return period, [_event(draw, period) for _ in range(draw(st.integers(0, 40)))]


def _event(draw: st.DrawFn, period: Period) -> UsageEvent:
    kinds = ["session_started", "document_created", "document_scored", "phrase_shown", "phrase_accepted", "tour_ended"]
    scores = st.integers(0, 1_000_000).map(lambda number: number / 10_000)
    at = _instant(draw, period)
    late = draw(st.none() | st.sampled_from([0, 86_400_000_000, 90_000_000_000]))
    return UsageEvent(
        event_id=f"e{draw(st.integers(0, 60))}",
        account=draw(st.sampled_from(["acme"] * 9 + ["ember"])),
        user=draw(st.sampled_from(["ann", "bob", "cem", "dee", None])),
        kind=draw(st.sampled_from(kinds)),
        at=at,
        document=draw(st.sampled_from(["d1", "d2", "d3", None])),
        document_kind=draw(st.sampled_from(["job post", "recruiting mail", None])),
        score=draw(st.none() | scores),
        first_score=draw(st.none() | scores),
        received_at=None if late is None else at + timedelta(microseconds=late + draw(st.integers(0, 2_000))),
    )


def _instant(draw: st.DrawFn, period: Period) -> datetime:
    """Draw an instant, often at the very edge of a day, where months and clock changes go wrong."""
    edge = draw(st.sampled_from(period.day_starts))
    nudge = draw(st.sampled_from([-1_000_000, -1, 0, 1, 1_000_000]) | st.integers(-86_400_000_000, 86_400_000_000))
    return edge + timedelta(microseconds=nudge)


def json_line(event: UsageEvent, **changes: Any) -> bytes:
    """Return the line of an event, as a producer writes it."""
    values = {name: getattr(event, name) for name, _ in RAW_COLUMNS if getattr(event, name) is not None}
    for name in ("at", "received_at"):
        if name in values:
            values[name] = values[name].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps({**values, **changes}).encode() + b"\n"


def jsonl(folder: Path, name: str, content: bytes, *, torn: bool = False) -> LocalFile:
    """Write a file of lines as if it had been fetched."""
    path = folder / f"{name}.jsonl"
    path.write_bytes(content)
    file = EventFile(f"events/account=acme/date=2026-10-25/{name}.jsonl", date(2026, 10, 25), '"e"', len(content))
    return LocalFile(path, file, "hash", content.count(b"\n"), torn)


def parquet(folder: Path, name: str, events: Sequence[UsageEvent], select: str = "*") -> LocalFile:
    """Write events into a Parquet file as if it had been fetched; `select` bends its columns."""
    path, lines = folder / f"{name}.parquet", folder / f"{name}.rows"
    lines.write_bytes(b"".join(json_line(event) for event in events))
    columns = ", ".join(f"'{column}': '{kind}'" for column, kind in RAW_COLUMNS)
    source = f"read_json('{lines}', format='newline_delimited', columns={{{columns}}})" if events else _no_rows()
    duckdb.sql(f"COPY (SELECT {select} FROM {source}) TO '{path}' (FORMAT parquet)")
    file = EventFile(f"compacted/account=acme/month=2026-10/{name}.parquet", date(2026, 10, 1), '"e"', 1)
    return LocalFile(path, file, "hash", 0)


def _no_rows() -> str:
    columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in RAW_COLUMNS)
    return f"(SELECT {columns} WHERE false)"
