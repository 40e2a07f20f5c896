"""Reports in the bucket: what the functions write, in an order that never shows half a report.

A report is delivered when its manifest is there, and the manifest is written last. It has failed when a failure is
there and no manifest, and is requested when only its request is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import OutputFile
from insight.requests import ReportRequest, canonical_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_JSON = "application/json"


@dataclass(frozen=True)
class Output:
    """A rendered file, not stored yet."""

    name: str
    content_type: str
    content: bytes


def marks(s3: "S3Client", bucket: str, request: ReportRequest) -> frozenset[str]:
    """Return which of request, failure and manifest the report has; lists keys, reads no content."""
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=layout.report_prefix(request), Delimiter="/")
    keys = (layout.parse_report_key(entry["Key"]) for entry in answer.get("Contents", []))
    return frozenset(key.name for key in keys if key)


def is_delivered(s3: "S3Client", bucket: str, request: ReportRequest) -> bool:
    """Say whether the report's manifest is there."""
    return layout.MANIFEST in marks(s3, bucket, request)


def save_request(s3: "S3Client", bucket: str, request: ReportRequest) -> bool:
    """Keep the request unless one is there already; the first one stays. Says whether this was the first."""
    body = canonical_json(request.to_payload()).encode()
    return _put_if_absent(s3, bucket, layout.report_prefix(request) + layout.REQUEST, body)


def save_failure(s3: "S3Client", bucket: str, request: ReportRequest, reason: str, message: str) -> None:
    """Record that the report cannot be made: `reason` for programs, `message` for people."""
    body = canonical_json({"reason": reason, "message": message}).encode()
    key = layout.report_prefix(request) + layout.FAILURE
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=_JSON)


def clear_failure(s3: "S3Client", bucket: str, request: ReportRequest) -> None:
    """Take a recorded failure back, because the report is tried anew."""
    s3.delete_object(Bucket=bucket, Key=layout.report_prefix(request) + layout.FAILURE)


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
