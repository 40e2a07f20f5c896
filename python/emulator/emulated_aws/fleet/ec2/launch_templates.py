"""Which launch template version a group or a request means; unknown ones are refused.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html

https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html

`$Latest` and `$Default` are looked up again at every launch, as AWS does; a number stays what it is. So is the
parameter that a template names in place of an AMI; an instance of another AMI than the parameter's is not of that
version now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services import autoscaling

from emulated_aws import launch_template_records
from emulated_aws.fleet.ec2 import aliases
from emulated_aws.fleet.refusals import Refused

UNMODELLED_OVERRIDES = ("WeightedCapacity", "InstanceRequirements", "LaunchTemplateSpecification", "ImageId")
_FULLY_FORMED = "You must use a valid fully-formed launch template. "


@dataclass(frozen=True)
class Recipe:
    """What an instance is launched from: the template's ids and number, or a launch configuration's name."""

    data: Mapping[str, Any]
    template: Mapping[str, str] = field(default_factory=dict)
    configuration: str = ""
    spot: bool = False

    @property
    def image_id(self) -> str:
        """The AMI, which a parameter may name; raises `Refused` when it cannot be told."""
        return aliases.resolve(str(self.data.get("ImageId", "")))

    @property
    def instance_type(self) -> str:
        """The instance type."""
        return str(self.data.get("InstanceType", "m5.large"))

    def is_of(self, instance: Mapping[str, Any]) -> bool:
        """Whether an instance was launched from this very version or configuration."""
        if self.configuration:
            return bool(instance.get("LaunchConfigurationName") == self.configuration)
        launched = instance.get("LaunchTemplate") or {}
        same = all(launched.get(name) == self.template[name] for name in ("LaunchTemplateId", "Version"))
        return same and instance.get("InstanceType") in self.types and self._is_of_alias(instance)

    def _is_of_alias(self, instance: Mapping[str, Any]) -> bool:
        if not aliases.is_alias(str(self.data.get("ImageId", ""))):
            return True
        try:
            return bool(instance.get("ImageId") == self.image_id)
        except Refused:
            return False

    @property
    def types(self) -> tuple[str, ...]:
        """The instance types that this recipe allows."""
        return tuple(self.data.get("_types") or (self.instance_type,))


def find(ref: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the launch template that an id or a name means; raises `Refused`."""
    if template := launch_template_records.find(ref):
        return template
    wanted = ref.get("LaunchTemplateId") or ref.get("LaunchTemplateName") or ""
    raise Refused("ValidationError", f"{_FULLY_FORMED}The specified launch template {wanted} does not exist.")


def resolve(ref: Mapping[str, Any]) -> Recipe:
    """Return what a launch template specification means now; raises `Refused` on an unknown template or version."""
    template = find(ref)
    wanted = str(ref.get("Version") or "$Default")
    if version := launch_template_records.version(template, wanted):
        names = {name: template[name] for name in ("LaunchTemplateId", "LaunchTemplateName")}
        return Recipe(version["LaunchTemplateData"], {**names, "Version": str(version["VersionNumber"])})
    raise Refused(
        "ValidationError",
        f"{_FULLY_FORMED}The specified launch template version, with launch template ID "
        f"{template['LaunchTemplateId']} and version {wanted}, does not exist.",
    )


def check_overrides(policy: Mapping[str, Any]) -> None:
    """Refuse what the overrides of a mixed instances policy say beyond an instance type.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html
    """
    for override in (policy.get("LaunchTemplate") or {}).get("Overrides") or ():
        for name in UNMODELLED_OVERRIDES:
            if override.get(name):
                raise Refused("ValidationError", f"The sandbox does not model {name} in the overrides.")


def specification(ref: Mapping[str, Any]) -> dict[str, str]:
    """Return a specification with both the id and the name, as AWS answers it; raises `Refused` on unknown ones."""
    resolve(ref)
    template = find(ref)
    version = str(ref.get("Version") or "$Default")
    return {
        "LaunchTemplateId": template["LaunchTemplateId"],
        "LaunchTemplateName": template["LaunchTemplateName"],
        "Version": version,
    }


def recipe_of(group: Mapping[str, Any], on_demand: int = 0) -> Recipe:
    """Return what the group launches from now; `on_demand` counts its On-Demand instances. Raises `Refused`."""
    if mixed := group.get("MixedInstancesPolicy"):
        return _mixed(mixed, on_demand, len(group.get("Instances") or ()))
    if group.get("LaunchTemplate"):
        return resolve(group["LaunchTemplate"])
    name = group.get("LaunchConfigurationName", "")
    configuration = autoscaling._launch_configs.get(name)
    if not configuration:
        raise Refused("ValidationError", f"Launch configuration {name or '(none)'} does not exist.")
    return Recipe(configuration, configuration=name)


def _mixed(policy: Mapping[str, Any], on_demand: int, total: int) -> Recipe:
    """Model the first override, and the share of On-Demand capacity above the base."""
    template = policy.get("LaunchTemplate") or {}
    base = resolve(template.get("LaunchTemplateSpecification") or {})
    types = tuple(item["InstanceType"] for item in template.get("Overrides") or () if item.get("InstanceType"))
    shares = policy.get("InstancesDistribution") or {}
    least = int(shares.get("OnDemandBaseCapacity") or 0)
    percent = int(shares.get("OnDemandPercentageAboveBaseCapacity") or 100)
    wanted = least + -(-max(0, total + 1 - least) * percent // 100)
    data = {**base.data, "_types": types or (base.data.get("InstanceType", "m5.large"),)}
    data["InstanceType"] = data["_types"][0]
    return Recipe(data, base.template, spot=on_demand >= wanted)
