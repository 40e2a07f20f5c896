"""Reports in the bucket: what the functions write, in an order that never shows half a report.

A report is delivered when its manifest is there, and the manifest is written last. What is known of a report before
that, and why one failed, is in the table of reports (`insight.orders.state_table`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight import layout
from insight.canonical_json import canonical_json
from insight.manifest import Manifest, OutputFile
from insight.orders.request import ReportRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_JSON = "application/json"


@dataclass(frozen=True)
class Output:
    """A rendered file, not stored yet."""

    name: str
    content_type: str
    content: bytes


def prefix_of(request: ReportRequest) -> str:
    """Return the prefix of everything that belongs to the report."""
    return layout.report_prefix(request.account, request.start, request.end, request.report_id)


def manifest_key(request: ReportRequest) -> str:
    """Return the key whose presence proves that the report is delivered."""
    return prefix_of(request) + layout.MANIFEST


def is_delivered(s3: "S3Client", bucket: str, request: ReportRequest) -> bool:
    """Say whether the report's manifest is there; lists a key, reads no content."""
    key = manifest_key(request)
    return s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount", 0) > 0


def find_manifest(s3: "S3Client", bucket: str, request: ReportRequest) -> Manifest | None:
    """Return the report's manifest, None when it is not there. Raises BadManifest."""
    try:
        return Manifest.from_json(s3.get_object(Bucket=bucket, Key=manifest_key(request))["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None


def save_outputs(
    s3: "S3Client", bucket: str, request: ReportRequest, outputs: Sequence[Output]
) -> tuple[OutputFile, ...]:
    """Write the outputs into the folder named after their contents; return what the manifest says of them."""
    folder = layout.fingerprint(output.content for output in outputs)
    return tuple(_save_output(s3, bucket, prefix_of(request), folder, output) for output in outputs)


def save_manifest(
    s3: "S3Client", bucket: str, request: ReportRequest, manifest: bytes, seconds: Mapping[str, float] | None = None
) -> bool:
    """Publish the report; False when another worker published it first, whose manifest stays.

    How many `seconds` the steps took becomes metadata of the object, so that equal reports stay equal.
    """
    timings = {"seconds": canonical_json(dict(seconds))} if seconds else {}
    return _put_if_absent(s3, bucket, manifest_key(request), manifest, timings)


def _save_output(s3: "S3Client", bucket: str, prefix: str, folder: str, output: Output) -> OutputFile:
    key = layout.output_key(prefix, folder, output.name)
    s3.put_object(Bucket=bucket, Key=key, Body=output.content, ContentType=output.content_type)
    digest = hashlib.sha256(output.content).hexdigest()
    return OutputFile(output.name, key, output.content_type, digest, len(output.content))


def _put_if_absent(s3: "S3Client", bucket: str, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=_JSON, IfNoneMatch="*", Metadata=metadata)
    except s3.exceptions.ClientError as error:
        # 412: the object is there. A 409 stays an error: another write of the same key is running, and may yet fail.
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return False
        raise
    return True
