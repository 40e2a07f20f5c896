"""Shell completion of report ids and of metrics."""

from typing import TYPE_CHECKING

from ops_cli.frame.completion import completion_of
from ops_cli.frame.context import Ops

if TYPE_CHECKING:
    import click


def _report_ids(ops: Ops) -> list[str]:
    from ops_cli.commands.report import stack_reports

    return stack_reports.ids(ops)


complete_report = completion_of("reports", _report_ids)


def complete_metric(_ctx: "click.Context", _param: "click.Parameter", incomplete: str) -> list[str]:
    """Complete the keys of the reports' numbers and tables."""
    from insight.numbers.metrics import FIGURES, TABLES

    return [key for key in (*FIGURES, *TABLES) if key.startswith(incomplete)]
