"""`make check`: which tests belong to what was changed. `python -m tests.selection` prints them, one on a line.

A changed source is tested by the files of the folder that mirrors its own (or of the nearest one above that has
tests), a changed test by itself, what tests share by its folder; the contracts hold for everything. Folders that take
minutes are left to `make test`, and named on stderr.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
LONGEST = ("e2e", "ops_cli/sandbox", "emulator", "terraform")
"""Folders of tests that take minutes, the longest first."""

MIRRORED = {
    "ops_cli": "tests/ops_cli",
    "python/lib": "tests/lib",
    "python/functions": "tests/functions",
    "python/emulator/emulated_aws": "tests/emulator",
    "modules": "tests/terraform",
    "terraform": "tests/terraform",
    "docs/examples": "tests/terraform",
}
CONTRACTS = "tests/contracts"
ONLY_FOR = {f"{CONTRACTS}/test_zips.py": ("ops_cli/packaging", "python/functions")}
"""A contract that builds every zip: run when what it is about most was changed."""


def changed() -> list[str]:
    """Return what differs from where this branch left `main` (on `main`: from the last commit), and what is new."""
    base = _git("merge-base", "HEAD", "main") or _git("merge-base", "HEAD", "origin/main") or ["HEAD"]
    return sorted({*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")})


def _git(*arguments: str) -> list[str]:
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.splitlines()


def select(paths: Iterable[str], root: Path = ROOT) -> tuple[list[str], list[str]]:
    """Return the test files of changed paths, and the folders of tests that are left to `make test`."""
    paths = list(paths)
    files = {file for path in paths for file in _tests_of(PurePosixPath(path), root)} | set(_files(CONTRACTS, root))
    for contract, subjects in ONLY_FOR.items():
        if not _below_any(paths, (*subjects, contract)):
            files.discard(contract)
    long = {file: name for file in files for name in LONGEST if _is_below(file, f"tests/{name}")}
    return sorted(files - long.keys()), sorted({f"tests/{name}" for name in long.values()})


def _tests_of(path: PurePosixPath, root: Path) -> Iterator[str]:
    if path.name.startswith("test_") and path.suffix == ".py":
        yield from [str(path)] if (root / path).exists() else []
        return
    folder = path.parent if path.parts[0] == "tests" else _mirror(path)
    while folder is not None and len(folder.parts) > 1:
        if found := _files(str(folder), root):
            yield from found
            return
        folder = folder.parent


def _mirror(path: PurePosixPath) -> PurePosixPath | None:
    for source, tests in MIRRORED.items():
        if _is_below(str(path), source):
            return (PurePosixPath(tests) / path.relative_to(source)).parent
    return None


def _files(folder: str, root: Path) -> list[str]:
    return [str(file.relative_to(root)) for file in sorted((root / folder).glob("test_*.py"))]


def _below_any(paths: Iterable[str], folders: Iterable[str]) -> bool:
    return any(_is_below(path, folder) for path in paths for folder in folders)


def _is_below(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def main() -> None:
    """Print the tests of what was changed."""
    files, long = select(changed())
    sys.stdout.write("\n".join(files) + "\n")
    if long:
        sys.stderr.write(f"Left to `make test`, which takes minutes: {', '.join(long)}\n")


if __name__ == "__main__":
    main()
