"""The packages that Lambda's own runtime brings, and nothing else of the emulator's environment.

"Runtime-included SDK versions": https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

SDK = "boto3"
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9._-]+")


def provide(parent: Path) -> Path:
    """Make a folder below `parent` with links to the SDK and what it needs, and return it."""
    folder = parent / "lambda-runtime"
    folder.mkdir(parents=True, exist_ok=True)
    for distribution in _closure(SDK):
        for name in _top_level(distribution):
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(Path(str(distribution.locate_file(name))))
    return folder


def _closure(name: str) -> Iterator[metadata.Distribution]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        distribution = metadata.distribution(current)
        yield distribution
        waiting += [
            match.group()
            for requirement in distribution.requires or ()
            if "extra ==" not in requirement and (match := _REQUIREMENT_NAME.match(requirement))
        ]


def _top_level(distribution: metadata.Distribution) -> set[str]:
    tops = {Path(str(file)).parts[0] for file in distribution.files or ()}
    return {top for top in tops if top not in ("..", "__pycache__")}
