"""An account's users on record: their names, teams and roles. Events may come from users who are not on record."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insight import layout
from insight.texts import is_one_line
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_TEAM = "(no team)"


class DamagedMembers(OpsError):
    """A line of the directory cannot be read; it has to be corrected."""


@dataclass(frozen=True)
class Member:
    """One user on record; `has_left` when the seat was given up."""

    user: str
    name: str = ""
    team: str = NO_TEAM
    has_left: bool = False

    def to_line(self) -> str:
        """Return the line of the directory."""
        values: dict[str, Any] = {"user": self.user, "name": self.name, "team": self.team, "has_left": self.has_left}
        return json.dumps(values, separators=(",", ":")) + "\n"


def read_members(s3: "S3Client", bucket: str, account: str) -> tuple[bytes, tuple[Member, ...]]:
    """Return the directory's bytes and its members by id; both are empty when the account has none."""
    key = layout.members_key(account)
    # Found by listing: a role that may list some prefixes only gets AccessDenied, not NoSuchKey, for a missing key.
    if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"):
        return b"", ()
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content, parse_members(key, content.splitlines())


def parse_members(key: str, lines: Iterable[bytes]) -> tuple[Member, ...]:
    """Read the lines of the directory `key`; of two lines for one user the later counts. Raises DamagedMembers."""
    members: dict[str, Member] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            member = _member(line)
            if member is None:
                raise DamagedMembers(f"{key}, line {number}: not a member.", hint="Correct that line in the bucket.")
            members[member.user] = member
    return tuple(members[user] for user in sorted(members))


def _member(line: bytes) -> Member | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    user, name, team = values.get("user"), values.get("name") or "", values.get("team") or NO_TEAM
    if not user or not all(isinstance(text, str) and is_one_line(text) for text in (user, name, team)):
        return None
    return Member(user, name, team, values.get("has_left") is True)
