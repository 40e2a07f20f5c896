"""Peers: quartiles of a segment, never so few accounts that one could be told from them."""

from datetime import date
from typing import TYPE_CHECKING

from insight.numbers import peers

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

MONTH = date(2026, 10, 1)


def reports(segment: str, *utilisations: float | None) -> list[tuple[str, dict[str, float | int | None]]]:
    return [(segment, {"seat_utilisation": value, "active_users": 3}) for value in utilisations]


def test_the_quartiles_are_those_of_the_segment() -> None:
    table = peers.make_table([*reports("big", 0.1, 0.2, 0.3, 0.4, 0.5), *reports("small", 1, 1, 1, 1, 1, 1)])
    assert table["big"]["accounts"] == 5
    assert table["big"]["quartiles"]["seat_utilisation"] == [0.2, 0.3, 0.4]
    assert table["small"]["quartiles"]["seat_utilisation"] == [1, 1, 1]


def test_a_segment_of_four_has_no_peers_and_a_number_that_four_have_is_left_out() -> None:
    assert peers.make_table(reports("tiny", 0.1, 0.2, 0.3, 0.4)) == {}
    assert set(peers.make_table(reports("big", 0.1, 0.2, 0.3, 0.4, None))["big"]["quartiles"]) == {"active_users"}


def test_a_report_shows_the_newest_table_up_to_its_month(world: "World") -> None:
    def find(month: date) -> date | None:
        found = peers.find(world.s3, world.reports, month, "big")
        return found.month if found else None

    assert find(MONTH) is None
    peers.publish(world.s3, world.reports, date(2026, 9, 1), peers.make_table(reports("big", 1, 1, 1, 1, 1)))
    assert find(MONTH) == date(2026, 9, 1)
    assert find(date(2026, 8, 1)) is None
    assert find(date(2026, 12, 1)) is None
    peers.publish(world.s3, world.reports, MONTH, peers.make_table(reports("big", 1, 1, 1, 1, 1)))
    assert find(MONTH) == MONTH
    assert peers.find(world.s3, world.reports, MONTH, "other") is None
