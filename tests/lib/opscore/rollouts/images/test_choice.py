"""Which image a reference means: always the same one, never of another kind, never an older one unless told."""

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opscore.errors import NotFound, OpsError
from opscore.rollouts.images import family
from opscore.rollouts.images.catalogue import Parameter
from opscore.rollouts.images.choice import choose
from opscore.rollouts.images.fleet_facts import FleetFacts, Running
from opscore.rollouts.images.image import Image, Source
from opscore.rollouts.images.reference import read
from tests.lib.opscore.rollouts.images.made_up import (
    ACCOUNT,
    AMAZONS,
    LARGE,
    NOW,
    STRANGER,
    Shelf,
    day,
    fleet,
    image,
    run,
)

OLD, PRESENT, NEW = image(10), image(20), image(30)


def chosen(typed: str, shelf: Shelf, facts: FleetFacts, *, allow_older: bool = False) -> Image:
    return choose(read(typed), facts, shelf, NOW, allow_older=allow_older)


def test_latest_is_the_newest_of_the_family_and_says_what_it_searched() -> None:
    shelf = Shelf(OLD, NEW, PRESENT)
    found = chosen("latest", shelf, fleet(PRESENT))
    assert found.image_id == NEW.image_id
    pattern = "al2023-ami-ecs-hvm-*-kernel-6.1-x86_64"
    assert shelf.searched == [(AMAZONS, pattern, "x86_64")]
    assert found.source == Source(
        "latest", "latest", image_id=NEW.image_id, pattern=pattern, owner=AMAZONS, architecture="x86_64"
    )


def test_latest_is_what_runs_already_when_nothing_is_newer() -> None:
    assert chosen("latest", Shelf(OLD, PRESENT), fleet(PRESENT)).image_id == PRESENT.image_id


@pytest.mark.parametrize(
    "other",
    [
        image(40, architecture="arm64"),
        image(40, owner_id=STRANGER, owner_alias=""),
        image(40, state="pending"),
        image(40, state="disabled"),
        image(40, deprecated_at=NOW),
        image(40, created=None),
        image(40, name="al2023-ami-ecs-hvm-2023.0.20260210-kernel-6.12-x86_64"),
        image(40, name="al2023-ami-ecs-hvm-2023.0.20260210-gpu-kernel-6.1-x86_64"),
    ],
)
def test_latest_passes_over_what_is_of_another_kind_or_not_to_be_launched(other: Image) -> None:
    assert chosen("latest", Shelf(NEW, other), fleet(PRESENT)).image_id == NEW.image_id


def test_latest_with_a_name_keeps_the_owner_and_with_an_owner_keeps_the_family() -> None:
    golden = image(40, name="golden-7", owner_id=ACCOUNT, owner_alias="")
    copied = image(50, name=NEW.name, owner_id=ACCOUNT, owner_alias="")
    shelf = Shelf(NEW, golden, copied)
    assert chosen("latest:name=golden-*,owner=self", shelf, fleet(PRESENT)).image_id == golden.image_id
    assert chosen("latest:owner=self", shelf, fleet(PRESENT)).image_id == copied.image_id
    assert chosen("latest:owner=amazon", shelf, fleet(PRESENT)).image_id == NEW.image_id
    with pytest.raises(NotFound, match=r"no x86_64 image of 591542846629 named golden-\*"):
        chosen("latest:name=golden-*", shelf, fleet(PRESENT))
    assert [owner for owner, _, _ in shelf.searched] == ["self", "self", "amazon", AMAZONS]


def test_an_image_that_calls_itself_amazons_is_not_amazons() -> None:
    forged = image(40, owner_id=STRANGER, owner_alias="")
    assert chosen("latest:owner=amazon", Shelf(NEW, forged), fleet(PRESENT)).image_id == NEW.image_id


def test_latest_does_not_go_back_unless_told() -> None:
    shelf, facts = Shelf(OLD), fleet(PRESENT)
    with pytest.raises(OpsError, match=f"may be older than {PRESENT.image_id}, which web has") as refused:
        chosen("latest", shelf, facts)
    assert "by its id" in refused.value.hint
    assert chosen("latest", shelf, facts, allow_older=True).image_id == OLD.image_id


def test_an_instance_with_a_newer_image_counts_although_the_template_has_an_older_one() -> None:
    with pytest.raises(OpsError, match=NEW.image_id):
        chosen("latest", Shelf(PRESENT), fleet(PRESENT, runs=[run(PRESENT), run(NEW, 1)]))


def test_an_image_that_is_gone_is_older_than_the_instances_that_run_it() -> None:
    gone = Running("ami-00000000", 1, day(25))
    assert chosen("latest", Shelf(NEW), fleet(PRESENT, runs=[gone])).image_id == NEW.image_id
    with pytest.raises(OpsError, match="may be older than ami-00000000"):
        chosen("latest", Shelf(PRESENT), fleet(PRESENT, runs=[gone]))
    with pytest.raises(OpsError, match="is not known"):
        chosen("latest", Shelf(NEW), fleet(PRESENT, runs=[Running("ami-00000000", 1)]))


def test_latest_needs_something_to_compare_with() -> None:
    nobody = fleet(None, present_id="ami-00000000", runs=[])
    with pytest.raises(OpsError, match="The present image of the fleet web, ami-00000000, is not there"):
        chosen("latest", Shelf(NEW), nobody)
    with pytest.raises(OpsError, match="architecture the fleet web runs is not known"):
        chosen("latest", Shelf(NEW), fleet(None, types={}))
    with pytest.raises(OpsError, match="no date and no version"):
        chosen("latest", Shelf(NEW), fleet(image(1, name="golden")))


def test_a_fleet_whose_image_is_gone_still_has_the_architecture_of_its_types() -> None:
    empty = fleet(None, present_id="", runs=[])
    arm = image(40, architecture="arm64", name="web-41", owner_id=ACCOUNT, owner_alias="")
    mine = image(30, name="web-40", owner_id=ACCOUNT, owner_alias="")
    assert chosen("latest:name=web-*,owner=self", Shelf(mine, arm), empty).image_id == mine.image_id
    assert empty.types["m6i.large"] is LARGE


def test_an_id_is_that_image_whatever_its_age() -> None:
    found = chosen(OLD.image_id, Shelf(OLD, NEW), fleet(PRESENT))
    assert (found.image_id, found.source) == (OLD.image_id, Source("id", OLD.image_id, image_id=OLD.image_id))


def test_an_id_that_is_not_there_is_a_sentence_with_what_to_do() -> None:
    with pytest.raises(NotFound, match="There is no image ami-00000000 in this region") as refused:
        chosen("ami-00000000", Shelf(), fleet(PRESENT))
    assert refused.value.hint


def test_a_parameter_is_read_once_and_recorded() -> None:
    shelf = Shelf(NEW, parameters={"/golden:live": Parameter("/golden", 7, NEW.image_id)})
    found = chosen("ssm:/golden:live", shelf, fleet(PRESENT))
    assert found.source == Source(
        "parameter", "ssm:/golden:live", parameter="/golden", version=7, image_id=NEW.image_id
    )


def test_a_parameter_that_names_a_missing_image_is_said_with_its_version() -> None:
    shelf = Shelf(parameters={"/golden": Parameter("/golden", 7, "ami-00000000")})
    with pytest.raises(NotFound, match="The parameter /golden names it in version 7"):
        chosen("ssm:/golden", shelf, fleet(PRESENT))


def some_image(number: int, hour: int, owner: str, architecture: str, name: str, state: str, *, old: bool) -> Image:
    made = day(number) + dt.timedelta(hours=hour)
    alias = "amazon" if owner == AMAZONS else ""
    return image(
        number,
        image_id=f"ami-{number * 24 + hour:08x}",
        created=made,
        name=name.format(made),
        owner_id=owner,
        owner_alias=alias,
        architecture=architecture,
        state=state,
        deprecated_at=NOW if old else None,
    )


NAMES = (
    "al2023-ami-ecs-hvm-2023.0.{:%Y%m%d}-kernel-6.1-x86_64",
    "al2023-ami-ecs-hvm-2023.0.{:%Y%m%d}-kernel-6.1-x86_64-gpu",
    "web-{:%Y%m%d}",
    "web-extra-{:%Y%m%d}",
)
made_images = st.builds(
    some_image,
    st.integers(0, 40),
    st.integers(0, 2),
    st.sampled_from([AMAZONS, ACCOUNT, STRANGER]),
    st.sampled_from(["x86_64", "arm64"]),
    st.sampled_from(NAMES),
    st.sampled_from(["available", "available", "disabled"]),
    old=st.sampled_from([False, False, True]),
)
shelves = st.lists(made_images, min_size=1, max_size=12, unique_by=lambda one: one.image_id)
references = st.sampled_from(["latest", "latest:owner=self", "latest:owner=amazon", "latest:name=web-*", "ssm:/golden"])


def attempt(typed: str, shelf: Shelf, facts: FleetFacts, *, allow_older: bool = False) -> Image | str:
    try:
        return chosen(typed, shelf, facts, allow_older=allow_older)
    except OpsError as refused:
        return refused.message


@given(shelves, made_images, references, st.randoms(), st.booleans())
def test_the_same_reference_twice_gives_the_same_image(
    images: list[Image], present: Image, typed: str, random: object, allow_older: bool
) -> None:
    parameters = {"/golden": Parameter("/golden", 1, images[0].image_id)}
    shuffled = list(images)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # It is a random.Random, which hypothesis does not say.
    first, second = (
        attempt(typed, Shelf(*order, parameters=parameters), fleet(present), allow_older=allow_older)
        for order in (images, shuffled)
    )
    assert first == second


@given(shelves, made_images, st.booleans())
def test_latest_is_never_of_another_owner_architecture_or_family_and_never_out_of_use(
    images: list[Image], present: Image, allow_older: bool
) -> None:
    found = attempt("latest", Shelf(*images, present), fleet(present), allow_older=allow_older)
    assume(isinstance(found, Image))
    assert isinstance(found, Image)
    assert family.of(found) == family.of(present)
    assert (found.state, found.is_deprecated(NOW)) == ("available", False)


@given(shelves, made_images, st.lists(made_images, max_size=3), st.sampled_from(["latest", "latest:owner=self"]))
def test_latest_is_never_older_than_anything_the_fleet_has_unless_told(
    images: list[Image], present: Image, runs: list[Image], typed: str
) -> None:
    facts = fleet(present, runs=[run(one) for one in runs])
    found = attempt(typed, Shelf(*images), facts)
    told = attempt(typed, Shelf(*images), facts, allow_older=True)
    if isinstance(found, Image):
        assert found.created
        assert all(one.created <= found.created for one in (present, *runs) if one.created)
        assert told == found


@given(shelves, made_images)
def test_a_newer_image_is_taken_if_there_is_one_of_the_family(images: list[Image], present: Image) -> None:
    usable = [one for one in images if family.of(present).holds(one) and one.state == "available"]
    newer = [one.created for one in usable if not one.deprecated_at and one.created and one.created >= day(0)]
    found = attempt("latest", Shelf(*images), fleet(present), allow_older=True)
    if newer:
        assert isinstance(found, Image)
        assert found.created == max(newer)
    else:
        assert isinstance(found, str)
