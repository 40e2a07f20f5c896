"""The part of the library's README that is made from its definitions.

`python -m tests.lib.insight.readme_of_insight` writes it again.
"""

from pathlib import Path

from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.register import FigureMetric, TableMetric
from insight.sources.events import Dropped

README = Path(__file__).parents[3] / "python" / "lib" / "insight" / "README.md"
BEGIN, END = "<!-- made from metrics.py and events.py -->\n", "<!-- until here -->\n"


def made_part() -> str:
    """Return the text between the marks."""
    figures = "".join(f"| `{key}` | {metric.label} | {metric.definition} |\n" for key, metric in FIGURES.items())
    tables = "".join(
        f"| `{key}` | {metric.label} | {_columns(metric)} {metric.definition} |\n" for key, metric in TABLES.items()
    )
    reasons = "".join(f"- `{reason.name.lower()}`: {reason.value}\n" for reason in Dropped)
    return (
        f"\n### Single numbers\n\n| key | label | what is counted |\n|---|---|---|\n{figures}"
        f"\n### Tables\n\n| key | label | columns, and what is counted |\n|---|---|---|\n{tables}"
        f"\n### Why a row that was read is not counted\n\n{reasons}\n"
    )


def _columns(metric: TableMetric | FigureMetric) -> str:
    assert isinstance(metric, TableMetric)
    return f"({', '.join(column.label for column in metric.columns)})"


def split() -> tuple[str, str, str]:
    """Return what stands before, between and after the marks in the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between, after


if __name__ == "__main__":
    first, _, last = split()
    README.write_text(f"{first}{BEGIN}{made_part()}{END}{last}", encoding="utf-8")
