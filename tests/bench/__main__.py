"""`make bench`: measure against peers and floors in one run; write build/bench.json and print a table.

Every figure is a ratio of two things measured in this run, because absolute times say more about the machine.
`python -m tests.bench startup dead_letters` runs only those.
"""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tabulate import tabulate

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench.json"


def benches() -> list[str]:
    """Return the names of the benches: every module beside this one that has a `run`."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__main__", "timing"))


def main(names: list[str]) -> int:
    """Run the named benches (all by default); returns 1 when a goal was missed."""
    rows: list[dict[str, Any]] = []
    for name in names or benches():
        print(f"measuring {name} …", file=sys.stderr)
        run: Callable[[], list[dict[str, Any]]] = importlib.import_module(f"tests.bench.{name}").run
        rows += [{"bench": name, **row} for row in run()]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(tabulate(rows, headers="keys", tablefmt="simple"))
    return 0 if all(row.get("met") in (True, None) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
