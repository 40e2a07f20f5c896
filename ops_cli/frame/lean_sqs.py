"""SQS's few hot calls with less work for each: half of the processor time that botocore's general machinery takes.

A replay makes hundreds of calls a second, and what bounds it is this process's own work for each of them. Left out are
the checks and conversions of parameters and answers. Endpoint, signature, proxies, certificates, connections and errors
are those of botocore's client. Nothing is retried here: the callers know what a lost answer means.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import ClientError


class LeanSqs:
    """The client `inner`, with its batch calls and receives made the short way."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._http, self._signer = inner._endpoint.http_session, inner._request_signer
        # What the endpoint rules say; `meta.endpoint_url` is not that in every partition.
        url, headers, _ = inner._resolve_endpoint_ruleset(_model(inner, "ReceiveMessage"), {}, {})
        self._url = url.rstrip("/") + "/"
        self._headers = {
            **headers,
            "Content-Type": "application/x-amz-json-1.0",
            "User-Agent": inner._user_agent_creator.to_string(),
            "x-amzn-query-mode": "true",  # asks for error codes as clients have always known them
        }

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
        headers = {**self._headers, "X-Amz-Target": f"AmazonSQS.{operation}"}
        signed = AWSRequest("POST", self._url, headers=headers, data=body)
        self._signer.sign(operation, signed)
        response = self._http.send(signed.prepare())
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise self._error(operation, response)
        answer: dict[str, Any] = json.loads(response.content or b"{}")
        return answer

    def _error(self, operation: str, response: Any) -> ClientError:
        model = _model(self._inner, operation)
        parsed = self._inner._response_parser.parse(convert_to_response_dict(response, model), model.output_shape)
        return ClientError(parsed, operation)


def _model(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(operation)


def _encoded(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} is no JSON")
