"""How many columns text takes on a terminal, and cutting, padding and wrapping by columns.

wcwidth (https://wcwidth.readthedocs.io) knows wide characters, marks and joined emoji; text in ASCII, which most is,
does without it, because it takes as long to import as all else that a command needs.
"""

from collections.abc import Iterable

_MARKS_PER_COLUMN = 8
"""Marks take no column, and nobody needs a thousand of them on one letter."""


def width(text: str) -> int:
    """Return how many columns printable `text` takes."""
    return len(text) if text.isascii() else sum(columns for _, columns in _characters(text))


def clip(text: str, most: int) -> str:
    """Return `text` in `most` columns, with … at its end when something was cut."""
    room = max(0, most)
    part = text[: room * _MARKS_PER_COLUMN]
    if part == text and width(text) <= room:
        return text
    return f"{_first(part, room - 1)}…" if room else ""


def _first(text: str, columns: int) -> str:
    """Return what of printable `text` the first columns show."""
    if text.isascii():
        return text[:columns]
    import wcwidth

    # A wide character that is cut in two becomes a blank, so blanks at the end go.
    return wcwidth.clip(text, 0, columns, control_codes="ignore").rstrip(" ")


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return `text` filled with blanks to `columns`, from the left when it is aligned to the `right`."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def wrap(text: str, columns: int, most_lines: int | None = None) -> list[str]:
    """Return `text` in lines of `columns`, broken at blanks where possible; what is over `most_lines` ends in …

    wcwidth's own `wrap` takes minutes for a word of 200,000 characters, which a stranger may send.
    """
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
    for character, taken in _characters(word):
        if taken > room and pieces[-1]:
            pieces.append("")
            room = columns
        pieces[-1] += character
        room -= taken
    return pieces


def _characters(text: str) -> Iterable[tuple[str, int]]:
    """Return each character that a reader perceives with its columns.

    One by one, because wcwidth needs minutes for the width of 200,000 flags at once.
    """
    if text.isascii():
        return ((character, 1) for character in text)
    import wcwidth

    return ((character, wcwidth.width(character, control_codes="ignore")) for character in wcwidth.iter_graphemes(text))
