"""Athena: the result of a query lies where GetQueryExecution says, written as Athena writes it.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
https://docs.aws.amazon.com/athena/latest/APIReference/API_ResultConfiguration.html

The emulator names `<prefix><query id>.csv` and writes into a folder of that name. Mended: the file has that name; every
value stands in double quotes and a null is nothing at all, so that an empty text is told from it; timestamps have
milliseconds. Not modelled: the text files of DDL statements (none is written), encryption and owner of results.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlparse
from xml.etree import ElementTree as Xml

from ministack.services import athena, s3

from emulated_aws.replacement import replace

_OK = 200


def install() -> None:
    """Write results ourselves."""
    replace(athena, "_save_query_results", lambda _: _save_query_results)


async def _save_query_results(query_id: str) -> None:
    execution = athena._executions[query_id]
    if execution["StatementType"] != "DML":
        return
    found = execution["_results"]
    described = [
        {"Name": name, "Type": kind} for name, kind in zip(found["columns"], execution["_column_types"], strict=True)
    ]
    where = urlparse(execution["ResultConfiguration"]["OutputLocation"])
    key = where.path.lstrip("/")
    _put(where.netloc, key, as_csv(found["columns"], found["rows"]), "text/csv")
    _put(where.netloc, f"{key}.metadata", json.dumps(described), "application/octet-stream")


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a result as Athena writes it: a line of names, then the rows."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in (columns, *rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    if isinstance(value, datetime):
        return f'"{value.isoformat(sep=" ", timespec="milliseconds")}"'
    text = str(value).replace('"', '""')
    return f'"{text}"'


def _put(bucket: str, key: str, content: str, content_type: str) -> None:
    body = content.encode()
    status, _, answer = s3._put_object(bucket, key, body, {"content-type": content_type})
    if status != _OK:
        code = Xml.fromstring(answer).findtext("Code")  # noqa: S314  The emulator's own answer.
        raise ValueError(f"{code}: the result cannot be written to {bucket}")
