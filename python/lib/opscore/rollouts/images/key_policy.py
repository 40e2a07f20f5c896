"""What a key policy allows one role, as far as that can be said without the request that it will judge.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
"""

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_FOR_AWS = "kms:GrantIsForAWSResource"
"""The condition on CreateGrant that EBS fulfils, in the policy that AWS tells people to write."""


class _Statement(NamedTuple):
    """A statement that may be about the role. `is_clear` is False when only a request can say whether it is."""

    effect: str
    operations: frozenset[str]
    is_clear: bool


def allowed(policy: str, role: str, operations: Iterable[str]) -> tuple[frozenset[str], bool]:
    """Return which of the operations the policy allows the role, and whether nothing more can be said of the others.

    Unclear are statements with conditions, and those that say who or what is *not* meant. What an unclear statement
    may deny counts as not allowed.
    """
    statements = list(_statements(policy, role, frozenset(operations)))
    denied = _of(statements, "Deny", is_clear=True)
    doubtful = _of(statements, "Deny", is_clear=False)
    granted = _of(statements, "Allow", is_clear=True) - denied - doubtful
    open_questions = (doubtful | _of(statements, "Allow", is_clear=False)) - granted - denied
    return granted, not open_questions


def _of(statements: Iterable[_Statement], effect: str, *, is_clear: bool) -> frozenset[str]:
    found = (one.operations for one in statements if one.effect == effect and one.is_clear == is_clear)
    return frozenset[str]().union(*found)


def _statements(policy: str, role: str, wanted: frozenset[str]) -> Iterator[_Statement]:
    for one in _listed(json.loads(policy).get("Statement", [])):
        inverted = "NotPrincipal" in one or "NotAction" in one
        if "NotPrincipal" in one or _names(one.get("Principal"), role):
            operations = wanted if "NotAction" in one else _matching(_listed(one.get("Action", [])), wanted)
            is_clear = not inverted and _is_met(one.get("Condition", {}), operations)
            yield _Statement(one.get("Effect", ""), operations, is_clear)


def _names(principal: Any, role: str) -> bool:
    named = _listed(principal.get("AWS", [])) if isinstance(principal, Mapping) else [principal]
    return any(one in ("*", role) for one in named)


def _matching(actions: Iterable[str], wanted: frozenset[str]) -> frozenset[str]:
    patterns = [action.lower() for action in actions]
    return frozenset(
        name for name in wanted if any(fnmatch.fnmatchcase(f"kms:{name}".lower(), pattern) for pattern in patterns)
    )


def _is_met(condition: Mapping[str, Any], operations: frozenset[str]) -> bool:
    if not condition:
        return True
    for_aws = {name: str(value).lower() for name, value in condition.get("Bool", {}).items()}
    return operations == {"CreateGrant"} and list(condition) == ["Bool"] and for_aws == {_FOR_AWS: "true"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
