"""Reports: an account-month of five million events against bare DuckDB and pandas, a large workbook, the generator."""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path
from typing import Any

from ops_cli.packaging import Target, build
from tests.bench.account_month.events import USERS, write
from tests.bench.timing import compare

ROOT = Path(__file__).parents[2]
SCRATCH = ROOT / "build" / "bench"
EVENTS = SCRATCH / "account-month.parquet"
PEER_HOME = SCRATCH / "pandas"
PEER = ("pandas==3.1.1", "pyarrow==26.0.1")
FUNCTION = "report-generator"
RUNS = 5
_MODULE = "tests.bench.account_month"
OURS = [sys.executable, "-m", f"{_MODULE}.by_insight", str(EVENTS)]


def run() -> list[dict[str, Any]]:
    """Measure the month, the workbook, and the generator's import and zip."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    write(EVENTS)
    return [*_month(), _workbook(), *_function()]


def _month() -> list[dict[str, Any]]:
    bare = [sys.executable, "-m", f"{_MODULE}.by_duckdb", str(EVENTS)]
    what = "5 M events"
    return [
        compare(f"{what} / the bare query over the same columns (CPU s)", OURS, bare, 1.5, runs=RUNS),
        _against_pandas(what),
        _row(f"{what}: peak memory (MB)", _peak_megabytes(OURS), _peak_megabytes(bare), 400),
    ]


def _against_pandas(what: str) -> dict[str, Any]:
    """Compare with pandas after making sure that both have the same figures; skipped, and said so, without it."""
    metric, python = f"pandas / {what} (CPU s)", _pandas()
    if python is None:
        return {"metric": f"{metric}: skipped, {' '.join(PEER)} cannot be installed here", "met": None}
    theirs = [python, str(ROOT / "tests/bench/account_month/by_pandas.py"), str(EVENTS), str(USERS)]
    figures = [json.loads(subprocess.check_output(command, cwd=ROOT)) for command in (OURS, theirs)]
    assert figures[0].keys() == figures[1].keys(), figures
    assert all(math.isclose(value, figures[1][key], rel_tol=1e-9) for key, value in figures[0].items()), figures
    row = compare(metric, theirs, OURS, 5, runs=3)
    return row | {"ours": row["peer"], "peer": row["ours"], "goal": ">= 5", "met": row["ratio"] >= 5}


def _pandas() -> str | None:
    """Return a Python that has pandas, in a folder of its own under build/; None when it cannot be had."""
    python = PEER_HOME / "bin" / "python"
    if not python.exists():
        venv.create(PEER_HOME, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER]
    return str(python) if subprocess.run(pip, check=False).returncode == 0 else None


def _peak_megabytes(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _workbook() -> dict[str, Any]:
    grown = [float(subprocess.check_output([sys.executable, "-m", f"{_MODULE}.million_cells"])) for _ in range(3)]
    return _row("XLSX of 1,000,000 cells: growth (MB)", statistics.median(grown), None, 50)


def _function() -> list[dict[str, Any]]:
    """Build the generator as it is deployed, and import it from its zip's contents alone."""
    build(ROOT, Target.sandbox(), report=lambda _line: None)
    zipped = next((ROOT / "build" / "sandbox").glob(f"{FUNCTION}-*.zip"))
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(zipped).extractall(folder)
        environment = {**os.environ, "PYTHONPATH": folder}
        # What the runtime brings, boto3, comes from our own environment for both.
        ours = [sys.executable, "-c", "import report_generator.handler, duckdb"]
        floor = [sys.executable, "-c", "import duckdb, boto3"]
        imported = compare("import of the generator / import duckdb, boto3", ours, floor, 1.5, environment=environment)
    return [imported, _row("zip of the generator (MB)", zipped.stat().st_size / 1e6, None, 60)]


def _row(metric: str, ours: float, peer: float | None, goal: float) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    other = round(peer, 1) if peer else None
    return {
        "metric": metric,
        "ours": round(ours, 1),
        "peer": other,
        "ratio": ratio,
        "goal": f"< {goal:g}",
        "met": ours < goal,
    }
