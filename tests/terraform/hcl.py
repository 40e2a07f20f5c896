"""Blocks of a Terraform file as text: enough HCL for checks and tables, for files that `terraform fmt` wrote."""

import re
from pathlib import Path


def blocks(path: Path, kind: str) -> dict[str, str]:
    """Return the bodies of a file's top-level blocks of one kind, by their last label (or the kind itself)."""
    found = re.finditer(rf'^{kind}((?: "[^"]+")*) {{\n(.*?)^}}', path.read_text(), re.MULTILINE | re.DOTALL)
    return {re.findall(r'"([^"]+)"', match[1])[-1] if match[1] else kind: match[2] for match in found}


def argument(body: str, name: str) -> str | None:
    """Return a top-level argument of a block's body as one line; None when it has none."""
    found = re.search(rf"^  {name} += (.*?)(?=^  [a-z]|\Z)", body, re.MULTILINE | re.DOTALL)
    return None if found is None else one_line(found[1])


def one_line(value: str) -> str:
    """Return a value on one line, with commas where lines ended."""
    lines = [line.strip() for line in re.sub(r"^\s*#.*$", "", value, flags=re.MULTILINE).splitlines() if line.strip()]
    text = lines[0]
    for line in lines[1:]:
        opens, closes = text.endswith(("{", "[", "(")), line[0] in "})]"
        text += (" " if opens or closes or text.endswith(",") else ", ") + re.sub(r" +=", " =", line)
    return re.sub(r"\(\{ ", "({ ", text)
