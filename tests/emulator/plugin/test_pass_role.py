"""A role is handed to a service by who may pass it, and by nobody else."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import Account, zipped
from tests.emulator.plugin.test_authorization import allowed

ROLE = "arn:aws:iam::000000000000:role/handed-over"
OTHER = "arn:aws:iam::000000000000:role/another"
MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
CONTAINERS = [{"name": "main", "image": "nginx", "memory": 64}]


@pytest.fixture(scope="module", autouse=True)
def _roles(account: Account) -> None:
    iam = account.client("iam")
    for arn in (ROLE, OTHER):
        name = arn.rsplit("/", 1)[-1]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    account.client("ecs").create_cluster(clusterName="default")
    account.client("ecs").register_task_definition(family="t", containerDefinitions=CONTAINERS, taskRoleArn=ROLE)
    account.client("ec2").create_launch_template(
        LaunchTemplateName="with-profile",
        LaunchTemplateData={"ImageId": IMAGES[0].image_id, "IamInstanceProfile": {"Name": "handed-over"}},
    )


def _function(client: Any) -> Any:
    code = {"ZipFile": zipped(function="def handle(event, context): return event")}
    return client.create_function(
        FunctionName="f", Handler="function.handle", Code=code, Role=ROLE, Runtime="python3.13"
    )


def _schedule(client: Any) -> Any:
    target = {"Arn": "arn:aws:sqs:eu-west-1:000000000000:none", "RoleArn": ROLE}
    at = "at(2099-01-01T00:00:00)"
    return client.create_schedule(Name="s", ScheduleExpression=at, FlexibleTimeWindow={"Mode": "OFF"}, Target=target)


def _task(client: Any) -> Any:
    with contextlib.suppress(client.exceptions.InvalidParameterException):  # there is no host
        client.run_task(taskDefinition="t", launchType="EC2")


def _group(client: Any) -> Any:
    template = {"LaunchTemplateName": "with-profile", "Version": "1"}
    return client.create_auto_scaling_group(
        AutoScalingGroupName="g", MinSize=0, MaxSize=0, AvailabilityZones=["eu-west-1a"], LaunchTemplate=template
    )


CALLS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "CreateFunction": ("lambda", "lambda", _function),
    "UpdateFunctionConfiguration": (
        "lambda",
        "lambda",
        lambda client: client.update_function_configuration(FunctionName="f", Role=ROLE),
    ),
    "RegisterTaskDefinition": (
        "ecs",
        "ecs-tasks",
        lambda client: client.register_task_definition(family="u", containerDefinitions=CONTAINERS, taskRoleArn=ROLE),
    ),
    "RunTask": ("ecs", "ecs-tasks", _task),
    "CreateStateMachine": (
        "stepfunctions",
        "states",
        lambda client: client.create_state_machine(name="m", definition=MACHINE, roleArn=ROLE),
    ),
    "CreateSchedule": ("scheduler", "scheduler", _schedule),
    "RunInstances": (
        "ec2",
        "ec2",
        lambda client: client.run_instances(
            ImageId=IMAGES[0].image_id, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "handed-over"}
        ),
    ),
    "CreateAutoScalingGroup": ("autoscaling", "ec2", _group),
}


@pytest.mark.parametrize("action", CALLS)
def test_a_role_is_handed_over_only_by_who_may_pass_it_to_that_service(account: Account, action: str) -> None:
    service, to, call = CALLS[action]
    prefix = {"stepfunctions": "states"}.get(service, service)
    itself = {"Effect": "Allow", "Action": f"{prefix}:{action}", "Resource": "*"}

    def passing(role: str, principal: str) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:PassedToService": f"{principal}.amazonaws.com"}}
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": condition}

    for more in ([], [passing(OTHER, to)], [passing(ROLE, "glue")]):
        with pytest.raises(ClientError, match=f"iam:PassRole on resource: {ROLE} ") as refused:
            call(allowed(account, service, itself, *more))
        code = refused.value.response["Error"]["Code"]
        assert code == ("UnauthorizedOperation" if service == "ec2" else code)
        assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
    call(allowed(account, service, itself, passing(ROLE, to)))


def test_a_request_that_hands_over_no_role_needs_no_permission_to_pass_one(account: Account) -> None:
    itself = {"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
    allowed(account, "ecs", itself).register_task_definition(family="v", containerDefinitions=CONTAINERS)
