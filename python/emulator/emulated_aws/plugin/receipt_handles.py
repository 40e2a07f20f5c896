"""SQS: a message is deleted with its newest receipt handle; an older one is accepted and deletes nothing.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
("If you use an old ReceiptHandle, the request will succeed, but the message might not be deleted.")
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html

A handle is known by its form: one of that form that was never given out is taken for an old one, as is that of a
message that is gone. Another text is ReceiptHandleIsInvalid.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import sqs as service

INVALID = "ReceiptHandleIsInvalid"
_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Handler = Callable[[Mapping[str, Any], str], dict[str, Any]]


def install() -> None:
    """Accept old handles, one at a time and in batches."""
    service._HANDLERS["DeleteMessage"] = _one(service._HANDLERS["DeleteMessage"])
    service._HANDLERS["DeleteMessageBatch"] = _batch(service._HANDLERS["DeleteMessageBatch"])


def _one(stock: Handler) -> Handler:
    def delete(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        try:
            return stock(data, url)
        except service._Err as error:
            if error.code == INVALID and is_handle(data.get("ReceiptHandle")):
                return {}
            raise

    return delete


def _batch(stock: Handler) -> Handler:
    def delete(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        answer = stock(data, url)
        old = {entry["Id"] for entry in data["Entries"] if is_handle(entry.get("ReceiptHandle"))}
        refused = [failed for failed in answer["Failed"] if failed["Code"] != INVALID or failed["Id"] not in old]
        wrong = {failed["Id"] for failed in refused}
        done = [{"Id": entry["Id"]} for entry in data["Entries"] if entry["Id"] not in wrong]
        return {**answer, "Successful": done, "Failed": refused}

    return delete


def is_handle(text: object) -> bool:
    """Whether a text has the form of the handles that the emulator gives out."""
    return isinstance(text, str) and _FORM.fullmatch(text) is not None
