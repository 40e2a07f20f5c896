"""A function's requirements.txt and the committed lock that pins it for Lambda."""

from __future__ import annotations

import hashlib
import re

from ops_cli.packaging.files import failed
from ops_cli.packaging.targets import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HASH = re.compile(r"\s--hash[= ](?P<hash>\S+)")
_LOCKED_HASH = re.compile(r" *\\\n +--hash=(?P<hash>\S+)")
_MACHINE_MARKER = re.compile(r' ; platform_machine == "(?P<machine>\w+)"')
_RESOLVED_FROM = re.compile(r"^# requirements: (?P<digest>[0-9a-f]{64}) for (?P<runtime>python3\.\d+)$", re.MULTILINE)


def parse(text: str, path: str) -> tuple[str, ...]:
    """Return the requirements of a file in a fixed order, each with its hashes in one line, without comments.

    Options, includes and addresses are refused: what they lead to is not the same on every machine.
    """
    requirements, problems = set(), []
    for number, line in _logical_lines(text):
        plain, hashes = without_hashes(line), sorted(set(_HASH.findall(line)))
        if plain.startswith("-") or " --" in plain or "://" in plain:
            problems.append(f"{path}:{number}: {line!r} is not a plain requirement like `name==1.2`")
        elif strange := [one for one in hashes if not re.fullmatch("sha256:[0-9a-f]{64}", one)]:
            problems.append(f"{path}:{number}: {strange[0]!r} is not a hash like sha256: and 64 digits")
        elif line:
            requirements.add(" --hash=".join([plain, *hashes]))
    if problems:
        raise failed("\n".join(problems), "Options, includes and addresses are not taken.")
    return tuple(sorted(requirements))


def without_hashes(requirement: str) -> str:
    """Return a requirement as it can be resolved."""
    return _HASH.sub("", requirement).strip()


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, without its comment; one that ends in a backslash goes on in the next."""
    number, joined = 0, ""
    for here, line in enumerate(text.splitlines(), 1):
        number = number if joined else here
        stripped = re.sub(r"(^|\s)#.*", "", line).strip()
        joined = f"{joined} {stripped.removesuffix(chr(92)).strip()}"
        if not stripped.endswith("\\"):
            yield number, joined.strip()
            joined = ""
    yield number, joined.strip()


def keep_given_hashes(pins: str, requirements: tuple[str, ...], user: str) -> str:
    """Return resolved pins without the hashes that their requirement does not name; refuse a pin that has none left.

    uv resolves without looking at a requirement's hashes; it refuses other files only when it installs.
    """
    given: dict[str, set[str]] = {}
    for requirement in requirements:
        if (hashes := _HASH.findall(requirement)) and (name := _NAME.match(requirement)):
            given.setdefault(_normal(name[0]), set()).update(hashes)
    kept = []
    for block in blocks(pins):
        pin = _PIN.match(block)
        wanted = given.get(_normal(pin["name"])) if pin else None
        hashes = _LOCKED_HASH.findall(block)
        if pin and wanted and wanted.isdisjoint(hashes):
            what = f"{user}: no file of {pin['name']} {pin['version']} has a hash that is given for it"
            raise failed(f"{what} ({', '.join(sorted(wanted))}).", "Compare it with the place the hash is from.")
        allowed = [one for one in hashes if not wanted or one in wanted]
        kept.append(" \\\n    --hash=".join([_LOCKED_HASH.sub("", block), *allowed]) + "\n")
    return "".join(kept)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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


def read_lock(text: str, requirements: tuple[str, ...], path: str, runtime: str | None) -> Lock:
    """Return a function's lock, which must fit its requirements and, unless None, the runtime."""
    if not text:
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
