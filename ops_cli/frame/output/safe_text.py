"""Text of strangers made safe: a terminal acts on control characters, so none of them reaches it as it is.

Bodies, log lines, names and error texts may move the cursor, write the clipboard (OSC 52), or turn the order of what
is read (https://trojansource.codes). They are shown as Python would write them: `\\x1b`, `\\u202e`, `\\U000e0041`.
"""

import re

UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: escape sequences, bell, backspace, carriage return
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, overrides and isolates that turn the reading order
    "\u2028\u2029"  # line and paragraph separators
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # invisible ones that make two names look alike
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # format controls of notations; tag characters
    "\ud800-\udfff"  # lone surrogates: no encoding of ours can write them
    "]"
)
"""A character that is never written raw. The joiners U+200C and U+200D stay: words and emoji are made with them."""


def printable(text: str, *, keep_newlines: bool = False) -> str:
    """Return `text` with every unsafe character made visible; a newline stays on request.

    What is printable already comes back as it is.
    """
    if text.isascii() and text.isprintable():
        return text
    if keep_newlines:
        return "\n".join(UNSAFE.sub(_visible, line) for line in text.split("\n"))
    return UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """Return `text` as a cell shows it: printable, line breaks and tabs with the blanks around them as one blank."""
    return printable(re.sub(r" *(?:\r?\n|\t)[ \t\r\n]*", " ", text).strip(" "))


def paragraph(text: str) -> str:
    """Return `text` as a line for people: printable, with its own line breaks, tabs as blanks."""
    return printable(text.replace("\r\n", "\n").expandtabs(4), keep_newlines=True)


def escaped(text: str) -> str:
    r"""Return JSON or double-quoted YAML with its unsafe characters as `\uXXXX`: the same data, and valid UTF-8."""
    return UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else _json_escape(match[0]), text)


def _visible(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
