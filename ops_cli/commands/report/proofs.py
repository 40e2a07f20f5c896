"""`opsctl report explain`, `diff` and `verify`: where a report's numbers come from, and whether they hold."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ops_cli.commands.report.completing import complete_metric, complete_report
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Column, Section, emit, emit_screen, note
from opscore.errors import PartlyDone
from opscore.words import counted

if TYPE_CHECKING:
    from insight.proofs.differences import MovedFigure
    from insight.proofs.provenance import Explanation

_INPUTS = (Column("file", "id"), Column("rows", "number", rank=1), Column("sha256", "id", rank=2))
_EVENTS = (
    Column("event_id", "id"),
    Column("at", rank=1),
    Column("user", rank=2),
    Column("kind", rank=3),
    Column("document", rank=4),
    Column("score", "number", rank=5),
)
_FIGURES = (
    Column("metric", "id"),
    Column("before", "number", rank=0),
    Column("after", "number", rank=0),
    Column("rows_added", "number", rank=1),
    Column("rows_removed", "number", rank=2),
)
_CHECKS = (Column("holds", rank=0), Column("what", "id"), Column("found", rank=1))


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
    if ops.choices.is_for_people:
        _show_definition(ops, found)
    sections = (
        Section("inputs", _INPUTS, more="--output json", empty="no event file"),
        Section("rows", _EVENTS, more="--output json"),
    )
    emit_screen(screen, sections, ops.choices, head=["\nWhat it was computed from:"])
    if found.row_count is None:
        note("Athena read the events, so none of them is here to be shown.")
    else:
        note(f"{len(found.rows)} of {counted(found.row_count, 'row')}.")


def _show_definition(ops: Ops, found: "Explanation") -> None:
    """Show what is counted and by which queries: whole, however many lines that takes."""
    shown = {"metric": found.metric, "label": found.label, "value": found.text, "what is counted": found.definition}
    queries = {f"{name} sql": sql for name, sql in found.queries.items()}
    emit(shown | queries, ops.choices, columns=[Column(key, "id") for key in (*shown, *queries)])


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.argument("other_id", shell_complete=complete_report)
@click.pass_obj
def diff(ops: Ops, report_id: str, other_id: str) -> None:
    """Show which numbers moved from one report to another, and which late or changed rows moved them."""
    from ops_cli.commands.report import stack_proofs

    found = stack_proofs.diff(ops, report_id, other_id)
    is_read = ops.choices.is_for_people
    screen = {
        "figures": [_written(figure) for figure in found.figures] if is_read else found.figures,
        "files": [{"file": key, "is": what} for key, what in found.files.items()],
        "causes": [{"cause": cause} for cause in found.causes],
        "rows_added": found.rows_added,
        "rows_removed": found.rows_removed,
    }
    sections = (
        Section("figures", _FIGURES, empty="no number moved", most=100, more="--output json"),
        Section("files", (Column("file", "id"), Column("is", "id", rank=0)), empty="the same event files"),
        Section("causes", (Column("cause", rank=0),), empty="no other cause"),
    )
    emit_screen(screen, sections, ops.choices)
    note(f"{counted(found.rows_added, 'row')} came, {found.rows_removed:,} went.")


def _written(figure: "MovedFigure") -> dict[str, Any]:
    """Return the row that people see: the numbers as the report writes them."""
    from insight.numbers.report import text_of

    values = {"before": text_of(figure.before, figure.unit), "after": text_of(figure.after, figure.unit)}
    return asdict(figure) | values


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.pass_obj
def verify(ops: Ops, report_id: str) -> None:
    """Compute a report's numbers again from its events, check its files, and say whether all of it holds."""
    from ops_cli.commands.report import stack_proofs

    checks = stack_proofs.verify(ops, report_id)
    emit(checks, ops.choices, columns=_CHECKS, paint=lambda row: None if row["holds"] else "red")
    if wrong := [check.what for check in checks if not check.holds]:
        raise PartlyDone(
            f"{len(wrong)} of {counted(len(checks), 'check')} {'does' if len(wrong) == 1 else 'do'} not hold.",
            hint="`opsctl report diff` shows what moved.",
        )
    note(f"{counted(len(checks), 'check')}: all hold.")
