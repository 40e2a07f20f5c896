"""Reports in the bucket: what the functions write, in an order that never shows half a report.

A report is delivered when its manifest is there, and the manifest is written last. What is known of a report before
that, and why one failed, is in the table of reports (`insight.orders.state_table`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import OutputFile
from insight.orders.request import ReportRequest, canonical_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_JSON = "application/json"


@dataclass(frozen=True)
class Output:
    """A rendered file, not stored yet."""

    name: str
    content_type: str
    content: bytes


def is_delivered(s3: "S3Client", bucket: str, request: ReportRequest) -> bool:
    """Say whether the report's manifest is there; lists a key, reads no content."""
    key = layout.report_prefix(request) + layout.MANIFEST
    return s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount", 0) > 0


def save_outputs(
    s3: "S3Client", bucket: str, request: ReportRequest, outputs: Sequence[Output]
) -> tuple[OutputFile, ...]:
    """Write the outputs into the folder named after their contents; return what the manifest says of them."""
    folder = layout.fingerprint(output.content for output in outputs)
    return tuple(_save_output(s3, bucket, layout.report_prefix(request), folder, output) for output in outputs)


def save_manifest(
    s3: "S3Client", bucket: str, request: ReportRequest, manifest: bytes, seconds: Mapping[str, float] | None = None
) -> bool:
    """Publish the report. Says False when another worker published it first; that one stays.

    How many `seconds` the steps took becomes metadata of the object, so that equal reports stay equal.
    """
    timings = {"seconds": canonical_json(dict(seconds))} if seconds else {}
    return _put_if_absent(s3, bucket, layout.report_prefix(request) + layout.MANIFEST, manifest, timings)


def _save_output(s3: "S3Client", bucket: str, prefix: str, folder: str, output: Output) -> OutputFile:
    key = layout.output_key(prefix, folder, output.name)
    s3.put_object(Bucket=bucket, Key=key, Body=output.content, ContentType=output.content_type)
    digest = hashlib.sha256(output.content).hexdigest()
    return OutputFile(output.name, key, output.content_type, digest, len(output.content))


def _put_if_absent(
    s3: "S3Client", bucket: str, key: str, body: bytes, metadata: Mapping[str, str] | None = None
) -> bool:
    try:
        s3.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=_JSON, IfNoneMatch="*", Metadata=dict(metadata or {})
        )
    except s3.exceptions.ClientError as error:
        # 412: the object is there. A 409 (a write of the same key is under way) stays an error: who wins is open.
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return False
        raise
    return True
