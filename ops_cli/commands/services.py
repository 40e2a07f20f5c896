"""`opsctl services`: what is deployed."""

from typing import Any

import click

from ops_cli.frame.completion import complete_service
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Column, emit
from ops_cli.frame.stack import Function, Stack
from ops_cli.frame.times import parse_rfc3339

COLUMNS = (
    Column("service", "id"),
    Column("queue", "id"),
    Column("changed", "moment", rank=2),
    Column("runtime", rank=3),
    Column("memory_mb", "number", rank=5),
    Column("timeout_seconds", "span", rank=4),
)

WHOLE = tuple(Column(key, "id") for key in ("role", "log_group", "next"))


@click.command(cls=OpsCommand)
@click.argument("name", required=False, shell_complete=complete_service)
@click.pass_obj
def services(ops: Ops, name: str | None) -> None:
    """List the services, or show one."""
    stack = ops.stack
    if name:
        _show(ops, _describe(ops, stack, stack.function(name)))
        return
    deployed = _deployed(ops, {function.name for function in stack.functions.values()})
    rows = [_row(stack, function, deployed.get(function.name)) for function in stack.functions.values()]
    emit(sorted(rows, key=lambda row: str(row["service"])), ops.choices, columns=COLUMNS)


def _show(ops: Ops, described: dict[str, Any]) -> None:
    """Show a service; for people each variable of its environment has a line of its own."""
    if ops.choices.output != "table" or ops.choices.query is not None:
        emit(described, ops.choices)
        return
    variables = {f"${name}": value for name, value in described["environment"].items()}
    rest = {key: value for key, value in described.items() if key not in ("environment", "next")}
    columns = (*COLUMNS, *WHOLE, *(Column(name, "id", heading=name) for name in variables))
    emit({**rest, **variables, "next": described["next"]}, ops.choices, columns=columns)


def _deployed(ops: Ops, names: set[str]) -> dict[str, Any]:
    pages = ops.client("lambda").get_paginator("list_functions").paginate()
    return {
        function["FunctionName"]: function
        for page in pages
        for function in page["Functions"]
        if function["FunctionName"] in names
    }


def _row(stack: Stack, function: Function, deployed: dict[str, Any] | None) -> dict[str, Any]:
    facts = deployed or {}
    return {
        "service": function.role,
        "function": function.name,
        "queue": next((queue.role for queue in stack.queues.values() if queue.consumer == function.role), None),
        "runtime": facts.get("Runtime", "not deployed"),
        "architecture": next(iter(facts.get("Architectures", [])), None),
        "memory_mb": facts.get("MemorySize"),
        "timeout_seconds": facts.get("Timeout"),
        "changed": parse_rfc3339(facts.get("LastModified", "")),
    }


def _describe(ops: Ops, stack: Stack, function: Function) -> dict[str, Any]:
    answer = ops.client("lambda").get_function(FunctionName=function.name, Qualifier=function.alias)
    configuration = answer["Configuration"]
    return {
        **_row(stack, function, configuration),
        "alias": function.alias,
        "version": configuration.get("Version"),
        "reserved_concurrency": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        "log_group": function.log_group,
        "role": configuration.get("Role"),
        "environment": configuration.get("Environment", {}).get("Variables", {}),
        "next": f"opsctl logs {function.role} --since 1h",
    }
