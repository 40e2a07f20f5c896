"""The public parameters that name ECS's newest AMIs; each publication gives them a new version.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-finding-public-parameters.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html

They are computed from the region's public images, the same for every account, and are in no account's own list. Version
1 is what a sandbox begins with; a version can be named (`NAME:2`), they have no labels. GetParameter, GetParameters and
GetParametersByPath find them, and so do AMI aliases and CloudFormation.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.responses import get_region, json_response
from ministack.services import ssm

from emulated_aws.fleet import state
from emulated_aws.fleet.ec2 import images
from emulated_aws.fleet.ec2.ami import publication
from emulated_aws.replacement import replace

Parameter = dict[str, Any]
Found = tuple[Parameter | None, str | None]

_SERVICE = "/aws/service"


def install() -> None:
    """Answer for these names wherever the emulator looks for a parameter."""
    replace(ssm, "_public_parameter", _public)
    replace(ssm, "_select_parameter", _with_versions)
    replace(ssm, "_get_parameters_by_path", _with_path)
    replace(ssm, "load_persisted_state", _without_copies)


def versions(name: str) -> list[Parameter]:
    """Return the versions of a public parameter, oldest first; none when there is no such parameter."""
    with state.LOCK:
        return [_record(name, value, number, image) for number, (value, image) in enumerate(_values(name), 1)]


def _values(name: str) -> list[tuple[str, Mapping[str, Any]]]:
    for channel, published in publication.channels().items():
        # What was published before the sandbox began is one version.
        seeded = {image.image_id for image in images.IMAGES}
        first = max(number for number, image in enumerate(published) if image["ImageId"] in seeded)
        recommended = published[first:]
        if name == f"{images.NAMESPACE}/{channel}/recommended":
            return [(_described(image), image) for image in recommended]
        if name == f"{images.NAMESPACE}/{channel}/recommended/image_id":
            return [(str(image["ImageId"]), image) for image in recommended]
        for image in published:
            if name == f"{images.NAMESPACE}/{channel}/{image['Name']}/image_id":
                return [(str(image["ImageId"]), image)]
    return []


def names() -> Iterator[str]:
    """Yield the name of every public parameter of ECS's images."""
    with state.LOCK:
        found = publication.channels()
    for channel, published in found.items():
        yield f"{images.NAMESPACE}/{channel}/recommended"
        yield f"{images.NAMESPACE}/{channel}/recommended/image_id"
        for image in published:
            yield f"{images.NAMESPACE}/{channel}/{image['Name']}/image_id"


def _described(image: Mapping[str, Any]) -> str:
    name = str(image["Name"])
    return json.dumps(
        {
            "ecs_agent_version": images.AGENT_VERSION,
            "ecs_runtime_version": "Docker version 25.0.8",
            "image_id": image["ImageId"],
            "image_name": name,
            "image_version": name.split("-hvm-")[1].split("-", maxsplit=1)[0],
            "os": image["Description"],
            "schema_version": 1,
            "source_image_name": name.replace("-ecs-", "-"),
        }
    )


def _record(name: str, value: str, version: int, image: Mapping[str, Any]) -> Parameter:
    return {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": version,
        "DataType": "text",
        "LastModifiedDate": dt.datetime.fromisoformat(image["CreationDate"]).timestamp(),
        "ARN": f"arn:aws:ssm:{get_region()}::parameter{name}",
    }


def _public(stock: Callable[[str], Parameter | None]) -> Callable[[str], Parameter | None]:
    def public_parameter(name: str) -> Parameter | None:
        found = versions(name) if name.startswith(images.NAMESPACE) else []
        return found[-1] if found else stock(name)

    return public_parameter


def _with_versions(stock: Callable[[str], Found]) -> Callable[[str], Found]:
    def select(name: str) -> Found:
        base, _, version = (name or "").rpartition(":")
        if not base.startswith(images.NAMESPACE):
            return stock(name)
        found = versions(base)
        chosen = next((one for one in found if str(one["Version"]) == version), None)
        if chosen:
            return {**chosen, "Selector": f":{version}"}, None
        return None, "ParameterVersionNotFound" if found else "ParameterNotFound"

    return select


def _with_path(stock: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def by_path(given: Mapping[str, Any]) -> Any:
        path = str(given.get("Path", "")).rstrip("/")
        if not f"{path}/".startswith(f"{_SERVICE}/"):
            return stock(given)
        below = [name for name in names() if name.startswith(f"{path}/")]
        if not given.get("Recursive"):
            below = [name for name in below if "/" not in name.removeprefix(f"{path}/")]
        size = int(given.get("MaxResults") or ssm.DEFAULT_PAGE_SIZE)
        start = ssm._decode_next_token(given["NextToken"]) if given.get("NextToken") else 0
        page = sorted(below)[start : start + size]
        answer: Parameter = {"Parameters": [ssm._param_out(versions(name)[-1]) for name in page]}
        if start + size < len(below):
            answer["NextToken"] = ssm._encode_next_token(start + size)
        return json_response(answer)

    return by_path


def _without_copies(stock: Callable[[Any], None]) -> Callable[[Any], None]:
    """Drop the copies that earlier versions of the sandbox kept in each account."""

    def load(data: Any) -> None:
        stock(data)
        for account, region, name in [key for key, _value in ssm._parameters.all_items()]:
            if name.startswith(f"{images.NAMESPACE}/"):
                ssm._parameters.pop_scoped(account, region, name)

    return load
