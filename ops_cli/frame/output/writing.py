"""The only calls that print: data to stdout, talk to stderr, text of strangers never raw.

What the system says about writing (a full disk, a closed pipe) is passed on as it is.
"""

import errno
import sys
from collections.abc import Sequence

import click

from ops_cli.frame.output.safe_text import one_line, paragraph, printable
from ops_cli.frame.output.terminal import screen
from ops_cli.frame.output.width import clip

Parts = str | Sequence[tuple[str, str | None]]
"""A line: plain text, or pieces of it, each with the name of its colour or None."""


def painted(text: str, color: str | None, *, bold: bool = False) -> str:
    """Return text that is already safe, in a colour."""
    return click.style(text, fg=color, bold=bold or None) if color or bold else text


def safe_line(parts: Parts) -> str:
    """Return a line, or several, for people: what is in it made printable first, coloured afterwards."""
    if isinstance(parts, str):
        return paragraph(parts)
    return "".join(painted(paragraph(text), color) for text, color in parts)


def put_line(line: str = "", *, err: bool = False, color: bool | None = None, newline: bool = True) -> None:
    """Write a line that is safe already."""
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        if err:
            return
        raise OSError(errno.EBADF, "stdout is closed")
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal of another encoding shows what it cannot write as an escape; one row never costs the others.
    click.echo(line.encode(encoding, "backslashreplace").decode(encoding), err=err, color=color, nl=newline)


def put_data(text: str) -> None:
    """Write serialised data to stdout: always UTF-8, whatever the terminal's encoding."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed")
    click.echo(text.encode("utf-8"), nl=False)


def note(message: Parts, *, color: bool | None = None) -> None:
    """Say something to the operator on stderr; data never goes this way."""
    put_line(safe_line(message), err=True, color=color)


def complain(message: str, hint: str = "", *, color: bool | None = None) -> None:
    """Say on stderr what went wrong and, with an arrow, what to do next: a line each.

    A message of several lines becomes one, so that a stranger's text cannot pretend to be our hint.
    """
    note([("Error:", "red"), (f" {one_line(message)}", None)], color=color)
    if hint:
        note(f"  → {one_line(hint)}", color=color)


class RewrittenLine:
    """One line on stderr that is written anew each time, where stderr is a terminal; nothing elsewhere.

    It never fills the last column: a line that wraps cannot be rewritten.
    """

    def __init__(self) -> None:
        self._open = False

    @property
    def is_possible(self) -> bool:
        """Whether stderr can rewrite a line."""
        return screen(err=True).is_terminal

    def show(self, text: str) -> None:
        """Replace the line by `text`, cut to the terminal's width."""
        put_line(f"\r\x1b[K{clip(printable(text), (screen(err=True).width or 1) - 1)}", err=True, newline=False)
        self._open = True

    def close(self) -> None:
        """End the line, when one was begun."""
        if self._open:
            put_line(err=True)
            self._open = False
