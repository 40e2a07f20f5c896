"""DescribeInstanceTypes and DescribeInstanceTypeOfferings: the types that the sandbox models.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html

Every zone that has a subnet offers every type; on AWS some zones lack some, such as us-east-1e. Without names the types
of `instance_types.catalogue` are listed. Bandwidths, disks and accelerators are not modelled.
"""

from typing import Any

from ministack.core.responses import get_region
from ministack.services import ec2

from emulated_aws.fleet.ec2 import filters, instance_types
from emulated_aws.fleet.ec2.instance_types import InstanceType
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

REGION, ZONE = "region", "availability-zone"
SMALLEST_PAGE, LARGEST_PAGE = 5, 100
LARGEST_OFFERINGS_PAGE = 1000
Offer = tuple[str, str]

TYPE_FILTERS: filters.Readers = {
    "bare-metal": lambda _one: "false",
    "burstable-performance-supported": lambda one: _truth(one.burstable),
    "current-generation": lambda _one: "true",
    "hypervisor": lambda one: one.hypervisor,
    "instance-type": lambda one: one.name,
    "memory-info.size-in-mib": lambda one: str(one.memory),
    "network-info.maximum-network-interfaces": lambda one: str(one.interfaces[0]),
    "processor-info.supported-architecture": lambda one: one.architectures,
    "supported-root-device-type": lambda _one: "ebs",
    "supported-usage-class": lambda _one: ("on-demand", "spot"),
    "supported-virtualization-type": lambda _one: "hvm",
    "vcpu-info.default-vcpus": lambda one: str(one.vcpus),
}
OFFER_FILTERS: filters.Readers = {"instance-type": lambda one: one[0], "location": lambda one: one[1]}


def _truth(value: bool) -> str:
    return "true" if value else "false"


def describe_types(query: Query) -> Any:
    """DescribeInstanceTypes."""
    names = ec2._parse_member_list(query.params, "InstanceType")
    given = ec2._parse_filters(query.params)
    filters.check(given, TYPE_FILTERS, tagged=False)
    if unknown := [name for name in names if instance_types.find(name) is None]:
        message = f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
        raise Refused("InvalidInstanceType", message)
    known = [one for name in names if (one := instance_types.find(name))] if names else instance_types.catalogue()
    found = [one for one in known if filters.passes(one, "", given, TYPE_FILTERS)]
    items, next_token = filters.one_page(query, found, SMALLEST_PAGE, LARGEST_PAGE)
    shown = "".join(_type_item(one) for one in items)
    return ec2._xml(200, "DescribeInstanceTypesResponse", f"<instanceTypeSet>{shown}</instanceTypeSet>{next_token}")


def _type_item(one: InstanceType) -> str:
    threads = 1 if one.architecture == "arm64" or one.vcpus == 1 else 2
    interfaces, addresses = one.interfaces
    architectures = "".join(f"<item>{name}</item>" for name in one.architectures)
    return f"""<item>
        <instanceType>{one.name}</instanceType>
        <currentGeneration>true</currentGeneration>
        <freeTierEligible>{_truth(one.name in ("t2.micro", "t3.micro"))}</freeTierEligible>
        <supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>
        <supportedRootDeviceTypes><item>ebs</item></supportedRootDeviceTypes>
        <supportedVirtualizationTypes><item>hvm</item></supportedVirtualizationTypes>
        <bareMetal>false</bareMetal>
        <hypervisor>{one.hypervisor}</hypervisor>
        <processorInfo><supportedArchitectures>{architectures}</supportedArchitectures></processorInfo>
        <vCpuInfo>
            <defaultVCpus>{one.vcpus}</defaultVCpus>
            <defaultCores>{one.vcpus // threads}</defaultCores>
            <defaultThreadsPerCore>{threads}</defaultThreadsPerCore>
        </vCpuInfo>
        <memoryInfo><sizeInMiB>{one.memory}</sizeInMiB></memoryInfo>
        <instanceStorageSupported>false</instanceStorageSupported>
        <ebsInfo><encryptionSupport>supported</encryptionSupport></ebsInfo>
        <networkInfo>
            <maximumNetworkInterfaces>{interfaces}</maximumNetworkInterfaces>
            <maximumNetworkCards>1</maximumNetworkCards>
            <defaultNetworkCardIndex>0</defaultNetworkCardIndex>
            <ipv4AddressesPerInterface>{addresses}</ipv4AddressesPerInterface>
            <ipv6AddressesPerInterface>{addresses}</ipv6AddressesPerInterface>
            <ipv6Supported>true</ipv6Supported>
            <enaSupport>{"supported" if one.hypervisor == "xen" else "required"}</enaSupport>
            <efaSupported>false</efaSupported>
        </networkInfo>
        <burstablePerformanceSupported>{_truth(one.burstable)}</burstablePerformanceSupported>
    </item>"""


def describe(query: Query) -> Any:
    """DescribeInstanceTypeOfferings, by region or by zone."""
    given = ec2._parse_filters(query.params)
    filters.check(given, OFFER_FILTERS, tagged=False)
    kind = query.text("LocationType", REGION)
    if kind not in (REGION, ZONE):
        raise Refused("InvalidParameterValue", f"The sandbox models the location types {REGION} and {ZONE} alone")
    zones = sorted({subnet["AvailabilityZone"] for subnet in ec2._subnets.values()})
    offers = [(one.name, place) for one in _asked(given) for place in (zones if kind == ZONE else [get_region()])]
    found = [offer for offer in offers if filters.passes(offer, "", given, OFFER_FILTERS)]
    items, next_token = filters.one_page(query, found, SMALLEST_PAGE, LARGEST_OFFERINGS_PAGE)
    shown = "".join(
        f"<item><instanceType>{name}</instanceType><location>{place}</location><locationType>{kind}</locationType></item>"
        for name, place in items
    )
    body = f"<instanceTypeOfferingSet>{shown}</instanceTypeOfferingSet>{next_token}"
    return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", body)


def _asked(given: dict[str, list[str]]) -> list[InstanceType]:
    """Return the catalogue, with the types that the filter names wholly and that are modelled without being in it."""
    known = {one.name: one for one in instance_types.catalogue()}
    known |= {name: one for name in given.get("instance-type", []) if (one := instance_types.find(name))}
    return [known[name] for name in sorted(known)]
