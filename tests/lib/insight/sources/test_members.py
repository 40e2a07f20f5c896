"""The directory of an account's users: read strictly, and named by line when it is damaged."""

from typing import TYPE_CHECKING

import pytest

from insight import layout
from insight.sources.members import NO_TEAM, DamagedMembers, Member, parse_members, read_members

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

ANN, BOB = Member("ann", "Ann", "sales"), Member("bob", has_left=True)


def test_what_is_written_is_read_by_id_and_the_later_line_counts() -> None:
    lines = [member.to_line().encode() for member in (BOB, Member("ann", "Old"), ANN)]
    assert parse_members("k", [*lines, b"", b"  "]) == (ANN, BOB)


def test_only_the_id_must_be_there() -> None:
    assert parse_members("k", [b'{"user": "ann", "team": null, "phone": 7}']) == (Member("ann", "", NO_TEAM),)


@pytest.mark.parametrize("line", [b"{torn", b"[]", b"{}", b'{"user": ""}', b'{"user": 7}', b'{"user": "a\\u0000"}'])
def test_a_line_that_is_no_member_is_named(line: bytes) -> None:
    with pytest.raises(DamagedMembers, match=r"^k, line 2: not a member"):
        parse_members("k", [ANN.to_line().encode(), line])


def test_an_account_without_a_directory_has_no_members(world: "World") -> None:
    assert read_members(world.s3, world.events, "acme") == (b"", ())
    content = ANN.to_line().encode()
    world.s3.put_object(Bucket=world.events, Key=layout.members_key("acme"), Body=content)
    assert read_members(world.s3, world.events, "acme") == (content, (ANN,))
