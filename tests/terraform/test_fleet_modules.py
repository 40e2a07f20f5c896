"""What no plan of the fleet's modules can show."""

import re
from pathlib import Path

from ops_cli.packaging.imports import Imports
from ops_cli.packaging.sources import Tree
from ops_cli.packaging.targets import Target

ROOT = Path(__file__).parents[2]


def test_terraform_never_sets_how_many_hosts_a_fleet_has() -> None:
    """Between its sizes the number is ECS's or a person's, and an apply takes no host away."""
    for path in (ROOT / "modules/ecs-fleet").glob("*.tf"):
        assert not re.search(r"^\s*desired_(size|capacity)\b", path.read_text(), re.MULTILINE), path


def test_the_drain_function_is_zipped_with_what_old_releases_of_botocore_do_not_know() -> None:
    reached = Imports(Tree(str(ROOT)), Target.sandbox(), {}).reached("ecs_drain")
    extras = "service_models/autoscaling/2011-01-01/service-2.sdk-extras.json"
    assert [path for path in reached if path.endswith(extras)]
