"""An account's own parameters: versions, labels, AMI aliases, and the event of each change."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.fleet.fleet_account import Fleet, Listener, unique

OLD, NEW = IMAGES[1].image_id, IMAGES[2].image_id
NOBODYS = "ami-0123456789abcdeff"


@pytest.fixture
def ssm(fleet: Fleet) -> Any:
    """A client of the account's parameters."""
    return fleet.account.client("ssm")


@pytest.fixture
def listener(fleet: Fleet) -> Listener:
    """Who hears of every change."""
    return fleet.listen(source=["aws.ssm"], detail_type=["Parameter Store Change"])


def _put(ssm: Any, name: str, value: str, **more: Any) -> int:
    answer = ssm.put_parameter(**{"Name": name, "Value": value, "Type": "String", "Overwrite": True, **more})
    return int(answer["Version"])


def test_versions_and_labels_are_kept_and_found(ssm: Any) -> None:
    name = f"/{unique('golden')}"
    assert [_put(ssm, name, value) for value in ("a", "b", "c")] == [1, 2, 3]
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["stable"])
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["stable", "canary"])
    history = ssm.get_parameter_history(Name=name)["Parameters"]
    assert [(one["Version"], one["Value"], sorted(one["Labels"])) for one in history] == [
        (1, "a", []),
        (2, "b", ["canary", "stable"]),
        (3, "c", []),
    ]
    found = [ssm.get_parameter(Name=f"{name}{selector}")["Parameter"] for selector in ("", ":1", ":stable")]
    assert [(one["Version"], one["Value"]) for one in found] == [(3, "c"), (1, "a"), (2, "b")]


def test_a_label_that_breaks_the_rules_is_given_back_and_the_others_are_attached(ssm: Any) -> None:
    name = f"/{unique('golden')}"
    _put(ssm, name, "a")
    bad = ["1st", "awsome", "SSM-one", "with space"]
    answer = ssm.label_parameter_version(Name=name, Labels=["good.one", *bad])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == (bad, 1)
    assert ssm.get_parameter_history(Name=name)["Parameters"][0]["Labels"] == ["good.one"]
    ssm.label_parameter_version(Name=name, Labels=[f"label-{number}" for number in range(9)])
    with pytest.raises(ClientError, match="ParameterVersionLabelLimitExceeded"):
        ssm.label_parameter_version(Name=name, Labels=["one-more"])


def test_every_change_is_an_event(ssm: Any, listener: Listener) -> None:
    name = f"/{unique('golden')}"
    _put(ssm, name, "a", Description="which image")
    event = listener.awaited(name=name)
    assert event["detail"] == {"operation": "Create", "name": name, "type": "String", "description": "which image"}
    assert event["resources"] == [f"arn:aws:ssm:eu-west-1:000000000000:parameter{name}"]
    _put(ssm, name, "b")
    ssm.label_parameter_version(Name=name, Labels=["stable"])
    ssm.delete_parameter(Name=name)
    listener.awaited(name=name, operation="Delete")
    found = [(one["detail"]["operation"], one["detail"].get("label")) for one in listener.seen]
    assert found == [("Create", None), ("Update", None), ("LabelParameterVersion", "stable"), ("Delete", None)]


def test_several_that_are_deleted_are_an_event_each_and_one_that_is_not_there_is_none(
    ssm: Any, listener: Listener
) -> None:
    names = [f"/{unique('golden')}" for _ in range(2)]
    for name in names:
        _put(ssm, name, "a")
    ssm.delete_parameters(Names=[*names, "/nobodys"])
    for name in names:
        listener.awaited(name=name, operation="Delete")
    assert "/nobodys" not in {one["detail"]["name"] for one in listener.seen}


def test_an_alias_of_no_image_is_not_written_and_only_the_event_says_so(ssm: Any, listener: Listener) -> None:
    name = f"/{unique('golden')}"
    assert _put(ssm, name, NOBODYS, DataType="aws:ec2:image") == 1
    assert listener.awaited(name=name)["detail"] == {
        "exception": "Unable to Describe Resource",
        "dataType": "aws:ec2:image",
        "name": name,
        "type": "String",
        "operation": "Create",
    }
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_an_update_to_no_image_leaves_the_alias_as_it_is(ssm: Any, listener: Listener) -> None:
    name = f"/{unique('golden')}"
    _put(ssm, name, OLD, DataType="aws:ec2:image")
    _put(ssm, name, "no image at all", DataType="aws:ec2:image")
    assert listener.awaited(name=name, operation="Update")["detail"]["exception"] == "Unable to Describe Resource"
    found = ssm.get_parameter(Name=name)["Parameter"]
    assert (found["Value"], found["Version"], found["DataType"]) == (OLD, 1, "aws:ec2:image")
    assert _put(ssm, name, NEW, DataType="aws:ec2:image") == 2
    assert [one["Value"] for one in ssm.get_parameter_history(Name=name)["Parameters"]] == [OLD, NEW]


def test_a_data_type_that_there_is_not_is_refused(ssm: Any) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*aws:ec2:instance"):
        _put(ssm, f"/{unique('golden')}", "i-1", DataType="aws:ec2:instance")
