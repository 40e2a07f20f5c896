"""S3: whose bucket the caller expects, and until when a link is good.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html (Signature Version 4, `X-Amz-Expires`)
https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html#RESTAuthenticationQueryStringAuth

A request that expects another owner of its bucket, or of the bucket that it copies from, is refused with 403
AccessDenied. So is a link whose time is over, "Request has expired": the emulator looks at that of Signature Version 4,
here is the older one, which SDKs still use where nobody chose.
"""

import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ministack.services import s3

from emulated_aws.replacement import replace


def install() -> None:
    """Look at links and owners before the request is served."""
    replace(s3, "handle_request", _guarded)


def _guarded(stock: Any) -> Any:
    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any, **named: Any) -> Any:
        if _has_expired(query):
            return s3._error("AccessDenied", "Request has expired", 403, path)
        bucket, _key = s3._parse_bucket_key(path, headers)
        if _belongs_to_another(bucket, s3._merge_hoisted_amz_headers(headers, query)):
            return s3._error("AccessDenied", "Access Denied", 403, path)
        return await stock(method, path, headers, body, query, *more, **named)

    return handle


def _has_expired(query: Mapping[str, Any]) -> bool:
    """Whether a link of Signature Version 2 is over; `Expires` is in seconds since 1970."""
    expires = str(s3._qp(query, "Expires"))
    return bool(s3._qp(query, "Signature")) and expires.isdigit() and int(expires) < time.time()


def _belongs_to_another(bucket: str, headers: Mapping[str, str]) -> bool:
    source = urllib.parse.unquote(headers.get("x-amz-copy-source", "")).lstrip("/").partition("/")[0]
    expected = {
        bucket: headers.get("x-amz-expected-bucket-owner"),
        source: headers.get("x-amz-source-expected-bucket-owner"),
    }
    owners = {name: s3._bucket_owner_account(name) for name, account in expected.items() if name and account}
    return any(owner is not None and owner != expected[name] for name, owner in owners.items())
