"""What is against an image for a fleet: what refuses it, and what the operator should know. Facts in, reasons out."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from opscore.rollouts.images import booting, volumes
from opscore.rollouts.images.catalogue import Found
from opscore.rollouts.images.fleet_facts import FleetFacts
from opscore.rollouts.images.image import AVAILABLE, Image
from opscore.rollouts.images.keys import KeyUse
from opscore.rollouts.images.reason import Reason
from opscore.rollouts.images.reference import AMAZON
from opscore.words import counted

IMDS_V2 = "v2.0"
_AGENT = re.compile(r"(?<![a-z])ecs(?![a-z])", re.IGNORECASE)


def refuse(
    image: Image,
    facts: FleetFacts,
    now: dt.datetime,
    keys: Mapping[str, KeyUse] | None = None,
    *,
    allow_deprecated: bool = False,
) -> list[Reason]:
    """Return every reason why the fleet cannot or may not run the image; none when it may.

    `keys` is what `keys.KeyReader` found of the image's keys; those that it does not have are warned of instead.
    """
    found = [*_state(image), *_owner(image, facts)]
    if not allow_deprecated:
        found += _deprecated(image, now)
    found += _already(image, facts)
    return [*found, *booting.refusals(image, facts), *volumes.refusals(image, facts, keys or {})]


def warn(
    image: Image,
    facts: FleetFacts,
    now: dt.datetime,
    keys: Mapping[str, KeyUse] | None = None,
    *,
    allow_deprecated: bool = False,
) -> list[Reason]:
    """Return what does not refuse the image but should be read before it is rolled."""
    found = [*_allowed(image), *_marketplace(image), *_platform(image, facts), *_metadata(image, facts)]
    found += [*_agent(image, facts), *_older(image, facts)]
    if allow_deprecated:
        found += _deprecated(image, now)
    return [*found, *booting.warnings(image, facts), *volumes.warnings(image, facts, keys or {})]


def way_back(image_id: str, found: Found, keys: Mapping[str, KeyUse] | None = None) -> list[Reason]:
    """Return why the image before could not be launched again; none when it could.

    `found` is what the catalogue says of it. A deprecated image is launched by its id like any other:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
    """
    if not image_id:
        return [Reason("way-back", "Which image the fleet launches now is not known.", "Give it one that is there.")]
    if missing := found.missing.get(image_id):
        return [Reason("way-back", f"{missing} There would be no way back to it.", missing.remedy)]
    image = found.images[image_id]
    return [*_state(image), *volumes.key_refusals(image, keys or {})]


def _state(image: Image) -> Iterator[Reason]:
    if image.state in (AVAILABLE, ""):
        return
    why = f" ({image.state_reason})" if image.state_reason else ""
    remedies = {
        "pending": "Wait until it is available: `aws ec2 wait image-available`.",
        "disabled": "Its owner may enable it again with `aws ec2 enable-image`.",
    }
    yield Reason("state", f"{image} is {image.state}{why}.", remedies.get(image.state, "Choose another image."))


def _owner(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """Anybody can publish an image under any name; only Amazon's carry its alias.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html
    """
    trusted = {facts.account, *facts.allowed_owners}
    if image.owner_alias != AMAZON and not {image.owner_id, image.owner_alias} & trusted:
        yield Reason(
            "owner",
            f"{image} belongs to {image.owner}, which is neither this account nor Amazon nor on the list of owners.",
            f"If its images may run here, put {image.owner} on the list.",
        )


def _deprecated(image: Image, now: dt.datetime) -> Iterator[Reason]:
    if image.deprecated_at and image.is_deprecated(now):
        yield Reason(
            "deprecated",
            f"{image} is deprecated since {image.deprecated_at:%Y-%m-%d}.",
            "Choose a newer one, or say that a deprecated image may be rolled.",
        )


def _already(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    if facts.present_id != image.image_id or any(run.image_id != image.image_id for run in facts.running):
        return
    have = f"all {counted(facts.instances, 'instance')} run it" if facts.instances else "there are no instances"
    yield Reason(
        "already",
        f"{facts.fleet} launches {image} already, and {have}.",
        "There is nothing to roll; `opsctl amis` shows what is newer.",
    )


def _allowed(image: Image) -> Iterator[Reason]:
    """An image that the account's list would not allow is still shown while the list only audits.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html
    """
    if image.allowed is False:
        yield Reason(
            "allowed-images",
            f"{image} does not meet the account's Allowed AMIs criteria.",
            "It can be launched only until they are enforced.",
        )


def _marketplace(image: Image) -> Iterator[Reason]:
    if image.product_codes:
        yield Reason(
            "product-codes",
            f"{image} has product codes of the marketplace: {', '.join(image.product_codes)}.",
            "The account must have subscribed, or launches are refused; it pays by the hour.",
        )


def _platform(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    if facts.present and facts.present.platform != image.platform:
        before, after = (one.platform or "linux" for one in (facts.present, image))
        yield Reason("platform", f"{image} is of {after}, and the fleet runs {before}.", "Read its user data first.")


def _metadata(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """The image decides about IMDSv2 where the launch template does not.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    """
    before = facts.present.imds if facts.present else IMDS_V2
    if facts.http_tokens or image.imds == before:
        return
    what = (
        f"Instances of {image} will require IMDSv2, with a hop limit of 2"
        if image.imds == IMDS_V2
        else f"Instances of {image} will answer IMDSv1 as well"
    )
    yield Reason(
        "metadata", f"{what}: the launch template leaves that to the image.", "Set http_tokens in the template."
    )


def _agent(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    if facts.cluster and not _AGENT.search(f"{image.name} {image.description}"):
        yield Reason(
            "agent",
            f"Neither name nor description of {image} speaks of ECS, and the fleet's instances join {facts.cluster}.",
            "Without an ECS agent none of them would; the canary will be the first proof.",
        )


def _older(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    present = facts.present
    if present and present.created and image.created and image.created < present.created:
        days = counted((present.created - image.created).days, "day")
        yield Reason("older", f"{image} is {days} older than {present}, which {facts.fleet} launches now.")
