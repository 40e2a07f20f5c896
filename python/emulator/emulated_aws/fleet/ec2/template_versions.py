"""Launch templates and their versions: made, merged, described, set as the default, deleted.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidLaunchTemplateId)

A number is given once: a deleted one does not come back. `$Latest` is the highest that is left. The pages do not say
how the deletion of the default version is refused; here it is among those that were not deleted, `unexpectedError`.
Of the filters of DescribeLaunchTemplateVersions those in `FILTERS` are modelled.
"""

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

from emulated_aws import launch_template_records
from emulated_aws.fleet.ec2 import aliases, filters, template_data
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

Record = dict[str, Any]
Stock = Callable[[Mapping[str, Any]], Any]

LARGEST_PAGE = 200
MOST_AT_ONCE = 200
FILTERS: filters.Readers = {
    "image-id": lambda one: str(one["LaunchTemplateData"].get("ImageId", "")),
    "instance-type": lambda one: str(one["LaunchTemplateData"].get("InstanceType", "")),
    "is-default-version": lambda one: "true" if one["DefaultVersion"] else "false",
}


def find(ref: Mapping[str, Any]) -> Record:
    """Return the emulator's own record of the template that a request names; raises `Refused` as EC2 does."""
    template_id, name = ref.get("LaunchTemplateId"), ref.get("LaunchTemplateName")
    if not template_id and not name:
        message = "Either a launch template ID or a launch template name must be specified in the request."
        raise Refused("MissingParameter", message)
    found = launch_template_records.find(ref)
    if found is None and template_id:
        message = f"The specified launch template, with template ID {template_id}, does not exist."
        raise Refused("InvalidLaunchTemplateId.NotFound", message)
    if found is None:
        message = f"The specified launch template, with template name {name}, does not exist."
        raise Refused("InvalidLaunchTemplateName.NotFoundException", message)
    record: Record = ec2._launch_templates[found["LaunchTemplateId"]]
    return record


def version_of(template: Record, wanted: str) -> Record:
    """Return a version by its number, `$Latest` or `$Default`; raises `Refused` when there is none."""
    found = launch_template_records.version(template, wanted)
    if found is None:
        message = f"Could not find the specified version {wanted} for the launch template with ID"
        raise Refused("InvalidLaunchTemplateId.VersionNotFound", f"{message} {template['LaunchTemplateId']}.")
    return dict(found)


def _named(query: Query) -> Record:
    return find({name: query.text(name) for name in ("LaunchTemplateId", "LaunchTemplateName")})


def create(stock: Stock) -> Callable[[Query], Any]:
    """CreateLaunchTemplate."""

    def create_template(query: Query) -> Any:
        template_data.check(query)
        aliases.check(query.text("LaunchTemplateData.ImageId"))
        return stock(query.params)

    return create_template


def create_version(query: Query) -> Any:
    """CreateLaunchTemplateVersion: what it says goes before the parameters of SourceVersion, one by one.

    Snapshots of the source's block devices are not taken over.
    """
    template_data.check(query)
    aliases.check(query.text("LaunchTemplateData.ImageId"))
    template = _named(query)
    data = ec2._parse_lt_data(query.params)
    if source := query.text("SourceVersion"):
        data = {**_inherited(version_of(template, source)), **data}
    number = max(int(template["LatestVersionNumber"]), int(template.get("_given") or 0)) + 1
    version = {
        "LaunchTemplateId": template["LaunchTemplateId"],
        "LaunchTemplateName": template["LaunchTemplateName"],
        "VersionNumber": number,
        "VersionDescription": query.text("VersionDescription"),
        "DefaultVersion": False,
        "CreateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "LaunchTemplateData": data,
    }
    template["Versions"].append(version)
    template.update(LatestVersionNumber=number, _given=number)
    shown = ec2._lt_version_inner_xml(_shown(version, query))
    body = f"<launchTemplateVersion>{shown}</launchTemplateVersion>"
    return ec2._xml(200, "CreateLaunchTemplateVersionResponse", body)


def _inherited(source: Record) -> Record:
    data: Record = copy.deepcopy(dict(source["LaunchTemplateData"]))
    for mapping in data.get("BlockDeviceMappings") or ():
        (mapping.get("Ebs") or {}).pop("SnapshotId", None)
    return data


def _shown(version: Record, query: Query) -> Record:
    """Return a version as it is described: with ResolveAlias the AMI in place of the parameter that names it."""
    image_id = str(version["LaunchTemplateData"].get("ImageId", ""))
    if not query.flag("ResolveAlias") or not aliases.is_alias(image_id):
        return version
    return {**version, "LaunchTemplateData": {**version["LaunchTemplateData"], "ImageId": aliases.resolve(image_id)}}


def describe(stock: Stock) -> Callable[[Query], Any]:
    """DescribeLaunchTemplates: those that are named must be there."""

    def describe_templates(query: Query) -> Any:
        for kind in ("LaunchTemplateId", "LaunchTemplateName"):
            for named in ec2._parse_member_list(query.params, kind):
                find({kind: named})
        return stock(query.params)

    return describe_templates


def describe_versions(query: Query) -> Any:
    """DescribeLaunchTemplateVersions: of one template, or the latest or default ones of all, newest first."""
    given = ec2._parse_filters(query.params)
    filters.check(given, FILTERS, tagged=False)
    versions = [one for one in _asked(query) if filters.passes(one, "", given, FILTERS)]
    items, next_token = filters.one_page(query, versions, 1, LARGEST_PAGE)
    shown = "".join(ec2._lt_version_xml(_shown(one, query)) for one in items)
    body = f"<launchTemplateVersionSet>{shown}</launchTemplateVersionSet>{next_token}"
    return ec2._xml(200, "DescribeLaunchTemplateVersionsResponse", body)


def _asked(query: Query) -> list[Record]:
    wanted = ec2._parse_member_list(query.params, "LaunchTemplateVersion")
    if not query.text("LaunchTemplateId") and not query.text("LaunchTemplateName"):
        if not wanted or not set(wanted) <= {"$Latest", "$Default"}:
            raise Refused("MissingParameter", "Without a launch template, say $Latest, $Default or both as versions.")
        return [version_of(one, name) for one in ec2._launch_templates.values() for name in wanted]
    template = _named(query)
    if wanted:
        return [version_of(template, name) for name in wanted]
    least, most = query.number("MinVersion", 0) or 0, query.number("MaxVersion")
    found = [
        one
        for one in template["Versions"]
        if least <= one["VersionNumber"] and one["VersionNumber"] <= (most or one["VersionNumber"])
    ]
    return sorted(found, key=lambda one: int(one["VersionNumber"]), reverse=True)


def modify(query: Query) -> Any:
    """ModifyLaunchTemplate: another default version."""
    template = _named(query)
    if wanted := query.text("SetDefaultVersion"):
        number = version_of(template, wanted)["VersionNumber"]
        template["DefaultVersionNumber"] = number
        for one in template["Versions"]:
            one["DefaultVersion"] = one["VersionNumber"] == number
    fields = ("LaunchTemplateId", "LaunchTemplateName", "CreateTime", "DefaultVersionNumber", "LatestVersionNumber")
    shown = "".join(_element(name, template[name]) for name in fields)
    return ec2._xml(200, "ModifyLaunchTemplateResponse", f"<launchTemplate>{shown}</launchTemplate>")


def delete(stock: Stock) -> Callable[[Query], Any]:
    """DeleteLaunchTemplate."""

    def delete_template(query: Query) -> Any:
        _named(query)
        return stock(query.params)

    return delete_template


def delete_versions(query: Query) -> Any:
    """DeleteLaunchTemplateVersions: each by its number; the others are deleted when one cannot be."""
    template = _named(query)
    wanted = ec2._parse_member_list(query.params, "LaunchTemplateVersion")
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise Refused("InvalidParameterValue", f"From 1 to {MOST_AT_ONCE} versions can be deleted at once.")
    done, failed = "", ""
    for number in wanted:
        error = _delete(template, number)
        names = "".join(_element(name, template[name]) for name in ("LaunchTemplateId", "LaunchTemplateName"))
        item = f"{names}<versionNumber>{escape(number)}</versionNumber>"
        if error:
            failed += f"<item>{item}<responseError>{error}</responseError></item>"
        else:
            done += f"<item>{item}</item>"
    body = (
        f"<successfullyDeletedLaunchTemplateVersionSet>{done}</successfullyDeletedLaunchTemplateVersionSet>"
        f"<unsuccessfullyDeletedLaunchTemplateVersionSet>{failed}</unsuccessfullyDeletedLaunchTemplateVersionSet>"
    )
    return ec2._xml(200, "DeleteLaunchTemplateVersionsResponse", body)


def _delete(template: Record, number: str) -> str:
    """Delete one version; return the error's elements, none when it is deleted."""
    found = next((one for one in template["Versions"] if str(one["VersionNumber"]) == number), None)
    if found is None:
        return _element("Code", "launchTemplateVersionDoesNotExist") + _element("Message", f"No version {number}.")
    if found["VersionNumber"] == template["DefaultVersionNumber"]:
        message = f"Version {number} is the default version; set another one as the default first."
        return _element("Code", "unexpectedError") + _element("Message", message)
    template["_given"] = max(int(template["LatestVersionNumber"]), int(template.get("_given") or 0))
    template["Versions"].remove(found)
    template["LatestVersionNumber"] = max(one["VersionNumber"] for one in template["Versions"])
    return ""


def _element(name: str, value: object) -> str:
    tag = f"{name[0].lower()}{name[1:]}"
    return f"<{tag}>{escape(str(value))}</{tag}>"
