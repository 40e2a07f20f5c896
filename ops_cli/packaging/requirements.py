"""A function's requirements.txt and the committed lock that pins it for Lambda, as texts."""

import hashlib
import re
from collections.abc import Iterator, Mapping

from ops_cli.packaging.sources import failed
from ops_cli.packaging.targets import MACHINES

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?(?:==(?P<version>[^ ;\\]+))?")
_HASH = re.compile(r"\s--hash[= ](?P<hash>\S+)")
_LOCKED_HASH = re.compile(r" *\\\n +--hash=(?P<hash>\S+)")
_MACHINE_MARKER = re.compile(r' ; platform_machine == "\w+"')
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


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, without its comment; one that ends in a backslash goes on in the next."""
    plain = "\n".join(re.sub(r"(^|\s)#.*", "", line).rstrip() for line in text.splitlines())
    for found in re.finditer(r"(?:.*\\\n)*.*", plain):
        yield plain.count("\n", 0, found.start()) + 1, re.sub(r"\s*\\(\n\s*|$)", " ", found[0]).strip()


def without_hashes(requirement: str) -> str:
    """Return a requirement as it can be resolved."""
    return _HASH.sub("", requirement).strip()


def keep_given_hashes(pins: str, requirements: tuple[str, ...], user: str) -> str:
    """Return resolved pins without the hashes that their requirement does not name; refuse a pin that has none left.

    uv resolves without looking at a requirement's hashes; it refuses other files only when it installs.
    """
    given: dict[str, set[str]] = {}
    for requirement in requirements:
        given.setdefault(_name_and_version(requirement)[0], set()).update(_HASH.findall(requirement))
    kept = ""
    for block in blocks(pins):
        name, version = _name_and_version(block)
        hashes = _LOCKED_HASH.findall(block)
        wanted = given.get(name) or set(hashes)
        if wanted.isdisjoint(hashes):
            what = f"{user}: no file of {name} {version} has a hash that is given for it"
            raise failed(f"{what} ({', '.join(sorted(wanted))}).", "Compare it with the place the hash is from.")
        allowed = [one for one in hashes if one in wanted]
        kept += " \\\n    --hash=".join([_LOCKED_HASH.sub("", block), *allowed]) + "\n"
    return kept


def lock_text(requirements: tuple[str, ...], runtime: str, pins: Mapping[str, str]) -> str:
    """Return the text of a lock from what was resolved for each architecture.

    A pin that is not the same on all of them is marked with the machine that it holds for.
    """
    found: dict[str, list[str]] = {}
    for architecture, text in pins.items():
        for block in blocks(text):
            found.setdefault(block, []).append(architecture)
    head = (
        "# The versions and hashes of the requirements.txt beside this file; `make lock` writes it.\n"
        f"# requirements: {_digest(requirements)} for {runtime}\n"
    )
    for block, architectures in sorted(found.items()):
        marker = "" if len(architectures) == len(pins) else f' ; platform_machine == "{MACHINES[architectures[0]]}"'
        head += block.replace(" \\", f"{marker} \\", 1) + "\n"
    return head


def check_lock(text: str, requirements: tuple[str, ...], path: str, runtime: str | None) -> None:
    """Refuse a lock that does not fit its requirements or, unless that is None, the runtime."""
    mend = "Run `make lock` and commit what it writes."
    if not text:
        raise failed(f"{path} is missing.", mend)
    head = _RESOLVED_FROM.search(text)
    if head is None or head["digest"] != _digest(requirements):
        raise failed(f"{path} was not made from the requirements.txt beside it.", mend)
    if runtime not in (None, head["runtime"]):
        raise failed(
            f"{path} was resolved for {head['runtime']}, not for {runtime}.",
            f"`python -I -S ops_cli/packaging --lock --runtime {runtime}` resolves it for that.",
        )


def _digest(requirements: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(requirements).encode()).hexdigest()


def pins_for(architecture: str, locked: str) -> str:
    """Return the pins and hashes of a lock that hold on one architecture, as uv takes them."""
    others = [f' ; platform_machine == "{machine}"' for name, machine in MACHINES.items() if name != architecture]
    held = [block for block in blocks(locked) if not any(marker in block for marker in others)]
    return "".join(f"{_MACHINE_MARKER.sub('', block)}\n" for block in held)


def blocks(text: str) -> list[str]:
    """Split resolved requirements into one piece per package, its hashes included, without comments."""
    return sorted(found.rstrip() for found in re.findall(r"^[^\s#].*(?:\n[ \t].*)*", text, re.MULTILINE))


def differences(deployed: str, here: str) -> list[str]:
    """Say package by package where two resolutions differ: the deployed one first."""
    theirs, ours = (dict(map(_name_and_version, blocks(pins))) for pins in (deployed, here))
    return [
        f"{name} {theirs.get(name, 'absent')} -> {ours.get(name, 'absent')}"
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    ]


def _name_and_version(requirement: str) -> tuple[str, str]:
    """Return the name in its normal form (PEP 503) and the version of a pin, "" for any."""
    found = _PIN.match(requirement)
    return (re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"] or "") if found else ("", "")
