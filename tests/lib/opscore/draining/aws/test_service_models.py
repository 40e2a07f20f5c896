"""A botocore that is older than the instance lifecycle policy sends it and reads it."""

import copy
from collections.abc import Callable
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from opscore.draining.aws.service_models import new_session

ADDED = ("InstanceLifecyclePolicy", "RetentionTriggers", "RetentionAction")
Load = Callable[..., dict[str, Any]]


@pytest.fixture
def old_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed release with its model of Auto Scaling as it was before."""
    load_data: Load = botocore.loaders.Loader.load_data

    def without(loader: botocore.loaders.Loader, name: str) -> dict[str, Any]:
        model = load_data(loader, name)
        if name.endswith("service-2") and "autoscaling" in name:
            model = copy.deepcopy(model)
            for shape in ADDED:
                model["shapes"].pop(shape, None)
            for shape in model["shapes"].values():
                shape.get("members", {}).pop("InstanceLifecyclePolicy", None)
        return model

    monkeypatch.setattr(botocore.loaders.Loader, "load_data", without)


def model_of(session: Any) -> ServiceModel:
    return ServiceModel(session.get_component("data_loader").load_service_model("autoscaling", "service-2"))


def members(model: ServiceModel, shape: str) -> list[str]:
    return list(getattr(model.shape_for(shape), "members", ()))


def body(model: ServiceModel) -> dict[str, str]:
    operation = model.operation_model("UpdateAutoScalingGroup")
    policy = {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
    wanted = {"AutoScalingGroupName": "web", "InstanceLifecyclePolicy": policy}
    request: dict[str, Any] = create_serializer("query", True).serialize_to_request(wanted, operation)
    found: dict[str, str] = request["body"]
    return found


@pytest.mark.usefixtures("old_botocore")
def test_an_old_release_does_not_know_the_policy_by_itself() -> None:
    model = model_of(botocore.session.Session())
    assert "InstanceLifecyclePolicy" not in members(model, "UpdateAutoScalingGroupType")


@pytest.mark.usefixtures("old_botocore")
def test_an_old_release_sends_and_reads_the_policy_with_our_models() -> None:
    model = model_of(new_session())
    assert body(model)["InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon"] == "retain"
    assert "InstanceLifecyclePolicy" in members(model, "AutoScalingGroup")
    assert members(model, "RetentionTriggers") == ["TerminateHookAbandon"]


def test_a_release_that_knows_the_policy_is_left_as_it_is() -> None:
    known, with_ours = model_of(botocore.session.Session()), model_of(new_session())
    assert body(with_ours) == body(known)
    for name in ("AutoScalingGroup", "UpdateAutoScalingGroupType", *ADDED):
        assert members(with_ours, name) == members(known, name)
