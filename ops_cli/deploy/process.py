"""Run a program that must end by itself: report its lines as they come, pass an interrupt on, and wait."""

import contextlib
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

KEPT_LINES = 400
"""How many of the last lines a finished program keeps: enough for any error."""

SIGNAL_DELAY_SECONDS = 0.2
"""The longest time until a signal is acted on."""


@dataclass(frozen=True)
class Finished:
    """How a program ended: its exit code and its last lines, standard output and error in one."""

    code: int
    lines: tuple[str, ...]


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    on_line: Callable[[str], None],
    on_interrupt: Callable[[], None],
) -> Finished:
    """Run `command`, giving each line to `on_line`, and return when it has ended.

    An interrupt (Ctrl-C, or a signal that would end us) is passed on, `on_interrupt` is called, and the program is
    waited for before KeyboardInterrupt goes on: Terraform then writes its state and releases its lock. A second one is
    passed on too, and makes Terraform give up at once. The program runs in a session of its own, or the terminal would
    interrupt it a first time and we a second.
    """
    with _signals_as_interrupt(), _started(command, cwd, environ) as child:
        coming = _read_aside(child)
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        stopped_by: BaseException | None = None
        while True:
            try:
                for line in _lines(coming):
                    lines.append(line)
                    if stopped_by is None or isinstance(stopped_by, KeyboardInterrupt):
                        on_line(line)
                code = child.wait()
                break
            except BaseException as error:  # noqa: BLE001 - raised again below, once the program has ended
                child.send_signal(signal.SIGINT)
                if stopped_by is None and isinstance(error, KeyboardInterrupt):
                    on_interrupt()
                stopped_by = error
    if stopped_by is not None:
        raise stopped_by
    return Finished(code, tuple(lines))


def _started(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _read_aside(child: "subprocess.Popen[str]") -> "SimpleQueue[str | None]":
    """Read the program's lines in a thread; None marks their end.

    Reading here would be simpler, but a signal that comes just before a blocking read is only acted on after it, and
    the next line may be a minute away.
    """
    coming: SimpleQueue[str | None] = SimpleQueue()

    def read() -> None:
        assert child.stdout is not None  # noqa: S101 - it is a pipe
        for line in child.stdout:
            coming.put(line.rstrip("\n"))
        coming.put(None)

    threading.Thread(target=read, daemon=True).start()
    return coming


def _lines(coming: "SimpleQueue[str | None]") -> Iterator[str]:
    while True:
        try:
            line = coming.get(timeout=SIGNAL_DELAY_SECONDS)
        except Empty:
            continue
        if line is None:
            coming.put(None)
            return
        yield line


@contextlib.contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """Treat being told to end like Ctrl-C while the block runs; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
