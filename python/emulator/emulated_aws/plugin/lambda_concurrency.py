"""Lambda: the account's concurrency quota, and how much of it may be reserved.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html: at least 100 executions stay unreserved. In
an account whose quota is lower, such as the 10 of many new ones, nothing can be reserved at all: the minimum that the
refusal names is then the quota.

Modelled: GetAccountSettings and the refusal of PutFunctionConcurrency. The quota is 1,000, or that of the environment
variable OPSCTL_CONCURRENCY_QUOTA; how many executions really run at once is bounded by what this machine can bear.
"""

import os
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

from emulated_aws.replacement import replace

LEAST_UNRESERVED = 100


def install() -> None:
    """Answer with the quota, and refuse to reserve what it does not have."""
    replace(lambda_svc, "_get_account_settings", lambda _: _settings)
    replace(lambda_svc, "_put_function_concurrency", _checked)


def _settings() -> Any:
    functions = [lambda_svc._functions[name] for name in lambda_svc._functions]
    return json_response(
        {
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": _quota(),
                "UnreservedConcurrentExecutions": _quota() - _reserved(),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(len(function.get("code_zip") or b"") for function in functions),
                "FunctionCount": len(functions),
            },
        }
    )


def _checked(stock: Any) -> Any:
    def put(name: str, asked: dict[str, Any]) -> Any:
        wanted = int(asked.get("ReservedConcurrentExecutions", 0))
        least = min(LEAST_UNRESERVED, _quota())
        if wanted and _quota() - _reserved(but=name) - wanted < least:
            return error_response_json(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{least}].",
                400,
            )
        return stock(name, asked)

    return put


def _quota() -> int:
    return int(os.environ.get("OPSCTL_CONCURRENCY_QUOTA", "1000"))


def _reserved(but: str = "") -> int:
    return sum(
        int(lambda_svc._functions[name].get("concurrency") or 0) for name in lambda_svc._functions if name != but
    )
