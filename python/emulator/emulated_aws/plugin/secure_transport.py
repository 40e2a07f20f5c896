"""IAM: a request from this machine counts as sent over TLS, so that TLS-only policies let it through.

`aws:SecureTransport` is false for plain HTTP
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport),
and the platform's buckets and queues deny that. The alternative, serving TLS, needs a certificate that Terraform,
boto3 and every function's worker trust: a file, a variable and a way to fail for each. Nothing leaves the loopback
interface, so there is nobody to hide the traffic from. Whether the policies deny plain HTTP is tested on the
policies themselves, not here.
"""

import ipaddress
from typing import Any

import ministack.app

from emulated_aws.replacement import replace


def install() -> None:
    """Let loopback addresses count as secure."""
    replace(ministack.app, "pin_request_origin", _loopback_is_secure)


def _loopback_is_secure(stock: Any) -> Any:
    def pin(source_ip: str, secure_transport: bool) -> None:
        stock(source_ip, secure_transport or ipaddress.ip_address(source_ip).is_loopback)

    return pin
