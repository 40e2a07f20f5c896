"""IAM: whoever hands a role to a service needs `iam:PassRole` on it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
https://docs.aws.amazon.com/lambda/latest/dg/access-control-identity-based.html (functions)
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html (the roles of a task that is run)
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html (state machines)
https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html (schedules)
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html (instance profiles)
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html (groups)

The condition key `iam:PassedToService` is the service that gets the role. Not modelled: the roles of EventBridge's
targets, of lifecycle hooks, of pipes, and what one service passes to another on a caller's behalf.
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import autoscaling, ecs, iam

from emulated_aws import launch_template_records
from emulated_aws.replacement import replace

PERMISSION = "iam:PassRole"
Passed = tuple[tuple[str, str], ...]
Finder = Callable[[Mapping[str, Any]], list[Any]]
"""The roles, by name or ARN, that a request hands over; some may be None."""

_passed: ContextVar[tuple[str, Passed]] = ContextVar("passed", default=("", ()))
_refused: ContextVar[str] = ContextVar("refused", default="")


def install() -> None:
    """Look for roles in each request, and ask for the permission once the request itself is allowed."""
    replace(iam_actions, "extract_iam_action", _noting_roles)
    replace(iam_evaluator, "enforce", _asking)
    replace(iam_actions, "access_denied_response", _naming_the_role)


def _noting_roles(stock: Any) -> Any:
    def extract(service: str, method: str, path: str, headers: Any, body: bytes, params: Any) -> str | None:
        found: str | None = stock(service, method, path, headers, body, params)
        _passed.set((found or "", passed(found or "", body, params)))
        return found

    return extract


def passed(action: str, body: bytes, params: Mapping[str, Any]) -> Passed:
    """Return the ARNs of the roles that a request hands over, each with the service that gets it."""
    finder, to = ROLES.get(action, (None, ""))
    if finder is None:
        return ()
    try:
        found = finder(params if action.startswith(("ec2:", "autoscaling:")) else json.loads(body or b"{}"))
    except (ValueError, AttributeError, KeyError):
        return ()  # The operation itself says what is wrong with the request.
    return tuple((_arn(str(role)), to) for role in found if role)


def _arn(role: str) -> str:
    return role if role.startswith("arn:") else f"arn:aws:iam::{get_account_id()}:role/{role}"


def _of_task(given: Mapping[str, Any]) -> list[Any]:
    return [given.get("taskRoleArn"), given.get("executionRoleArn")]


def _of_run_task(given: Mapping[str, Any]) -> list[Any]:
    definition = ecs._task_defs.get(ecs._resolve_td_key(str(given.get("taskDefinition", "")))) or {}
    overrides = given.get("overrides") or {}
    return [overrides.get(name) or definition.get(name) for name in ("taskRoleArn", "executionRoleArn")]


def _of_run_instances(params: Mapping[str, Any]) -> list[Any]:
    profile = autoscaling._parse_nested(params, "IamInstanceProfile")
    template = autoscaling._parse_nested(params, "LaunchTemplate")
    return _of_profile(profile or _template_profile(template))


def _of_group(params: Mapping[str, Any]) -> list[Any]:
    mixed = autoscaling._parse_nested(params, "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification")
    return _of_profile(_template_profile(autoscaling._parse_nested(params, "LaunchTemplate") or mixed))


def _template_profile(ref: Mapping[str, Any]) -> Any:
    template = launch_template_records.find(ref) if ref else None
    version = launch_template_records.version(template, str(ref.get("Version") or "$Default")) if template else None
    return version["LaunchTemplateData"].get("IamInstanceProfile") if version else None


def _of_profile(given: Any) -> list[Any]:
    """Return the roles in an instance profile, which is named or given by its ARN."""
    named = given if isinstance(given, str) else (given or {}).get("Arn") or (given or {}).get("Name") or ""
    profile = iam._instance_profiles.get(named.rsplit("/", 1)[-1]) or {}
    return [role.get("Arn") if isinstance(role, Mapping) else role for role in profile.get("Roles") or ()]


ROLES: Mapping[str, tuple[Finder, str]] = {
    "lambda:CreateFunction": (lambda given: [given.get("Role")], "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": (lambda given: [given.get("Role")], "lambda.amazonaws.com"),
    "ecs:RegisterTaskDefinition": (_of_task, "ecs-tasks.amazonaws.com"),
    "ecs:RunTask": (_of_run_task, "ecs-tasks.amazonaws.com"),
    "ecs:StartTask": (_of_run_task, "ecs-tasks.amazonaws.com"),
    "states:CreateStateMachine": (lambda given: [given.get("roleArn")], "states.amazonaws.com"),
    "states:UpdateStateMachine": (lambda given: [given.get("roleArn")], "states.amazonaws.com"),
    "scheduler:CreateSchedule": (lambda given: [given["Target"].get("RoleArn")], "scheduler.amazonaws.com"),
    "scheduler:UpdateSchedule": (lambda given: [given["Target"].get("RoleArn")], "scheduler.amazonaws.com"),
    "ec2:RunInstances": (_of_run_instances, "ec2.amazonaws.com"),
    "autoscaling:CreateAutoScalingGroup": (_of_group, "ec2.amazonaws.com"),
    "autoscaling:UpdateAutoScalingGroup": (_of_group, "ec2.amazonaws.com"),
}


def _asking(stock: Any) -> Any:
    def enforce(access_key_id: str, iam_action: str, service: str, region: str, *more: Any, **named: Any) -> Any:
        denied = stock(access_key_id, iam_action, service, region, *more, **named)
        action, roles = _passed.get()
        _refused.set("")
        if denied or action != iam_action:
            return denied
        _passed.set(("", ()))
        for role, to in roles:
            context = {"iam:PassedToService": to}
            denied = stock(access_key_id, PERMISSION, "iam", region, resource_arn=role, service_context=context)
            if denied:
                _refused.set(role)
                return denied
        return None

    return enforce


def _naming_the_role(stock: Any) -> Any:
    def respond(service: str, action: str, principal_arn: str, request_id: str, **named: Any) -> Any:
        if role := _refused.get():
            _refused.set("")
            explicit = bool(named.get("explicit_deny"))
            message = iam_actions.identity_denial_message(PERMISSION, principal_arn, role, explicit)
            named = {**named, "message": message, "resource_arn": role}
            action = PERMISSION
        return stock(service, action, principal_arn, request_id, **named)

    return respond
