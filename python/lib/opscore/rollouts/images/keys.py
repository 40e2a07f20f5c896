"""Whether Auto Scaling may use the KMS key of an image's snapshot: its service-linked role has no key of its own.

A customer's key needs statements for that role in its policy, and the key of another account a grant to that role.
That the policy trusts the whole account is not enough: a service-linked role's own permissions cannot be extended.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opscore import aws_faults
from opscore.rollouts.images import key_policy

NEEDED = frozenset(
    {"CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
)
"""What EBS does with a key to make a volume: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"""


@dataclass(frozen=True)
class KeyUse:
    """Whether the role may use a key: yes, no, or None when that cannot be seen; with the reason for no and None."""

    key: str
    usable: bool | None = None
    why: str = "nobody has read the key"


class KeyReader:
    """Reads keys through a KMS client for one role of one account. Keys that may not be read are not known."""

    def __init__(self, kms: Any, role: str, account: str) -> None:
        self._kms = kms
        self._role = role
        self._account = account

    def uses(self, keys: Iterable[str]) -> dict[str, KeyUse]:
        """Return for each key whether the role may use it, at three calls a key."""
        return {key: self.use(key) for key in sorted(set(keys)) if key}

    def use(self, key: str) -> KeyUse:
        """Say whether the role may use the key of an ARN. Errors other than a missing right are passed on."""
        try:
            found = self._kms.describe_key(KeyId=key)["KeyMetadata"]
        except self._kms.exceptions.ClientError as error:
            return self._unread(key, error)
        if found["KeyState"] != "Enabled":
            return KeyUse(key, usable=False, why=f"the key is {found['KeyState']}")
        is_own = found["AWSAccountId"] == self._account
        if found["KeyManager"] == "AWS":
            why = "" if is_own else "it is an AWS managed key of another account, which nobody else can use"
            return KeyUse(key, usable=is_own, why=why)
        if not self._role:
            return KeyUse(key, why="the role that Auto Scaling launches with is not known")
        return self._judged(key, is_own=is_own)

    def _unread(self, key: str, error: Exception) -> KeyUse:
        match aws_faults.code(error):
            case "NotFoundException":
                return KeyUse(key, usable=False, why="the key does not exist")
            case "AccessDeniedException":
                return KeyUse(key, why="this caller may not read the key")
        raise error

    def _judged(self, key: str, *, is_own: bool) -> KeyUse:
        granted, grants_seen = self._granted(key)
        allowed, policy_clear = self._allowed(key) if is_own else (frozenset[str](), True)
        lacking = NEEDED - granted - allowed
        if not lacking:
            return KeyUse(key, usable=True, why="")
        if not (grants_seen and policy_clear):
            return KeyUse(key, why="whether its policy and grants are enough cannot be seen")
        return KeyUse(key, usable=False, why=f"{self._role} has no {', '.join(sorted(lacking))} on it")

    def _allowed(self, key: str) -> tuple[frozenset[str], bool]:
        """Return what the key's policy allows the role, and whether that is all that can be said of it."""
        try:
            policy = self._kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        except self._kms.exceptions.ClientError as error:
            if aws_faults.code(error) != "AccessDeniedException":
                raise
            return frozenset(), False
        return key_policy.allowed(policy, self._role, NEEDED)

    def _granted(self, key: str) -> tuple[frozenset[str], bool]:
        """Return what grants without constraints give the role, and whether all its grants are of that kind."""
        try:
            grants = [grant for grant in self._grants(key) if grant.get("GranteePrincipal") == self._role]
        except self._kms.exceptions.ClientError as error:
            if aws_faults.code(error) != "AccessDeniedException":
                raise
            return frozenset(), False
        plain = [grant for grant in grants if not grant.get("Constraints")]
        given = frozenset(operation for grant in plain for operation in grant.get("Operations", ()))
        return given, len(plain) == len(grants)

    def _grants(self, key: str) -> Iterator[dict[str, Any]]:
        marker: dict[str, str] = {}
        while True:
            answer = self._kms.list_grants(KeyId=key, Limit=100, **marker)
            yield from answer["Grants"]
            if not answer.get("Truncated"):
                return
            marker = {"Marker": answer["NextMarker"]}
