"""A function's requirements.txt and the committed lock that pins it for Lambda."""

from __future__ import annotations

import hashlib
import re

from ops_cli.packaging.problems import failed, found
from ops_cli.packaging.targets import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)")
_MACHINE_MARKER = re.compile(r' ; platform_machine == "(?P<machine>\w+)"')
_RESOLVED_FROM = re.compile(r"^# requirements: (?P<digest>[0-9a-f]{64}) for (?P<runtime>python3\.\d+)$", re.MULTILINE)


_NAMED = 3


def parse(text: str, path: str) -> tuple[str, ...]:
    """Return the requirements of a file in a fixed order, without comments.

    Options, includes and addresses are refused: what they lead to is not the same on every machine.
    """
    requirements, problems = set(), []
    for number, line in enumerate(text.splitlines(), 1):
        requirement = re.sub(r"(^|\s)#.*", "", line).strip()
        if requirement.startswith("-") or "://" in requirement or requirement.endswith("\\"):
            problems.append(f"{path}:{number}: {requirement!r} is not a plain requirement like `name==1.2`")
        elif requirement:
            requirements.add(requirement)
    if problems:
        raise found(problems, "Options, includes and addresses are not taken.")
    return tuple(sorted(requirements))


class Lock:
    """The pinned versions of one requirements.txt for one runtime, on both of Lambda's architectures."""

    __slots__ = ("_blocks", "digest", "runtime")

    def __init__(self, text: str) -> None:
        head = _RESOLVED_FROM.search(text)
        self.digest = head["digest"] if head else ""
        self.runtime = head["runtime"] if head else ""
        self._blocks = blocks(text)

    def pins_for(self, architecture: str) -> str:
        """Return the pins and hashes that hold on one architecture, as uv takes them."""
        kept = []
        for block in self._blocks:
            marker = _MACHINE_MARKER.search(block)
            if marker is None or marker["machine"] == MACHINES.get(architecture, architecture):
                kept.append(_MACHINE_MARKER.sub("", block))
        return "\n".join(kept) + "\n"


def read_lock(text: str | None, requirements: tuple[str, ...], path: str, runtime: str | None) -> Lock:
    """Return a function's lock, which must fit its requirements and, unless None, the runtime."""
    if text is None:
        raise failed(f"{path} is missing.", "Run `make lock` and commit what it writes.")
    lock = Lock(text)
    if lock.digest != requirements_digest(requirements):
        raise failed(
            f"{path} was not made from the requirements.txt beside it.", "Run `make lock` and commit what it writes."
        )
    if runtime not in (None, lock.runtime):
        raise failed(
            f"{path} was resolved for {lock.runtime}, not for {runtime}.",
            f"`python -I -S ops_cli/packaging --lock --runtime {runtime}` resolves it for that.",
        )
    return lock


def lock_text(requirements: tuple[str, ...], runtime: str, pins: dict[str, str]) -> str:
    """Return the text of a lock from what was resolved for each architecture.

    A pin that is not the same on all of them is marked with the machine that it holds for.
    """
    resolved = {architecture: blocks(text) for architecture, text in pins.items()}
    everywhere = set.intersection(*(set(each) for each in resolved.values()))
    lines = {block: block for block in everywhere}
    for architecture, each in resolved.items():
        for block in each:
            if block not in everywhere:
                marker = f'; platform_machine == "{MACHINES[architecture]}" \\'
                lines[f"{block} {architecture}"] = block.replace("\\", marker, 1)
    head = (
        "# The versions and hashes of the requirements.txt beside this file; `make lock` writes it.\n"
        f"# requirements: {requirements_digest(requirements)} for {runtime}\n"
    )
    return head + "".join(f"{lines[key]}\n" for key in sorted(lines))


def requirements_digest(requirements: tuple[str, ...]) -> str:
    """Return the hash by which a lock names the requirements it was made from."""
    return hashlib.sha256("\n".join(requirements).encode()).hexdigest()


def blocks(text: str) -> list[str]:
    """Split resolved requirements into one piece per package, its hashes included, without comments."""
    joined: list[str] = []
    for line in text.splitlines():
        if line[:1].isspace() and joined:
            joined[-1] += f"\n{line.rstrip()}"
        elif line.strip() and not line.startswith("#"):
            joined.append(line.rstrip())
    return sorted(joined)


def versions(pins: str) -> dict[str, str]:
    """Return the version of every package in resolved requirements."""
    found_pins = (_PIN.match(block) for block in blocks(pins))
    return {pin["name"].lower(): pin["version"] for pin in found_pins if pin}


def differences(deployed: str, here: str) -> list[str]:
    """Say package by package where two resolutions differ: the deployed one first."""
    theirs, ours = versions(deployed), versions(here)
    return [
        f"{name} {theirs.get(name, 'absent')} -> {ours.get(name, 'absent')}"
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    ]


def named(functions: Iterable[str]) -> str:
    """Name the first functions and count the rest."""
    names = sorted(functions)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
