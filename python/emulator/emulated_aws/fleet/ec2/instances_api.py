"""DescribeInstances with its filters and pages, TerminateInstances, and spot instances that say that they are spot.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html

The filters in `FILTERS`, `tag:NAME`, `tag-key` and `tag-value` are modelled, with `*` and `?`; another one is refused
by name, where the emulator would answer everything.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import ec2

from emulated_aws.fleet.ec2 import filters, machines
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

Record = Mapping[str, Any]

FILTERS: filters.Readers = {
    "availability-zone": lambda one: one["Placement"]["AvailabilityZone"],
    "architecture": lambda one: one["Architecture"],
    "image-id": lambda one: one["ImageId"],
    "iam-instance-profile.arn": lambda one: (one.get("IamInstanceProfile") or {}).get("Arn", ""),
    "instance-id": lambda one: one["InstanceId"],
    "instance-lifecycle": lambda one: one.get("InstanceLifecycle", ""),
    "instance-state-code": lambda one: str(one["State"]["Code"]),
    "instance-state-name": lambda one: one["State"]["Name"],
    "instance-type": lambda one: one["InstanceType"],
    "key-name": lambda one: one.get("KeyName", ""),
    "private-ip-address": lambda one: one["PrivateIpAddress"],
    "private-dns-name": lambda one: one["PrivateDnsName"],
    "subnet-id": lambda one: one["SubnetId"],
    "vpc-id": lambda one: one["VpcId"],
}
PAGE = (5, 1000)


def describe(query: Query) -> Any:
    """DescribeInstances."""
    wanted = ec2._parse_member_list(query.params, "InstanceId")
    given = ec2._parse_filters(query.params)
    filters.check(given, FILTERS)
    size = query.number("MaxResults")
    if wanted and size:
        message = "The parameter instancesSet cannot be used with the parameter maxResults"
        raise Refused("InvalidParameterCombination", message)
    ec2._cleanup_terminated()
    _check_ids(wanted)
    records = [ec2._instances.get(one) for one in wanted] if wanted else ec2._instances.values()
    found = [one for one in records if filters.passes(one, one["InstanceId"], given, FILTERS)]
    items, next_token = filters.one_page(query, found, *PAGE)
    reservations = "".join(_reservation(one) for one in items)
    return ec2._xml(200, "DescribeInstancesResponse", f"<reservationSet>{reservations}</reservationSet>{next_token}")


def _check_ids(wanted: list[str]) -> None:
    for instance_id in wanted:
        if not ec2._INSTANCE_ID_RE.match(instance_id):
            raise Refused("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
        if instance_id not in ec2._instances:
            raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")


def _reservation(record: Record) -> str:
    item = ec2._instance_xml(record)
    if record.get("InstanceLifecycle"):
        item = item.replace("</item>", f"<instanceLifecycle>{record['InstanceLifecycle']}</instanceLifecycle></item>")
    return (
        f"<item><reservationId>r-{record['InstanceId'][2:]}</reservationId><ownerId>{get_account_id()}</ownerId>"
        f"<groupSet/><instancesSet>{item}</instancesSet></item>"
    )


def terminate(query: Query) -> Any:
    """TerminateInstances: at once; a group then finds its instance dead and replaces it."""
    wanted = ec2._parse_member_list(query.params, "InstanceId")
    _check_ids(wanted)
    before = {instance_id: dict(ec2._instances[instance_id]["State"]) for instance_id in wanted}
    if query.flag("DryRun"):
        raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    machines.terminate(wanted)
    items = "".join(
        f"<item><instanceId>{instance_id}</instanceId>"
        f"<previousState><code>{state['Code']}</code><name>{state['Name']}</name></previousState>"
        f"<currentState><code>32</code><name>shutting-down</name></currentState></item>"
        for instance_id, state in before.items()
    )
    return ec2._xml(200, "TerminateInstancesResponse", f"<instancesSet>{items}</instancesSet>")
