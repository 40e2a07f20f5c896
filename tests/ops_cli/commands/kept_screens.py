"""Screens as text, kept in a file beside their tests, where people can read them.

A line `$ opsctl fleet web # 80 columns` stands above what this command shows there; `# in a pipe` above what is whole.
"""

import re
from pathlib import Path

_HEAD = re.compile(r"\$ opsctl (?P<command>.*) # (?:(?P<width>\d+) columns|in a pipe)\n")


def kept(test_file: str) -> dict[tuple[str, int | None], str]:
    """Return (command line, width or None for a pipe) -> screen, from the `.txt` beside a test's file."""
    text = Path(test_file).with_suffix(".txt").read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return {
        (head["command"], int(head["width"]) if head["width"] else None): f"{text[head.end() : end].rstrip()}\n"
        for head, end in zip(heads, ends, strict=True)
    }
