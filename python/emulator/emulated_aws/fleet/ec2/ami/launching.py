"""Whether an instance of a type can be launched from an AMI.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidAMIID)
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-ami.html (a pending image; architectures)
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ComponentsAMIs.html (virtualization types)

A deprecated image can be launched by its id, as on AWS.
"""

from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.ec2.ami.records import Record
from emulated_aws.fleet.ec2.instance_types import InstanceType
from emulated_aws.fleet.refusals import Refused


def check(image_id: str, instance_type: InstanceType) -> Record:
    """Return the image that instances of the type can be launched from; raises `Refused` as RunInstances does."""
    image = records.find(image_id)
    if records.state(image) == "pending":
        raise Refused("InvalidAMIID.Unavailable", f"AMI {image_id} is pending, and cannot be run")
    if not _has_root(image):
        message = f"The image id '[{image_id}]' is not in a state from which you can launch an instance"
        raise Refused("InvalidAMIID.Unavailable", message)
    if image["Architecture"] not in instance_type.architectures:
        raise Refused(
            "InvalidParameterValue",
            f"The architecture '{' | '.join(instance_type.architectures)}' of the specified instance type does not "
            f"match the architecture '{image['Architecture']}' of the specified AMI. Specify an instance type and an "
            "AMI that have matching architectures, and try again. You can use 'describe-instance-types' or "
            "'describe-images' to discover the architecture of the instance type or AMI",
        )
    if image["VirtualizationType"] != "hvm":
        raise Refused(
            "InvalidParameterCombination",
            f"The virtualization type '{image['VirtualizationType']}' of {image_id} is not supported by "
            f"{instance_type.name}, which needs 'hvm'",
        )
    return image


def _has_root(image: Record) -> bool:
    return any(
        mapping["DeviceName"] == image["RootDeviceName"] and (mapping.get("Ebs") or {}).get("SnapshotId")
        for mapping in image["BlockDeviceMappings"]
    )
