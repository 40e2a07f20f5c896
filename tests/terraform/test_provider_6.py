"""Nothing that the provider's version 6 removed: modules allow it, and only 5.100 is run here.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("modules", "terraform")
    for path in ROOT.glob(f"{folder}/**/*.tf")
    if ".terraform" not in path.parts
)

REMOVED_TYPES = (
    r"aws_opsworks_\w+|aws_simpledb_domain|aws_worklink_\w+|aws_redshift_service_account|aws_kms_secret\b(?!s)"
    r"|aws_evidently_\w+|aws_elastictranscoder_\w+|aws_media_store_\w+|aws_kinesis_analytics_application"
)
"""Resources and data sources that are gone, and those that go next."""

REMOVED_ATTRIBUTES = {
    "aws_api_gateway_account": ["reset_on_delete"],
    "aws_api_gateway_deployment": ["stage_name", "stage_description", "canary_settings"],
    "aws_batch_compute_environment": ["compute_environment_name", "compute_environment_name_prefix"],
    "aws_cloudfront_response_headers_policy": ["etag"],
    "aws_dms_endpoint": ["s3_settings"],
    "aws_dx_gateway_association": ["vpn_gateway_id"],
    "aws_ecs_task_definition": ["inference_accelerator"],
    "aws_ecs_task_execution": ["inference_accelerator_overrides"],
    "aws_eip": ["vpc"],
    "aws_eks_addon": ["resolve_conflicts"],
    "aws_flow_log": ["log_group_name"],
    "aws_guardduty_organization_configuration": ["auto_enable", "datasources"],
    "aws_identitystore_group": ["filter"],
    "aws_identitystore_user": ["filter"],
    "aws_instance": ["cpu_core_count", "cpu_threads_per_core"],
    "aws_launch_template": ["elastic_gpu_specifications", "elastic_inference_accelerator"],
    "aws_networkmanager_core_network": ["base_policy_region"],
    "aws_opensearch_domain": ["kibana_endpoint"],
    "aws_redshift_cluster": ["snapshot_copy", "logging"],
    "aws_sagemaker_notebook_instance": ["accelerator_types"],
    "aws_spot_instance_request": ["block_duration_minutes"],
    "aws_ssm_association": ["instance_id"],
}
"""Arguments that are gone, by resource or data source."""

RENAMED_REFERENCES = {
    r"data\.aws_region\.\w+(\[\w+\])?\.name\b": "`region` in 6: take it from a variable",
    r"data\.aws_region\.\w+(\[\w+\])?\.region\b": "`name` in 5: take it from a variable",
    r"aws_s3_bucket\.\w+(\[\w+\])?\.region\b": "the `region` of a bucket means something else in 6",
    r"data\.aws_vpc_endpoint_service\.\w+\.region\b": "`service_region` in 6",
    r"aws_api_gateway_deployment\.\w+\.(invoke_url|execution_arn)\b": "gone in 6: the stage has them",
    r"aws_opensearch_domain\.\w+\.kibana_endpoint\b": "gone in 6",
}
"""Attributes that are read under another name, and why that is no way for both versions."""


def problems(text: str) -> list[str]:
    """Return what in a file version 6 does not take."""
    code = re.sub(r"#.*", "", text)
    found = [
        f"{match[1]} is gone" for match in re.finditer(rf'^(?:resource|data) "({REMOVED_TYPES})"', code, re.MULTILINE)
    ]
    for kind, body in re.findall(r'^(?:resource|data) "(\w+)" "\w+" \{\n(.*?)^\}', code, re.MULTILINE | re.DOTALL):
        gone = REMOVED_ATTRIBUTES.get(kind, [])
        found += [f"{kind}.{name} is gone" for name in gone if re.search(rf"^\s+{name}\s*[={{]", body, re.MULTILINE)]
        if re.search(r"^  region\s*=", body, re.MULTILINE):
            found.append(f"{kind}.region is another argument in 6")
        if kind == "aws_ami" and "most_recent" in body and not re.search(r"owners\s*=|owner-id|image-id", body):
            found.append("aws_ami with most_recent needs owners")
    return found + [
        f"{match[0]}: {why}" for what, why in RENAMED_REFERENCES.items() for match in re.finditer(what, code)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_that_version_6_removed_is_used(path: Path) -> None:
    assert problems(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('resource "aws_opsworks_stack" "this" {\n}\n', "aws_opsworks_stack is gone"),
        ('resource "aws_eip" "this" {\n  vpc = true\n}\n', "aws_eip.vpc is gone"),
        (
            'resource "aws_launch_template" "this" {\n  elastic_gpu_specifications {\n  }\n}\n',
            "aws_launch_template.elastic_gpu_specifications is gone",
        ),
        ('data "aws_ami" "this" {\n  most_recent = true\n}\n', "aws_ami with most_recent needs owners"),
        (
            'resource "aws_config_aggregate_authorization" "this" {\n  region = "eu-west-1"\n}\n',
            "aws_config_aggregate_authorization.region is another argument in 6",
        ),
    ],
)
def test_what_version_6_removed_is_found(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_a_region_is_never_read_from_the_data_source() -> None:
    (found,) = problems("output a {\n  value = data.aws_region.current.name\n}\n")
    assert found.startswith("data.aws_region.current.name: ")


@pytest.mark.parametrize("path", sorted(ROOT.glob("modules/*/versions.tf")), ids=lambda path: path.parent.name)
def test_modules_take_both_versions(path: Path) -> None:
    assert 'version = ">= 5.100, < 7"' in path.read_text()


@pytest.mark.parametrize("path", sorted(ROOT.glob("terraform/**/versions.tf")), ids=lambda path: path.parent.name)
def test_the_roots_stay_with_the_version_that_is_run(path: Path) -> None:
    assert 'version = "~> 5.100"' in path.read_text()
