"""Standard output and error when they are not as a program likes them: closed pipes, full disks, other encodings."""

import contextlib
import io
import os
import sys


def accept_every_character() -> None:
    """Write as an escape what a terminal's encoding lacks; into a pipe or a file goes UTF-8.

    A lone surrogate becomes `\\ud83d`, which is its escape in JSON, too. Python falls back to ASCII when nobody says
    what the terminal reads: Click then writes UTF-8, and so does this.
    """
    for stream in _streams():
        is_chosen = stream.isatty() and stream.encoding.lower() not in ("ascii", "us-ascii", "ansi_x3.4-1968")
        stream.reconfigure(encoding=stream.encoding if is_chosen else "utf-8", errors="backslashreplace")


def has_reader(stream: object) -> bool:
    """Say whether what is written to `stream` can still arrive: False for a pipe whose reader has ended."""
    import select  # only a broken pipe asks

    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # type: ignore[attr-defined]  # whatever has none is no pipe
    except (AttributeError, OSError, ValueError):
        return True
    return not any(event & select.POLLERR for _, event in poll.poll(0))


def flush() -> OSError | None:
    """Write what is still held back and return what prevents it; a stream that takes nothing is turned off.

    Otherwise Python would try again when it ends, complain in its own words, and exit with 120.
    """
    failed = None
    for stream in _streams():
        try:
            stream.flush()
        except OSError as error:
            failed = failed or error
            _turn_off(stream)
    return failed


def _turn_off(stream: io.TextIOWrapper) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    with contextlib.suppress(OSError):
        stream.flush()


def _streams() -> list[io.TextIOWrapper]:
    """Return those of the two that are open (a shell's `>&-` closes one)."""
    return [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
