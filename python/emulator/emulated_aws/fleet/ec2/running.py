"""RunInstances: from the request, and from the launch template that it names.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html

What the request says goes before the template; block devices and tags of both add up. Without an instance type it is
m5.large, where AWS has m1.small. As many instances are launched as MaxCount says.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import autoscaling, ec2

from emulated_aws.fleet.ec2 import launch_templates, machines, template_data, template_versions
from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.ec2.launch_templates import Recipe
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused


def run(query: Query) -> Any:
    """RunInstances."""
    least, most = query.number("MinCount") or 0, query.number("MaxCount") or 0
    if not 1 <= least <= most:
        message = f"Value ({least}) for parameter MinCount is not valid. MinCount must be from 1 to MaxCount ({most})."
        raise Refused("InvalidParameterCombination", message)
    recipe = _recipe(query)
    subnet = _subnet(query, recipe.data)
    if query.flag("DryRun"):
        machines.check(recipe, subnet)
        raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    tags = _tags(recipe)
    launched = [machines.launch(recipe, subnet, tags) for _ in range(most)]
    items = "".join(ec2._instance_xml(record) for record in launched)
    reservation = (
        f"<reservationId>{records.new_id('r')}</reservationId><ownerId>{get_account_id()}</ownerId><groupSet/>"
    )
    return ec2._xml(200, "RunInstancesResponse", f"<instancesSet>{items}</instancesSet>{reservation}")


def _recipe(query: Query) -> Recipe:
    own = template_data.parse_request(query.params)
    named = autoscaling._parse_nested(query.params, "LaunchTemplate")
    base = _of_template(named) if named else Recipe({})
    data = {**base.data, **own}
    for name in ("BlockDeviceMappings", "TagSpecifications"):
        data[name] = [*(base.data.get(name) or ()), *(own.get(name) or ())]
    if not data.get("ImageId"):
        raise Refused("MissingParameter", "The request must contain the parameter ImageId")
    spot = query.text("InstanceMarketOptions.MarketType") == "spot"
    return Recipe(data, base.template, spot=spot)


def _of_template(named: Mapping[str, Any]) -> Recipe:
    template = template_versions.find(named)
    template_versions.version_of(template, str(named.get("Version") or "$Default"))
    return launch_templates.resolve(named)


def _subnet(query: Query, data: Mapping[str, Any]) -> str:
    interfaces = data.get("NetworkInterfaces") or [{}]
    if given := query.text("SubnetId") or interfaces[0].get("SubnetId"):
        return str(given)
    zone = query.text("Placement.AvailabilityZone")
    found = machines.subnets_of({"AvailabilityZones": [zone] if zone else []})
    if not found:
        raise Refused("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
    return sorted(found)[0]


def _tags(recipe: Recipe) -> dict[str, str]:
    tags = {
        tag["Key"]: tag["Value"]
        for specification in recipe.data["TagSpecifications"]
        if specification.get("ResourceType") == "instance"
        for tag in specification.get("Tags") or ()
    }
    if recipe.template:
        tags["aws:ec2launchtemplate:id"] = recipe.template["LaunchTemplateId"]
        tags["aws:ec2launchtemplate:version"] = recipe.template["Version"]
    return tags
