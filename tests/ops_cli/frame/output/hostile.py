"""Texts that a stranger may put into a body, a log line, a name or an error. Data, not code."""

import unicodedata

from hypothesis import strategies as st

TEXTS = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear screen": "\x1b[2J\x1b[H",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "title": "\x1b]0;owned\x1b\\",
    "C1": "\x9b31m\x9d52;c;AAAA\x9c\x85",
    "bell and backspace": "ok\x07\x08\x08no",
    "overwritten": "failed\rdone  ",
    "NUL and DEL": "a\x00b\x7f",
    "turned around": "user\u202e\u2066nimda\u2069\u2066\u2069",
    "marks": "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u2067\u2068",
    "separators": "one\u2028two\u2029three",
    "half a pair": 'cut \ud83d" and \udc00',
    "tags": "hi\U000e0041\U000e0042\U000e007f",
    "invisible": "pay\u200bpal\ufeff\u2060\u00ad",
    "lines and tabs": "a\nb\r\nc\td",
    "vertical": "a\x0bb\x0cc",
}


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
