"""Scaling activities: what a group did, and why.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html

A terminating instance in a hook has the status MidLifecycleAction, as has a launching one. The newest 500 of a group
are kept (AWS keeps six weeks).
"""

import json
from typing import Any

from ministack.core.responses import new_uuid

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.protocol import Query, page, timestamp
from emulated_aws.fleet.refusals import Refused

KEPT = 500
LARGEST_PAGE = 100


def begin(group: dict[str, Any], description: str, cause: str, details: dict[str, str]) -> dict[str, Any]:
    """Record an activity in progress and return it."""
    activity = {
        "ActivityId": new_uuid(),
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "AutoScalingGroupARN": group["AutoScalingGroupARN"],
        "Description": description,
        "Cause": f"At {timestamp(clock.now())} {cause}",
        "StartTime": timestamp(clock.now()),
        "EndTime": None,
        "StatusCode": "InProgress",
        "StatusMessage": None,
        "Progress": 0,
        "Details": json.dumps(details),
    }
    kept = state.activities.setdefault(group["AutoScalingGroupName"], [])
    kept.insert(0, activity)
    del kept[KEPT:]
    return activity


def change(activity_id: str, group_name: str, status: str, progress: int, message: str | None = None) -> dict[str, Any]:
    """Bring an activity into a status and return it; Successful, Failed and Cancelled end it."""
    for activity in state.activities.get(group_name) or ():
        if activity["ActivityId"] == activity_id:
            activity.update(StatusCode=status, Progress=progress, StatusMessage=message)
            if status in ("Successful", "Failed", "Cancelled"):
                activity["EndTime"] = timestamp(clock.now())
            return dict(activity)
    return {}


def find(activity_id: str, group_name: str) -> dict[str, Any]:
    """Return an activity, empty when it is no longer kept."""
    found = state.activities.get(group_name) or ()
    return next((dict(activity) for activity in found if activity["ActivityId"] == activity_id), {})


def describe(query: Query) -> dict[str, Any]:
    """DescribeScalingActivities: newest first, at most 100 a page."""
    name, wanted = query.text("AutoScalingGroupName"), query.members("ActivityIds")
    groups = [name] if name else list(state.activities.keys())
    found = [activity for group in groups for activity in state.activities.get(group) or ()]
    if wanted:
        found = [activity for activity in found if activity["ActivityId"] in wanted]
    size = query.number("MaxRecords", LARGEST_PAGE) or LARGEST_PAGE
    if size > LARGEST_PAGE:
        raise Refused("ValidationError", "MaxRecords must be at most 100.")
    found.sort(key=lambda activity: str(activity["StartTime"]), reverse=True)
    items, token = page(found, query.text("NextToken"), size)
    return {"Activities": items, "NextToken": token}
