"""How many columns text takes on a terminal, and cutting, padding and wrapping by columns.

Counted by user-perceived characters after https://www.unicode.org/reports/tr11 (East Asian width) and the part of
https://www.unicode.org/reports/tr29 that terminals follow: marks and joined emoji add nothing to what they stand on.
"""

import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_MARKS_PER_COLUMN = 8
_WIDE = 2
_LATER_JAMO = range(0x1160, 0x1200)  # vowels and finals of Hangul are drawn into the syllable before


def width(text: str) -> int:
    """Return how many columns printable `text` takes."""
    return len(text) if text.isascii() else sum(columns for _, columns in _clusters(text))


def clip(text: str, most: int) -> str:
    """Return `text` in `most` columns, with … at its end when something was cut."""
    if text.isascii():
        return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"[: max(0, most)]
    room = most * _MARKS_PER_COLUMN  # marks take no column, and nobody needs a thousand of them on one letter
    if len(text) <= room and width(text) <= most:
        return text
    kept, used = "", 0
    for cluster, columns in _clusters(text[: max(0, room)]):
        if used + columns >= most:
            break
        kept, used = kept + cluster, used + columns
    return f"{kept}…" if most > 0 else ""


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return `text` filled with blanks to `columns`, from the left when it is aligned to the `right`."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def wrap(text: str, columns: int, most_lines: int | None = None) -> list[str]:
    """Return `text` in lines of `columns`, broken at blanks where possible; what is over `most_lines` ends in …"""
    whole = text if most_lines is None else text[: columns * most_lines * _MARKS_PER_COLUMN]
    lines: list[str] = []
    line = ""
    for word in whole.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        *broken, rest = _pieces(word, columns)
        lines += [line, *broken] if line else broken
        line = rest
    lines.append(line)
    if most_lines is None or (len(lines) <= most_lines and whole == text):
        return lines
    return [*lines[: most_lines - 1], clip(lines[:most_lines][-1] + "…", columns)]


def _pieces(word: str, columns: int) -> list[str]:
    """Return a word in pieces that fit into `columns`."""
    pieces, room = [""], columns
    for cluster, taken in _clusters(word):
        if taken > room and pieces[-1]:
            pieces.append("")
            room = columns
        pieces[-1] += cluster
        room -= taken
    return pieces


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Yield each user-perceived character with its columns."""
    start, columns = 0, 0
    for at, character in enumerate(text):
        own = _columns(character)
        # What is joined to an emoji is drawn into it.
        drawn_in = columns == own == _WIDE and (text[at - 1] == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff")
        if at > start and (own == 0 or drawn_in):
            columns = _WIDE if character == _EMOJI_STYLE else columns
            continue
        if at:
            yield text[start:at], columns
        start, columns = at, own
    if text:
        yield text[start:], columns


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or ord(character) in _LATER_JAMO:
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else 1
