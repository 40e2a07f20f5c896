"""What Terraform writes into the stack description is what opsctl reads from it."""

import base64
import dataclasses
import gzip
import json
import re
from pathlib import Path

import pytest

from ops_cli.frame import stack
from ops_cli.frame.environments import Environment

ROOT = Path(__file__).parents[2]
MAIN = (ROOT / "modules/stack-description/main.tf").read_text()
VARIABLES = (ROOT / "modules/stack-description/variables.tf").read_text()
PLURALS = {"functions": stack.Function, "queues": stack.Queue, "fleets": stack.Fleet} | dict.fromkeys(
    ("state_machines", "tables", "buckets"), stack.Resource
)


def written_fields() -> list[str]:
    """Return the names in the `stack` object of the module."""
    found = re.search(r"^  stack = \{\n(.*?)^  \}", MAIN, re.MULTILINE | re.DOTALL)
    assert found
    return re.findall(r"^    (\w+) +=", found[1], re.MULTILINE)


def facts_of(kind: str) -> set[str]:
    """Return what the module takes about each thing of a kind."""
    found = re.search(rf"^    {kind} += optional\(map\(object\(\{{(.*?)\}}\)\)", VARIABLES, re.MULTILINE)
    assert found, kind
    return set(re.findall(r"(\w+) = ", found[1]))


def test_every_field_that_is_written_is_read_and_the_other_way_round() -> None:
    read = {field.name for field in dataclasses.fields(stack.Stack)}
    assert set(written_fields()) - {"schema_version"} == read


def test_both_ends_have_the_same_schema_version() -> None:
    assert re.search(rf"^    schema_version = {stack.SCHEMA_VERSION}$", MAIN, re.MULTILINE)


@pytest.mark.parametrize("kind", PLURALS)
def test_each_thing_has_the_facts_that_its_type_needs(kind: str) -> None:
    fields = {field.name: field for field in dataclasses.fields(PLURALS[kind])}
    needed = {name for name, field in fields.items() if field.default is dataclasses.MISSING} - {"role"}
    assert needed <= facts_of(kind) <= set(fields)


def test_the_parameter_is_where_opsctl_looks() -> None:
    written = re.search(r'^  name += "(.+)"$', MAIN, re.MULTILINE)
    assert written
    path = written[1].replace("${var.project}", "opsctl").replace("${var.environment}", "prod")
    assert path == Environment("prod").stack_parameter


def test_a_description_reads_the_same_in_both_of_its_forms() -> None:
    described = {
        **{field: {} for field in written_fields()},
        "schema_version": 1,
        "project": "opsctl",
        "environment": "prod",
        "account_id": "1",
        "region": "eu-west-1",
        "functions": {"report-generator": {"name": "opsctl-prod-report-generator"}},
    }
    text = json.dumps(described)
    packed = base64.b64encode(gzip.compress(text.encode())).decode()
    assert packed.startswith("H4sI")
    assert stack.parse(stack.decode(packed)) == stack.parse(stack.decode(text))
    assert stack.parse(stack.decode(packed)).function("report-generator").name == "opsctl-prod-report-generator"
