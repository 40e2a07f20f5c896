"""The same answer for the same request, told by its ClientToken.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html

A token belongs to an operation, an account and a region. With other parameters it is refused; a request that failed
may be sent again with it. It is remembered for a day.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from emulated_aws.fleet import clock
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

KEPT_SECONDS = 24 * 3600.0
SUCCESS = 200
_OF_THE_SENDER = ("AUTHPARAMS", "X-Amz-", "Signature", "AWSAccessKeyId", "Timestamp", "SecurityToken")

answers: Any = AccountRegionScopedDict()
"""Operation and token -> the digest of the request's parameters, and the answer."""


def once(name: str, handler: Callable[[Query], Any]) -> Callable[[Query], Any]:
    """Let the operation `name` do its work once for each ClientToken."""

    def handle(query: Query) -> Any:
        token = query.text("ClientToken")
        if not token:
            return handler(query)
        key, digest = f"{name}/{token}", _digest(query)
        if known := answers.get(key):
            if known["digest"] != digest:
                message = "The request uses the same client token as a previous, but non-identical request."
                raise Refused("IdempotentParameterMismatch", message)
            return SUCCESS, {"Content-Type": "application/xml"}, known["body"].encode()
        answer = handler(query)
        if answer[0] == SUCCESS:
            _remember(key, digest, answer[2])
        return answer

    return handle


def _digest(query: Query) -> str:
    said = {name: value for name, value in query.params.items() if not name.startswith(_OF_THE_SENDER)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _remember(key: str, digest: str, body: bytes) -> None:
    old = [name for name, known in answers.items() if known["at"] < clock.now() - KEPT_SECONDS]
    for name in old:
        answers.pop(name, None)
    answers[key] = {"digest": digest, "body": body.decode(), "at": clock.now()}
