"""The instance refresh operations.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CancelInstanceRefresh.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RollbackInstanceRefresh.html

The strategy ReplaceRootVolume is refused. A refresh without a desired configuration, or with one that says $Latest or
$Default, cannot be rolled back, as on AWS.
"""

import math
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid

from emulated_aws.fleet import clock
from emulated_aws.fleet.autoscaling import members, refreshes
from emulated_aws.fleet.autoscaling.group_api import require
from emulated_aws.fleet.autoscaling.members import Group
from emulated_aws.fleet.ec2 import launch_templates
from emulated_aws.fleet.protocol import Query, page, timestamp
from emulated_aws.fleet.refusals import Refused

CHOICES = {
    "ScaleInProtectedInstances": ("Refresh", "Ignore", "Wait"),
    "StandbyInstances": ("Terminate", "Ignore", "Wait"),
}
LONGEST_WAIT = 172_800
"""The most seconds of a checkpoint's delay and of the bake time (API_RefreshPreferences.html)."""
MOST_ALARMS = 10
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AlarmSpecification.html"""
LARGEST_PAGE = 100
KEPT = 100


def start(query: Query) -> dict[str, Any]:
    """StartInstanceRefresh."""
    group = require(query)
    if refreshes.active(group):
        message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        raise Refused("InstanceRefreshInProgress", message)
    if query.text("Strategy", "Rolling") != "Rolling":
        raise Refused("ValidationError", f"The sandbox does not model the strategy {query.text('Strategy')}.")
    preferences, wanted = query.tree("Preferences") or {}, _desired(query.tree("DesiredConfiguration") or {})
    refresh = {**_visible(group, preferences, wanted), **_own(group, preferences)}
    if refresh["_auto_rollback"]:
        _check_reversible(group, wanted)
    if wanted:
        group["_desired_configuration"] = wanted
    recipe = members.recipe_of(group)
    if refresh["_skip"]:
        refresh["_matching"] = sum(recipe.is_of(one) and members.counts(one) for one in group["Instances"])
    group.setdefault("InstanceRefreshes", []).insert(0, refresh)
    del group["InstanceRefreshes"][KEPT:]
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def _desired(given: Mapping[str, Any]) -> dict[str, Any]:
    wanted = dict(given)
    if "LaunchTemplate" in wanted:
        wanted["LaunchTemplate"] = launch_templates.specification(wanted["LaunchTemplate"])
        wanted["MixedInstancesPolicy"] = None
    elif mixed := wanted.get("MixedInstancesPolicy"):
        launch_templates.check_overrides(mixed)
        launch_templates.resolve((mixed.get("LaunchTemplate") or {}).get("LaunchTemplateSpecification") or {})
    return wanted


def _visible(group: Group, preferences: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"MinHealthyPercentage": "90", "SkipMatching": "false", "AutoRollback": "false", **preferences}
    return {
        "InstanceRefreshId": new_uuid(),
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "Status": "Pending",
        "StatusReason": None,
        "StartTime": timestamp(clock.now()),
        "EndTime": None,
        "PercentageComplete": 0,
        "InstancesToUpdate": len(members.counting(group)),
        "Preferences": shown,
        "DesiredConfiguration": {name: value for name, value in wanted.items() if value} or None,
    }


def _own(group: Group, preferences: Mapping[str, Any]) -> dict[str, Any]:
    policy = group.get("InstanceMaintenancePolicy") or {}
    minimum = _percent(preferences, "MinHealthyPercentage", policy.get("MinHealthyPercentage"), 0, 100)
    maximum = _percent(preferences, "MaxHealthyPercentage", policy.get("MaxHealthyPercentage"), 100, 200)
    if "MaxHealthyPercentage" in preferences and "MinHealthyPercentage" not in preferences:
        raise Refused("ValidationError", "MaxHealthyPercentage requires MinHealthyPercentage.")
    if maximum is not None and minimum is not None and maximum - minimum > 100:  # noqa: PLR2004 - percent
        raise Refused("ValidationError", "MaxHealthyPercentage and MinHealthyPercentage differ by more than 100.")
    grace = group.get("DefaultInstanceWarmup", group.get("HealthCheckGracePeriod", 0))
    checkpoints = [int(one) for one in preferences.get("CheckpointPercentages") or ()]
    if checkpoints != sorted(set(checkpoints)) or any(not 1 <= one <= 100 for one in checkpoints):  # noqa: PLR2004
        raise Refused("ValidationError", "CheckpointPercentages must be unique, ascending and between 1 and 100.")
    if "CheckpointDelay" in preferences and not checkpoints:
        raise Refused("ValidationError", "CheckpointDelay requires CheckpointPercentages.")
    alarms = list((preferences.get("AlarmSpecification") or {}).get("Alarms") or ())
    if len(alarms) > MOST_ALARMS:
        raise Refused("ValidationError", f"An instance refresh has at most {MOST_ALARMS} alarms.")
    return {
        "_began": clock.now(),
        "_progress_at": clock.now(),
        "_total": None,
        "_matching": 0,
        "_minimum": 90 if minimum is None else minimum,
        "_maximum": maximum,
        "_warmup": _seconds(preferences, "InstanceWarmup", float(grace or 0)),
        "_skip": str(preferences.get("SkipMatching", "false")).lower() == "true",
        "_auto_rollback": str(preferences.get("AutoRollback", "false")).lower() == "true",
        "_checkpoints": checkpoints or [100],
        "_checkpoint_delay": _seconds(preferences, "CheckpointDelay", 3600, LONGEST_WAIT),
        "_checkpoint": 0,
        "_passed": 0,
        "_pause_until": None,
        "_bake": _seconds(preferences, "BakeTime", 0, LONGEST_WAIT),
        "_bake_until": None,
        "_protected": _choice(preferences, "ScaleInProtectedInstances"),
        "_standby": _choice(preferences, "StandbyInstances"),
        "_alarms": alarms,
    }


def _percent(preferences: Mapping[str, Any], name: str, fallback: Any, least: int, most: int) -> int | None:
    given = preferences.get(name, fallback)
    if given in (None, "", -1, "-1"):
        return None
    if not least <= int(given) <= most:
        raise Refused("ValidationError", f"{name} must be between {least} and {most}.")
    return int(given)


def _seconds(preferences: Mapping[str, Any], name: str, default: float, longest: float = math.inf) -> float:
    """Return a preference that is a number of seconds; AWS documents no longest one for the warm-up."""
    given = str(preferences.get(name, default))
    try:
        seconds = float(given)
    except ValueError:
        raise Refused("ValidationError", f"{name} must be a number of seconds, not {given!r}.") from None
    if not 0 <= seconds <= longest:
        raise Refused("ValidationError", f"{name} must be between 0 and {longest:g} seconds.")
    return seconds


def _choice(preferences: Mapping[str, Any], name: str) -> str:
    chosen = str(preferences.get(name, "Wait"))
    if chosen not in CHOICES[name]:
        raise Refused("ValidationError", f"{name} must be one of {', '.join(CHOICES[name])}.")
    return chosen


def _check_reversible(group: Group, wanted: Mapping[str, Any]) -> None:
    if not wanted:
        raise Refused("ValidationError", "AutoRollback needs a desired configuration.")
    for template in (wanted.get("LaunchTemplate"), group.get("LaunchTemplate")):
        if template and str(template.get("Version", "$Default")).startswith("$"):
            message = "Auto rollback cannot be used with the launch template versions $Latest and $Default."
            raise Refused("ValidationError", message)


def describe(query: Query) -> dict[str, Any]:
    """DescribeInstanceRefreshes: newest first."""
    group, wanted = require(query), query.members("InstanceRefreshIds")
    found = [
        {name: value for name, value in refresh.items() if not name.startswith("_")}
        for refresh in group.get("InstanceRefreshes") or ()
        if not wanted or refresh["InstanceRefreshId"] in wanted
    ]
    items, token = page(found, query.text("NextToken"), query.number("MaxRecords", 50) or 50)
    return {"InstanceRefreshes": items, "NextToken": token}


def cancel(query: Query) -> dict[str, Any]:
    """CancelInstanceRefresh: instances that are being replaced still are."""
    group, refresh = _running(query)
    if refresh["Status"] == "RollbackInProgress":
        raise Refused("ActiveInstanceRefreshNotFound", "The instance refresh is rolling back and cannot be cancelled.")
    refresh.update(Status="Cancelling", StatusReason="Cancelling due to user request.")
    group.pop("_surge", None)
    group.pop("_desired_configuration", None)
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def roll_back(query: Query) -> dict[str, Any]:
    """RollbackInstanceRefresh."""
    group, refresh = _running(query)
    if not refresh.get("DesiredConfiguration"):
        message = "The instance refresh has no desired configuration, so there is nothing to roll back to."
        raise Refused("IrreversibleInstanceRefresh", message)
    try:
        _check_reversible(group, refresh["DesiredConfiguration"])
    except Refused as refusal:
        raise Refused("IrreversibleInstanceRefresh", refusal.message) from None
    if refresh["Status"] != "RollbackInProgress":
        refreshes.roll_back(group, refresh, "Rollback due to user request.")
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def _running(query: Query) -> tuple[Group, dict[str, Any]]:
    group = require(query)
    refresh = refreshes.active(group)
    if refresh is None:
        raise Refused("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")
    return group, refresh
