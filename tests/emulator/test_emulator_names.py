"""The contract with the emulator: every name of it that the plug-in takes hold of, and the version that has them.

When the pinned version changes, this fails first. Read each name's new meaning before mending the list.
"""

import ast
import importlib
import inspect
from importlib import metadata
from pathlib import Path

import pytest

import emulated_aws

VERSION = "1.5.33"

NAMES = {
    "ministack.app": {"_build_persistence_save_dict", "app", "pin_request_origin"},
    "ministack.core.arn": {"ArnParseError", "parse_arn"},
    "ministack.core.iam_actions": {
        "access_denied_response",
        "extract_iam_action",
        "extract_resource_arn",
        "identity_denial_message",
        "request_tag_context",
    },
    "ministack.core.iam_evaluator": {"enforce"},
    "ministack.core.lambda_runtime": {"INVOKE_DEPTH_BOOTSTRAP", "Worker", "_PYTHON_WORKER_SCRIPT", "reset"},
    "ministack.core.persistence": {"_json_default", "_state_format_version"},
    "ministack.core.responses": {
        "AccountRegionScopedDict",
        "error_response_json",
        "get_account_id",
        "get_region",
        "json_response",
        "new_uuid",
        "request_scope",
    },
    "ministack.services.athena": {"_executions", "_save_query_results"},
    "ministack.services.autoscaling": {
        "_ACTION_MAP",
        "_asg_arn",
        "_asgs",
        "_delete_group_hooks",
        "_delete_group_policies",
        "_error",
        "_hook_record",
        "_hooks",
        "_launch_configs",
        "_member_xml",
        "_p",
        "_parse_member_list",
        "_parse_nested",
        "_reconcile_instances",
        "_tags",
        "_xml",
        "get_state",
        "load_persisted_state",
        "reset",
    },
    "ministack.services.cloudformation": {"_stacks"},
    "ministack.services.cloudformation.engine": {"_parse_template"},
    "ministack.services.cloudformation.handlers": {"_ACTION_HANDLERS", "_p"},
    "ministack.services.cloudformation.provisioners": {"_RESOURCE_HANDLERS"},
    "ministack.services.cloudformation.stacks": {"_runs_on_worker_thread"},
    "ministack.services.cloudwatch": {
        "_alarms",
        "_calc_stats",
        "_cbor_alarm",
        "_cbor_ok",
        "_composite_alarms",
        "_describe_alarms",
        "_describe_alarms_for_metric",
        "_dims_from_list",
        "_dims_key",
        "_dispatch_alarm_actions",
        "_error",
        "_evaluate_alarm",
        "_evaluate_parent_alarms",
        "_json_ok",
        "_metric_bucket",
        "_metrics",
        "_p",
        "_put_metric_alarm",
        "_record_history",
        "_stat_value",
        "_xml",
        "record_metric",
    },
    "ministack.services.cloudwatch_logs": {
        "_append_log_events",
        "_filter_log_events",
        "_log_events_lock",
        "_log_groups",
        "_resolve_log_group_name",
    },
    "ministack.services.ec2": {
        "_ACTION_MAP",
        "_INSTANCE_ID_RE",
        "_STUB_AMIS",
        "_cleanup_terminated",
        "_error",
        "_instance_xml",
        "_instances",
        "_launch_instances_internal",
        "_launch_templates",
        "_lt_data_xml",
        "_lt_version_inner_xml",
        "_lt_version_xml",
        "_new_volume_id",
        "_parse_filters",
        "_parse_lt_data",
        "_parse_member_list",
        "_parse_register_block_device_mappings",
        "_parse_tag_specs",
        "_resolve_iam_instance_profile",
        "_snapshot_inner_xml",
        "_snapshots",
        "_subnets",
        "_tag_set_xml",
        "_tags",
        "_volumes",
        "_xml",
        "get_state",
    },
    "ministack.services.ecs": {
        "_ACTION_MAP",
        "_capacity_providers",
        "_clusters",
        "_create_service",
        "_launch_choice",
        "_reconcile_service_tasks",
        "_resolve_capacity_provider_name",
        "_resolve_cluster_name",
        "_resolve_service_ref",
        "_resolve_td_key",
        "_sanitize",
        "_services",
        "_stop_task",
        "_tags",
        "_task_capacity",
        "_task_defs",
        "_tasks",
        "_update_service",
        "get_state",
        "load_persisted_state",
    },
    "ministack.services.eventbridge": {
        "_archives",
        "_cron_next_fire",
        "_dispatch_to_sqs",
        "_events_log_list",
        "_invoke_target",
        "_parse_cron_fields",
        "_parse_rate_seconds",
        "_put_events",
        "_rules",
    },
    "ministack.services.iam": {"_instance_profiles"},
    "ministack.services.lambda_svc": {
        "_create_esm",
        "_emit_lambda_metrics",
        "_esms",
        "_execute_function",
        "_execute_function_dispatch",
        "_execute_function_warm",
        "_functions",
        "_get_account_settings",
        "_get_func_record_for_ref",
        "_put_function_concurrency",
        "_run_sqs_batch",
        "_update_esm",
    },
    "ministack.services.s3": {
        "_bucket_owner_account",
        "_error",
        "_merge_hoisted_amz_headers",
        "_parse_bucket_key",
        "_put_object",
        "_qp",
        "handle_request",
    },
    "ministack.services.scheduler": {
        "_create_schedule",
        "_error",
        "_schedule_last_fired",
        "_schedules",
        "_tick_schedules",
        "_to_epoch",
        "_update_schedule",
    },
    "ministack.services.sns": {"_topics", "publish_internal"},
    "ministack.services.sqs": {
        "_Err",
        "_HANDLERS",
        "_delete_messages_for_esm",
        "_externalize_url",
        "_get_q",
        "_queue_by_arn",
        "_queues",
        "_queues_lock",
        "_refresh_counts",
        "esm_wake",
    },
    "ministack.services.ssm": {
        "DEFAULT_PAGE_SIZE",
        "_decode_next_token",
        "_delete_parameter",
        "_delete_parameters",
        "_encode_next_token",
        "_get_parameters_by_path",
        "_label_parameter_version",
        "_lookup_parameter",
        "_param_out",
        "_parameter_history",
        "_parameters",
        "_public_parameter",
        "_put_parameter",
        "_select_parameter",
        "_tags",
        "load_persisted_state",
    },
    "ministack.services.stepfunctions": {
        "_AWS_SDK_SERVICE_MAP",
        "_executions",
        "_resolve_state_machine_arn",
        "_start_execution",
        "_state_machines",
    },
}

SIGNATURES = {
    "ministack.app.pin_request_origin": "(source_ip, secure_transport)",
    "ministack.core.iam_actions.extract_iam_action": "(service, method, path, headers, body, query_params)",
    "ministack.core.iam_evaluator.enforce": (
        "(access_key_id, iam_action, service, region, resource_arn, service_context)"
    ),
    "ministack.core.lambda_runtime.Worker._drain_stderr_bounded": "(self, first_line_wait, idle_confirm, hard_cap)",
    "ministack.services.athena._save_query_results": "(query_id)",
    "ministack.services.cloudwatch._describe_alarms": "(params, cbor_data, is_cbor, is_json)",
    "ministack.services.cloudwatch._describe_alarms_for_metric": "(params, cbor_data, is_cbor, is_json)",
    "ministack.services.cloudwatch._dispatch_alarm_actions": "(alarm, old_state, new_state, reason)",
    "ministack.services.cloudwatch._evaluate_alarm": "(alarm)",
    "ministack.services.cloudwatch._evaluate_parent_alarms": "(child, seen)",
    "ministack.services.cloudwatch._put_metric_alarm": "(params, cbor_data, is_cbor, is_json)",
    "ministack.services.cloudwatch.record_metric": "(namespace, metric_name, value, unit, dimensions)",
    "ministack.services.cloudwatch_logs._append_log_events": "(stream, events)",
    "ministack.services.cloudwatch_logs._filter_log_events": "(data)",
    "ministack.services.autoscaling._hook_record": "(asg_name, hook_name, fields)",
    "ministack.services.ec2._launch_instances_internal": (
        "(image_id, instance_type, subnet_id, count, key_name, user_data, sg_ids, requested_private_ip, iam_profile)"
    ),
    "ministack.services.ec2._lt_data_xml": "(data)",
    "ministack.services.ec2._parse_lt_data": "(params, prefix)",
    "ministack.services.ecs._create_service": "(data)",
    "ministack.services.ecs._reconcile_service_tasks": "(cluster_name, svc_key)",
    "ministack.services.ecs._sanitize": "(obj)",
    "ministack.services.ecs._stop_task": "(data)",
    "ministack.services.ecs._task_capacity": "(launch_type, strategy)",
    "ministack.services.ecs._update_service": "(data)",
    "ministack.services.eventbridge._dispatch_to_sqs": "(spec, payload, sqs_parameters)",
    "ministack.services.eventbridge._cron_next_fire": "(fields, after_dt)",
    "ministack.services.eventbridge._invoke_target": "(target, event, rule, view)",
    "ministack.services.eventbridge._put_events": "(data, allow_aws_source)",
    "ministack.services.lambda_svc._emit_lambda_metrics": "(function_name, duration_ms, error, throttle)",
    "ministack.services.lambda_svc._execute_function_dispatch": "(func, config, event, request_id, started)",
    "ministack.services.lambda_svc._execute_function_warm": "(func, event, request_id)",
    "ministack.services.s3._put_object": "(bucket_name, key, body, headers)",
    "ministack.services.scheduler._create_schedule": "(name, body)",
    "ministack.services.scheduler._tick_schedules": "()",
    "ministack.services.scheduler._update_schedule": "(name, body)",
    "ministack.services.sqs._get_q": "(url, action)",
    "ministack.services.ssm._delete_parameter": "(data)",
    "ministack.services.ssm._delete_parameters": "(data)",
    "ministack.services.ssm._get_parameters_by_path": "(data)",
    "ministack.services.ssm._label_parameter_version": "(data)",
    "ministack.services.ssm._public_parameter": "(name)",
    "ministack.services.ssm._put_parameter": "(data)",
    "ministack.services.ssm._select_parameter": "(name_or_arn)",
}

SOURCES = sorted(Path(str(emulated_aws.__file__)).parent.rglob("*.py"))


def test_the_emulator_has_the_version_that_the_plug_in_is_written_for() -> None:
    assert metadata.version("ministack") == VERSION


@pytest.mark.parametrize("module", sorted(NAMES))
def test_every_name_is_there(module: str) -> None:
    assert not {name for name in NAMES[module] if not hasattr(importlib.import_module(module), name)}


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_what_is_replaced_or_called_takes_the_same_arguments(name: str) -> None:
    holder, _, last = name.rpartition(".")
    module, _, owner = holder.rpartition(".")
    found = getattr(importlib.import_module(module), owner) if owner == "Worker" else importlib.import_module(holder)
    assert f"({', '.join(inspect.signature(getattr(found, last)).parameters)})" == SIGNATURES[name]


def test_a_worker_holds_what_the_plug_in_reads() -> None:
    from ministack.core.lambda_runtime import INVOKE_DEPTH_ENV, Worker

    worker = Worker("function", {"Runtime": "python3.13"}, b"")
    assert {"_proc", "_stderr_queue", "config"} <= vars(worker).keys()
    assert INVOKE_DEPTH_ENV == "_MINISTACK_INVOKE_DEPTH"


def test_the_lists_name_all_that_the_plug_in_uses() -> None:
    used: dict[str, set[str]] = {}
    for source in SOURCES:
        for module, name in _names_used(ast.parse(source.read_text(encoding="utf-8"))):
            used.setdefault(module, set()).add(name)
    assert used == NAMES


def _names_used(tree: ast.Module) -> set[tuple[str, str]]:
    """Return (module, name) for `from ministack.x import name`, `alias.name` and `replace(alias, "name", …)`."""
    aliases, found = {"ministack.app": "ministack.app"}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ministack":
            for alias in node.names:
                if node.module in ("ministack.core", "ministack.services", "ministack.services.cloudformation"):
                    aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                elif (node.module, alias.name) != ("ministack.services", "sqs"):
                    found.add((node.module, alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in aliases:
            found.add((aliases[ast.unparse(node.value)], node.attr))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "replace" and len(node.args) == 3:
            owner, name = (ast.unparse(argument) for argument in node.args[:2])
            if owner in aliases:
                found.add((aliases[owner], ast.literal_eval(name)))
    return found
