"""Launch templates as ministack keeps them: which one, and which version of it, a specification means.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import ec2

Record = Mapping[str, Any]


def find(ref: Record) -> Record | None:
    """Return the launch template that an id or a name means; None when none is."""
    names = {ref.get("LaunchTemplateId"), ref.get("LaunchTemplateName")} - {None, ""}
    found = (
        one for one in ec2._launch_templates.values() if names & {one["LaunchTemplateId"], one["LaunchTemplateName"]}
    )
    template = next(found, None)
    return dict(template) if template else None


def version(template: Record, wanted: str) -> Record | None:
    """Return the version that a number, `$Latest` or `$Default` means; None when there is no such number."""
    numbers = {"$Latest": template["LatestVersionNumber"], "$Default": template["DefaultVersionNumber"]}
    number = str(numbers.get(wanted, wanted))
    return next((one for one in template["Versions"] if str(one["VersionNumber"]) == number), None)
