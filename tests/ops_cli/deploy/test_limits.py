"""An account that cannot take what the plan reserves is told before anything is made."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.deploy.limits import LEAST_UNRESERVED, Concurrency, check_concurrency, reservations
from opscore.errors import OpsError


def change(before: int | None, after: int | None, *, kind: str = "aws_lambda_function") -> dict[str, Any]:
    def values(reserved: int | None) -> dict[str, Any] | None:
        return None if reserved is None else {"reserved_concurrent_executions": reserved}

    return {"type": kind, "change": {"before": values(before), "after": values(after)}}


def test_what_a_plan_reserves_is_what_it_adds() -> None:
    changes = [
        change(None, 5),
        change(5, 8),
        change(4, None),
        change(-1, 2),
        change(None, -1),
        change(None, 9, kind="x"),
    ]
    assert reservations({"resource_changes": changes}) == 5 + 3 - 4 + 2
    assert reservations({}) == 0


def test_a_reservation_that_only_the_apply_knows_counts_as_none() -> None:
    assert (
        reservations({"resource_changes": [{"type": "aws_lambda_function", "change": {"before": None, "after": {}}}]})
        == 0
    )


@pytest.mark.parametrize(
    ("quota", "unreserved", "most"), [(10, 10, 0), (50, 50, 0), (100, 100, 0), (1000, 1000, 900), (1000, 120, 20)]
)
def test_lambda_keeps_a_hundred_or_all_that_a_new_account_has(quota: int, unreserved: int, most: int) -> None:
    assert Concurrency(quota, unreserved).reservable == most


def test_the_refusal_says_what_fits_and_how_to_get_more() -> None:
    with pytest.raises(OpsError) as told:
        check_concurrency(5, Concurrency(10, 10))
    assert "can reserve 0: its quota is 10, of which Lambda keeps 10 unreserved" in told.value.message
    assert "reserved_concurrency = null" in told.value.hint
    assert "L-B99A9384" in told.value.hint


@given(st.integers(0, 2000), st.integers(0, 3000), st.integers(0, 3000))
def test_what_is_let_through_is_never_refused_by_lambda(wanted: int, quota: int, reserved: int) -> None:
    found = Concurrency(quota, max(0, quota - reserved))
    try:
        check_concurrency(wanted, found)
    except OpsError:
        return
    assert wanted == 0 or found.unreserved - wanted >= min(LEAST_UNRESERVED, quota)
