"""SQS's few hot calls without botocore's general machinery: a sixth of the processor time for each.

A replay makes hundreds of calls a second, and what bounds it is this process's own work for each of them. The calls
here speak the same JSON protocol with the same signatures over connections of their own, one a thread; everything else
is botocore's client. Nothing is retried here: the callers know what a lost answer means.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

import base64
import datetime as dt
import functools
import hashlib
import hmac
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, HTTPClientError

TIMEOUT_SECONDS = 60
IDLE_SECONDS = 15
"""A connection that was idle for longer is opened anew: the other side may be about to close it."""

_TYPE = "application/x-amz-json-1.0"
_SIGNED = "content-type;host;x-amz-date;x-amz-target"


@dataclass(frozen=True)
class Key:
    """An access key, with a token when it is a temporary one."""

    access: str
    secret: str
    token: str | None = None


class LeanSqs:
    """The client `inner`, with its batch calls and receives made the short way.

    `key` is asked for every call, so that temporary keys can change; `certificates` is the file of trusted authorities.
    """

    def __init__(self, inner: Any, key: Callable[[], Key], certificates: str | None = None) -> None:
        self._inner, self._key = inner, key
        self._region = inner.meta.region_name
        url = urlsplit(inner.meta.endpoint_url)
        self._tls = ssl.create_default_context(cafile=certificates) if url.scheme == "https" else None
        self._host, self._netloc = url.hostname or "", url.netloc
        self._port = url.port
        self._local = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """Receive messages."""
        answer = self._call("ReceiveMessage", request)
        for message in answer.get("Messages", ()):
            for attribute in message.get("MessageAttributes", {}).values():
                if "BinaryValue" in attribute:
                    attribute["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
        return answer

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Send up to ten messages."""
        return self._call("SendMessageBatch", request)

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """Delete up to ten messages."""
        return self._call("DeleteMessageBatch", request)

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        """Change the visibility of up to ten messages."""
        return self._call("ChangeMessageVisibilityBatch", request)

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(request, default=_encoded).encode()
        headers = signed_headers(self._netloc, self._region, operation, body, self._key(), dt.datetime.now(dt.UTC))
        connection = self._connection()
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise HTTPClientError(error=f"{operation} got no answer: {error or type(error).__name__}") from error
        self._local.used = time.monotonic()
        if response.status >= http.client.MULTIPLE_CHOICES:
            raise _error(operation, response, content)
        answer: dict[str, Any] = json.loads(content) if content else {}
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        elif time.monotonic() - self._local.used > IDLE_SECONDS:
            connection.close()  # the next request opens it again
        self._local.used = time.monotonic()
        return connection

    def _open(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_SECONDS, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)


def signed_headers(host: str, region: str, operation: str, body: bytes, key: Key, now: dt.datetime) -> dict[str, str]:
    """Return the headers of a signed request (Signature Version 4).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    target = f"AmazonSQS.{operation}"
    names, lines = _SIGNED, f"content-type:{_TYPE}\nhost:{host}\nx-amz-date:{moment}\n"
    headers = {"Content-Type": _TYPE, "Host": host, "X-Amz-Date": moment, "X-Amz-Target": target}
    if key.token:
        names = names.replace("x-amz-target", "x-amz-security-token;x-amz-target")
        lines += f"x-amz-security-token:{key.token}\n"
        headers["X-Amz-Security-Token"] = key.token
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\n{lines}x-amz-target:{target}\n\n{names}\n{digest}"
    scope = f"{day}/{region}/sqs/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(key.secret, day, region), text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    # Asks for error codes as clients have always known them.
    headers["x-amzn-query-mode"] = "true"
    return headers


@functools.lru_cache(maxsize=4)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "sqs", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _encoded(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no JSON")


def _error(operation: str, response: http.client.HTTPResponse, content: bytes) -> ClientError:
    try:
        fields = json.loads(content)
    except ValueError:
        fields = {}
    named = response.getheader("x-amzn-query-error", "").split(";")[0] or str(fields.get("__type", ""))
    code = named.rsplit("#", 1)[-1] or str(response.status)
    message = fields.get("message") or fields.get("Message") or response.reason
    metadata: Any = {"HTTPStatusCode": response.status, "RequestId": response.getheader("x-amzn-requestid", "")}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, operation)
