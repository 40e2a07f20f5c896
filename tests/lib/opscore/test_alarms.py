from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.alarms import StackNames, of_stack, owner

TEST = StackNames("opsctl", "test", frozenset({"opsctl-test-report", "opsctl-test-reports", "opsctl-test-eu"}))


def alarm(name: str, state: str = "OK", **dimensions: str) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:{name}",
        "StateValue": state,
        "MetricName": "m",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


class Refused(Exception):
    response: Mapping[str, Any] = {"Error": {"Code": "AccessDenied", "Message": "no"}}


class FakeCloudWatch:
    """Alarms by prefix in pages of two, and their tags."""

    def __init__(self, alarms: Sequence[dict[str, Any]], tags: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.alarms, self.tags = list(alarms), tags
        self.asked: list[str] = []

    def get_paginator(self, _operation: str) -> "FakeCloudWatch":
        return self

    def paginate(self, AlarmNamePrefix: str, AlarmTypes: Sequence[str]) -> Any:  # noqa: N803 - AWS's names
        found = [alarm for alarm in self.alarms if alarm["AlarmName"].startswith(AlarmNamePrefix)]
        for first in range(0, len(found), 2):
            yield {"MetricAlarms": found[first : first + 2]}

    def list_tags_for_resource(self, ResourceARN: str) -> Any:  # noqa: N803
        self.asked.append(ResourceARN)
        if self.tags is None:
            raise Refused
        tags = self.tags.get(ResourceARN.removeprefix("arn:"), {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def own(cloudwatch: Any, stack: StackNames = TEST) -> dict[str, str]:
    return {state.alarm: state.owner for state in of_stack(cloudwatch, stack).own}


def test_an_alarm_is_about_the_resource_that_its_metric_is_of() -> None:
    assert owner(alarm("opsctl-test-report-errors", FunctionName="opsctl-test-report"), TEST) == "opsctl-test-report"
    assert owner(alarm("any-name", QueueName="opsctl-test-reports"), TEST) == "opsctl-test-reports"
    stat = {"MetricStat": {"Metric": {"Dimensions": [{"Name": "FunctionName", "Value": "opsctl-test-report"}]}}}
    assert owner({**alarm("rate"), "Metrics": [{"Expression": "a/b"}, stat]}, TEST) == "opsctl-test-report"


def test_an_alarm_on_our_own_metric_is_about_the_longest_name_that_fits() -> None:
    assert owner(alarm("opsctl-test-reports-stuck", Stack="opsctl-test"), TEST) == "opsctl-test-reports"
    assert owner(alarm("opsctl-test-other-stuck", Stack="opsctl-test"), TEST) == ""
    assert owner(alarm("opsctl-test-eu-report-stuck", Stack="opsctl-test-eu"), TEST) is None


def test_a_name_that_begins_alike_says_nothing() -> None:
    # The function opsctl-test-eu is this stack's, opsctl-test-eu-report is that of the environment test-eu.
    named = [
        alarm("opsctl-test-eu-report-errors", FunctionName="opsctl-test-eu-report"),
        alarm("opsctl-test-eu-errors"),
    ]
    assert [owner(one, TEST) for one in named] == [None, None]


def test_an_alarm_of_an_unknown_resource_is_shown_when_it_rings_and_its_tags_say_that_it_is_ours() -> None:
    names = [f"opsctl-test-{name}" for name in ("new-errors", "eu-new-errors", "quiet-errors")]
    tags = {
        names[0]: {"project": "opsctl", "environment": "test"},
        names[1]: {"project": "opsctl", "environment": "test-eu"},
        names[2]: {"project": "opsctl", "environment": "test"},
    }
    cloudwatch = FakeCloudWatch([alarm(names[0], "ALARM"), alarm(names[1], "ALARM"), alarm(names[2])], tags)
    assert own(cloudwatch) == {names[0]: ""}
    assert sorted(cloudwatch.asked) == [f"arn:{names[1]}", f"arn:{names[0]}"]


def test_tags_that_may_not_be_read_hide_no_other_alarm() -> None:
    known = alarm("opsctl-test-report-errors", "ALARM", FunctionName="opsctl-test-report")
    cloudwatch: Any = FakeCloudWatch([known, alarm("opsctl-test-new-errors", "ALARM")])
    found = of_stack(cloudwatch, TEST)
    assert [state.alarm for state in found.own] == ["opsctl-test-report-errors"]
    assert found.unseen is not None
    assert found.unseen.why == "AccessDenied: no"


def test_alarms_that_may_not_be_listed_are_unseen_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch: Any = FakeCloudWatch([])

    def refuse(**_request: Any) -> Any:
        raise Refused

    monkeypatch.setattr(cloudwatch, "paginate", refuse)
    found = of_stack(cloudwatch, TEST)
    assert (found.own, found.unseen is not None) == ([], True)


words = st.lists(st.sampled_from(["eu", "report", "test", "errors"]), min_size=1, max_size=3).map("-".join)


@given(st.lists(st.tuples(words, st.frozensets(words, max_size=3)), min_size=2, max_size=4), st.booleans())
def test_every_ringing_alarm_is_shown_in_its_own_environment_and_in_no_other(
    environments: list[tuple[str, frozenset[str]]], is_known: bool
) -> None:
    """Alarms are named as our modules name them; two resources of one account never have one name."""
    taken: dict[str, str] = {}
    for environment, roles in environments:
        for role in roles:
            taken.setdefault(f"opsctl-{environment}-{role}", environment)
    alarms = [alarm(f"{name}-errors", "ALARM", FunctionName=name) for name in taken]
    tags = {f"{name}-errors": {"project": "opsctl", "environment": environment} for name, environment in taken.items()}
    cloudwatch = FakeCloudWatch(alarms, tags)
    for environment, _roles in environments:
        names = frozenset(name for name, owned_by in taken.items() if owned_by == environment)
        stack = StackNames("opsctl", environment, names if is_known else frozenset())
        assert set(own(cloudwatch, stack)) == {f"{name}-errors" for name in names}
