"""The launch parameters in a launch template or in a RunInstances request, with the key of each volume.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html

The emulator reads and writes the rest; it would lose KmsKeyId and NoDevice of a block device.
"""

from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused
from emulated_aws.replacement import replace

Data = dict[str, Any]

PREFIX = "LaunchTemplateData"


def install() -> None:
    """Keep what would be lost, wherever the emulator reads or writes launch parameters."""
    replace(ec2, "_parse_lt_data", _with_keys)
    replace(ec2, "_lt_data_xml", _showing_keys)


def check(query: Query) -> None:
    """Refuse instance requirements, which would be lost."""
    if any(name.startswith(f"{PREFIX}.InstanceRequirements") for name in query.params):
        raise Refused("UnsupportedOperation", "The sandbox does not model InstanceRequirements.")


def parse_request(params: Mapping[str, Any]) -> Data:
    """Return the launch parameters of a RunInstances request, in the shape of a template's."""
    found: Data = ec2._parse_lt_data({f"{PREFIX}.{name}": value for name, value in params.items()})
    return found


def _with_keys(stock: Callable[..., Data]) -> Callable[..., Data]:
    def parse(params: Mapping[str, Any], prefix: str = PREFIX) -> Data:
        data = stock(params, prefix)
        query = Query(params)
        for number, mapping in enumerate(data.get("BlockDeviceMappings") or (), 1):
            at = f"{prefix}.BlockDeviceMapping.{number}"
            if key := query.text(f"{at}.Ebs.KmsKeyId"):
                mapping.setdefault("Ebs", {})["KmsKeyId"] = key
            # NoDevice is sent empty, and the emulator drops what is empty.
            if mapping.keys() == {"DeviceName"} and not query.text(f"{at}.VirtualName"):
                mapping["NoDevice"] = ""
        return data

    return parse


def _showing_keys(stock: Callable[[Data], str]) -> Callable[[Data], str]:
    def show(data: Data) -> str:
        mappings = data.get("BlockDeviceMappings")
        if not mappings:
            return stock(data)
        items = "".join(f"<item>{_mapping(one)}</item>" for one in mappings)
        rest = {name: value for name, value in data.items() if name != "BlockDeviceMappings"}
        return f"{stock(rest)}<blockDeviceMappingSet>{items}</blockDeviceMappingSet>"

    return show


def _mapping(mapping: Data) -> str:
    ebs = "".join(
        f"<{name[0].lower()}{name[1:]}>{_text(value)}</{name[0].lower()}{name[1:]}>"
        for name, value in (mapping.get("Ebs") or {}).items()
    )
    device = f"<deviceName>{_text(mapping['DeviceName'])}</deviceName>"
    none = f"<noDevice>{_text(mapping['NoDevice'])}</noDevice>" if "NoDevice" in mapping else ""
    return f"{device}{none}<ebs>{ebs}</ebs>" if ebs else f"{device}{none}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
