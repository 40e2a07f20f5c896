"""What an instance of a type offers."""

from emulated_aws.fleet.ec2.instance_types import capacity


def test_sizes_follow_the_naming_and_unknown_ones_are_none() -> None:
    sizes = {
        name: capacity(name) for name in ("t3.small", "m5.large", "c6g.4xlarge", "r5.xlarge", "p3.2xlarge", "m5.huge")
    }
    assert {name: one and one.cpu for name, one in sizes.items()} == {
        "t3.small": 2048,
        "m5.large": 2048,
        "c6g.4xlarge": 16384,
        "r5.xlarge": 4096,
        "p3.2xlarge": None,
        "m5.huge": None,
    }
