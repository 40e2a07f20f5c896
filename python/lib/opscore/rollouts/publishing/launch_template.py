"""Versions of a launch template that a roll-out makes: one with the new image, and one with the old image again.

Their description names the roll-out, so that a supervisor finds what an earlier one has made. A way back makes a new
version, because Terraform pins a group to its template's latest one.
"""

from enum import StrEnum
from typing import Any, NamedTuple


class Purpose(StrEnum):
    """Why a version was made."""

    FORWARD = "new image"
    BACK = "back to the old image"


class Made(NamedTuple):
    """The numbers of a roll-out's versions, empty where there is none yet."""

    published: str = ""
    returned: str = ""


class TemplateVersions:
    """The versions of one launch template, through an EC2 client."""

    def __init__(self, ec2: Any, template_id: str) -> None:
        self._ec2 = ec2
        self._template_id = template_id

    def made_by(self, rollout_id: str, since: str) -> Made:
        """Return the versions that a roll-out has made after version `since`; of several equal ones the first."""
        found: dict[str, str] = {}
        request: dict[str, Any] = {"LaunchTemplateId": self._template_id, "MinVersion": since}
        while True:
            answer = self._ec2.describe_launch_template_versions(**request)
            for version in answer["LaunchTemplateVersions"]:
                found.setdefault(version.get("VersionDescription", ""), str(version["VersionNumber"]))
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]
        return Made(*(found.get(mark(rollout_id, purpose), "") for purpose in Purpose))

    def make(self, rollout_id: str, purpose: Purpose, source: str, image_id: str) -> str:
        """Make a version like `source` that launches `image_id`, and return its number.

        Called again for the same purpose it returns the version that there is: the token says that it is the same.
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
        """
        answer = self._ec2.create_launch_template_version(
            LaunchTemplateId=self._template_id,
            SourceVersion=source,
            VersionDescription=mark(rollout_id, purpose),
            LaunchTemplateData={"ImageId": image_id},
            ClientToken=f"{rollout_id}-{purpose.name.lower()}",
        )
        return str(answer["LaunchTemplateVersion"]["VersionNumber"])


def mark(rollout_id: str, purpose: Purpose) -> str:
    """Return the description of a version, by which it is found again."""
    return f"opsctl roll-out {rollout_id}: {purpose}"
