"""Write a workbook of a million cells and print by how many megabytes the process grew over one of a thousand."""

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from insight.numbers.analysis import Row
from insight.numbers.register import Unit
from insight.render.workbook import Sheet, write

_COLUMNS = (("User", Unit.TEXT), *((f"Number {at}", Unit.COUNT) for at in range(9)))


def rows(count: int) -> Iterator[Row]:
    """Yield rows of ten cells."""
    for number in range(count):
        yield (f"acme-user-{number:07}", *range(number, number + 9))


def peak() -> float:
    """Return the most memory that this program ever had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says on Linux may be the memory of the process that started this one.
        return float(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "small.xlsx", [Sheet("Users", _COLUMNS, rows(100))])
        before = peak()
        write(Path(folder) / "large.xlsx", [Sheet("Users", _COLUMNS, rows(100_000))])
        print(peak() - before)


if __name__ == "__main__":
    main()
