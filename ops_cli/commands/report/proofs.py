"""`opsctl report explain`, `diff` and `verify`: where a report's numbers come from, and whether they hold."""

from dataclasses import asdict

import click

from ops_cli.commands.report.completing import complete_metric, complete_report
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Section, emit, emit_screen, note
from opscore.errors import PartlyDone

_FIGURE_COLUMNS = ("metric", "before", "after", "rows_added", "rows_removed")


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.argument("metric", shell_complete=complete_metric)
@click.pass_obj
def explain(ops: Ops, report_id: str, metric: str) -> None:
    """Show how METRIC of a report came about: definition, queries, inputs and the first rows behind it.

    METRIC is the key of a number or a table, for example active_users; the report's CSV and JSON name them all.
    """
    from ops_cli.commands.report import stack_proofs

    found = stack_proofs.explain(ops, report_id, metric)
    screen = {
        "metric": [{"metric": found.metric, "label": found.label, "value": found.value}],
        "definition": [{"what is counted": found.definition}],
        "queries": [{"name": name, "sql": sql} for name, sql in found.queries.items()],
        "inputs": [{"file": file.key, **asdict(file)} for file in found.inputs],
        "rows": list(found.rows),
        "row_count": found.row_count,
    }
    sections = (
        Section("metric", ("metric", "label", "value")),
        Section("definition", ("what is counted",)),
        Section("queries", ("name", "sql")),
        Section("inputs", ("file", "rows", "sha256")),
        Section("rows", ("event_id", "user", "kind", "at", "document", "score")),
    )
    emit_screen(screen, sections, ops.choices)
    if found.row_count is None:
        note("Athena read the events, so none of them is here to be shown.")
    else:
        note(f"{len(found.rows)} of {found.row_count:,} rows.")


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.argument("other_id", shell_complete=complete_report)
@click.pass_obj
def diff(ops: Ops, report_id: str, other_id: str) -> None:
    """Show which numbers moved from one report to another, and which late or changed rows moved them."""
    from ops_cli.commands.report import stack_proofs

    found = stack_proofs.diff(ops, report_id, other_id)
    screen = {
        "figures": found.figures,
        "files": [{"file": key, "is": what} for key, what in found.files.items()],
        "causes": [{"cause": cause} for cause in found.causes],
        "rows_added": found.rows_added,
        "rows_removed": found.rows_removed,
    }
    sections = (
        Section("figures", _FIGURE_COLUMNS, empty="No number moved."),
        Section("files", ("file", "is"), empty="The same event files."),
        Section("causes", ("cause",), empty="No other cause."),
    )
    emit_screen(screen, sections, ops.choices)
    note(f"{found.rows_added:,} rows came, {found.rows_removed:,} went.")


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.pass_obj
def verify(ops: Ops, report_id: str) -> None:
    """Compute a report's numbers again from its events, check its files, and say whether all of it holds."""
    from ops_cli.commands.report import stack_proofs

    checks = stack_proofs.verify(ops, report_id)
    emit(checks, ops.choices, columns=("what", "holds", "found"), paint=lambda row: None if row["holds"] else "red")
    if wrong := [check.what for check in checks if not check.holds]:
        raise PartlyDone(
            f"{len(wrong)} of {len(checks)} checks do not hold.", hint="`opsctl report diff` shows what moved."
        )
    note(f"All {len(checks)} checks hold.")
