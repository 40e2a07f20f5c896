"""How far fleets are behind: counted from images and instances, and read in few calls."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from opscore.rollouts.images.ages import Known, ages
from opscore.rollouts.images.catalogue import Found, Parameter
from opscore.rollouts.images.fleet_facts import Running
from opscore.rollouts.images.image import Image
from opscore.rollouts.images.reference import ByParameter
from opscore.rollouts.images.survey import FleetImages, survey
from tests.lib.opscore.rollouts.images.made_up import ACCOUNT, NOW, Shelf, day, image, run

OLD, PRESENT, NEW = image(10), image(20), image(30)
GONE = Running("ami-00000000", 2, day(15))
KNOWN = Known(PRESENT.image_id, PRESENT, (OLD, PRESENT, NEW))


def test_a_fleet_of_two_images_is_behind_with_all_that_are_older_than_the_newest() -> None:
    found = ages("web", (run(PRESENT, 3), run(OLD, 2), run(NEW, 1)), KNOWN, NOW)
    assert (found.instances, found.behind, found.days_behind) == (6, 5, 20)
    assert [(one.image_id, one.count, one.days_behind) for one in found.running] == [
        (PRESENT.image_id, 3, 10),
        (OLD.image_id, 2, 20),
        (NEW.image_id, 1, 0),
    ]
    assert found.wanted and found.newest
    assert (found.wanted.image_id, found.wanted.age_days, found.wanted.days_behind) == (PRESENT.image_id, 313, 10)
    assert (found.newest.image_id, found.newest.age_days, found.newest_source) == (NEW.image_id, 303, "family")


def test_a_fleet_with_the_newest_image_is_not_behind() -> None:
    found = ages("web", (run(NEW),), replace(KNOWN, wanted_id=NEW.image_id, wanted=NEW), NOW)
    assert (found.behind, found.days_behind) == (0, 0)


def test_an_image_that_is_gone_is_behind_by_its_oldest_instance() -> None:
    found = ages("web", (GONE,), KNOWN, NOW)
    assert (found.behind, found.days_behind) == (2, 15)
    (gone,) = found.running
    assert (gone.gone, gone.name, gone.age_days) == (True, "", 318)
    assert ages("web", (Running("ami-00000000", 2),), KNOWN, NOW).days_behind is None


def test_the_parameters_image_is_the_newest_when_it_is_younger_and_of_the_fleets_architecture() -> None:
    golden = image(40, name="golden", owner_id=ACCOUNT, owner_alias="")
    parameter = Parameter("/golden", 3, golden.image_id)
    found = ages("web", (run(NEW),), replace(KNOWN, parameter=parameter, parameter_image=golden), NOW)
    assert found.newest
    assert (found.newest.image_id, found.newest_source, found.behind) == (golden.image_id, "parameter", 3)
    assert (found.parameter, found.parameter_version, found.parameter_image) == ("/golden", 3, golden.image_id)
    arm = replace(golden, architecture="arm64")
    found = ages("web", (run(NEW),), replace(KNOWN, parameter=parameter, parameter_image=arm), NOW)
    assert found.newest
    assert (found.newest.image_id, found.newest_source, found.behind) == (NEW.image_id, "family", 0)


def test_what_is_deprecated_or_not_available_is_not_the_newest() -> None:
    spent = (image(40, state="pending"), image(41, deprecated_at=NOW))
    found = ages("web", (run(PRESENT),), replace(KNOWN, family=(PRESENT, *spent)), NOW)
    assert found.newest
    assert found.newest.image_id == PRESENT.image_id


def test_where_no_newest_is_known_nobody_is_called_behind() -> None:
    found = ages("web", (run(PRESENT),), Known(note="The launch template names no image."), NOW)
    assert (found.newest, found.wanted, found.behind, found.days_behind) == (None, None, 0, None)
    assert found.row() == {
        "fleet": "web",
        "running": PRESENT.image_id,
        "age_days": 313,
        "wanted": "",
        "newest": "",
        "newest_age_days": None,
        "instances": 3,
        "behind": 0,
        "days_behind": None,
        "note": "The launch template names no image.",
    }


def test_a_line_of_the_list_counts_the_instances_of_each_image() -> None:
    row = ages("web", (run(PRESENT, 3), run(OLD, 2)), KNOWN, NOW).row()
    assert row["running"] == f"{PRESENT.image_id} (3), {OLD.image_id} (2)"
    assert (row["age_days"], row["newest_age_days"], row["behind"], row["days_behind"]) == (323, 303, 5, 20)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=5, unique_by=lambda one: one[0]),
    st.sets(st.integers(0, 50), max_size=5),
)
def test_nobody_is_behind_by_less_than_nothing_and_no_more_than_all_are(
    runs: list[tuple[int, int]], there: set[int]
) -> None:
    running = tuple(run(image(number), count) for number, count in runs)
    found = ages("web", running, replace(KNOWN, family=tuple(image(number) for number in there)), NOW)
    assert 0 <= found.behind <= found.instances == sum(count for _, count in runs)
    assert found.days_behind is None or found.days_behind >= 0
    last = max(there, default=-1)
    assert found.behind == sum(count for number, count in runs if number < last)


class Counting(Shelf):
    """A shelf that counts how often it is asked."""

    calls = 0

    def images(self, image_ids: object) -> Found:
        self.calls += 1
        return super().images(image_ids)  # type: ignore[arg-type]  # It is an iterable.


def by_parameter(name: str) -> ByParameter:
    return ByParameter(f"ssm:{name}", name)


def test_many_fleets_of_one_family_are_read_with_one_call_for_images_and_one_search() -> None:
    shelf = Counting(OLD, PRESENT, NEW)
    fleets = [FleetImages(f"web-{number}", PRESENT.image_id, (Running(OLD.image_id, 1),)) for number in range(20)]
    found = survey(fleets, shelf, NOW)
    assert [one.fleet for one in found] == [one.fleet for one in fleets]
    assert {(one.behind, one.days_behind, one.note) for one in found} == {(1, 20, "")}
    assert (shelf.calls, len(shelf.searched)) == (1, 1)


def test_a_search_that_finds_more_than_the_family_does_not_mislead() -> None:
    shelf = Shelf(PRESENT, image(40, architecture="arm64"), image(41, owner_id=ACCOUNT), image(42, name="other-1"))
    (found,) = survey([FleetImages("web", PRESENT.image_id, (Running(PRESENT.image_id, 3),))], shelf, NOW)
    assert found.newest
    assert (found.newest.image_id, found.behind) == (PRESENT.image_id, 0)


def test_a_parameter_is_read_once_and_what_is_wrong_with_it_is_a_note() -> None:
    shelf = Shelf(PRESENT, NEW, parameters={"/golden": Parameter("/golden", 3, NEW.image_id)})
    fleets = [
        FleetImages("web", PRESENT.image_id, (), by_parameter("/golden")),
        FleetImages("api", PRESENT.image_id, (), by_parameter("/lost")),
    ]
    web, api = survey(fleets, shelf, NOW)
    assert (web.parameter, web.parameter_version, web.newest_source, web.note) == ("/golden", 3, "parameter", "")
    assert (api.parameter, api.note) == ("", "There is no parameter /lost.")


def test_a_fleet_whose_wanted_image_is_gone_or_nameless_says_so() -> None:
    plain = image(5, name="golden")
    fleets = [FleetImages("a", "ami-00000000"), FleetImages("b", ""), FleetImages("c", plain.image_id)]
    notes = [one.note for one in survey(fleets, Shelf(plain), NOW)]
    assert notes == [
        "There is no image ami-00000000 in this region, or not any more.",
        "The launch template names no image.",
        f"The name of {plain} does not tell its successors.",
    ]


def test_days_are_whole_days() -> None:
    later: Image = image(30, created=day(20) + dt.timedelta(days=1, hours=-1))
    assert ages("web", (run(PRESENT),), replace(KNOWN, family=(later,)), NOW).days_behind == 0
