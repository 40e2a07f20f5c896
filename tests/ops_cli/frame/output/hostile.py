"""Texts that a stranger may put into a body, a log line, a name or an error. The texts themselves are data."""

import json
import unicodedata
from pathlib import Path

from hypothesis import strategies as st

_DATA = json.loads((Path(__file__).parents[3] / "contracts/hostile/texts.json").read_text(encoding="utf-8"))
TEXTS: dict[str, str] = _DATA["texts"]
FLOODS: dict[str, str] = {name: part * times for name, (part, times) in _DATA["floods"].items()}


def is_forbidden(character: str, *, newline: bool = False) -> bool:
    """Say whether a terminal may act on a character, or nobody see it, after Unicode's own categories."""
    if newline and character == "\n":
        return False
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp"):
        return True
    # Of the format characters some have a glyph (the Arabic and Egyptian ones), two join, the others are forbidden.
    seen = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")
    joins = character in "\u200c\u200d"
    shown = any(unicodedata.name(character, "").startswith(script) for script in seen) and character != "\u061c"
    return category == "Cf" and not joins and not shown


anything = st.text(st.characters(exclude_categories=[])) | st.sampled_from(sorted(TEXTS.values()))
"""Any text, lone surrogates included."""
