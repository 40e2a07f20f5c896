import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ops_cli.deploy.process import KEPT_LINES, Finished, run

CAREFUL = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
signal.sigwait({signal.SIGINT})
print("stopping", flush=True)
open("state", "w").write("written")
sys.exit(1)
"""
"""A program that saves its state when interrupted, as Terraform does."""


class Stopped(Exception):
    pass


def python(code: str, tmp_path: Path, heard: list[str], on_line: object = None) -> Finished:
    return run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        environ=dict(os.environ),
        on_line=on_line or heard.append,  # type: ignore[arg-type]
        on_interrupt=lambda: heard.append("<interrupted>"),
    )


def test_lines_of_output_and_errors_come_in_their_order(tmp_path: Path) -> None:
    heard: list[str] = []
    finished = python(
        "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); print('three')",
        tmp_path,
        heard,
    )
    assert heard == ["one", "two", "three"]
    assert finished == Finished(0, ("one", "two", "three"))


def test_the_exit_code_and_the_last_lines_are_kept(tmp_path: Path) -> None:
    finished = python("print('\\n'.join(map(str, range(1000)))); raise SystemExit(3)", tmp_path, [])
    assert finished.code == 3
    assert finished.lines == tuple(str(number) for number in range(1000 - KEPT_LINES, 1000))


def test_an_interrupt_is_passed_on_and_the_program_may_save_its_state(tmp_path: Path) -> None:
    heard: list[str] = []

    def interrupt_when_ready(line: str) -> None:
        heard.append(line)
        if line == "ready":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        python(CAREFUL, tmp_path, heard, interrupt_when_ready)
    assert (tmp_path / "state").read_text() == "written"
    assert heard == ["ready", "<interrupted>", "stopping"]


def test_a_listener_that_fails_stops_the_program_before_its_error_goes_on(tmp_path: Path) -> None:
    def fail(line: str) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        python(CAREFUL, tmp_path, [], fail)
    assert (tmp_path / "state").read_text() == "written"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_alone_reaches_the_program_once(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "careful.py").write_text(CAREFUL)
    ours = textwrap.dedent(
        f"""
        import os, signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored
        from pathlib import Path
        from ops_cli.deploy.process import run
        try:
            run([sys.executable, "careful.py"], cwd=Path({str(tmp_path)!r}), environ=dict(os.environ),
                on_line=lambda line: print(line, flush=True), on_interrupt=lambda: print("interrupted", flush=True))
        except KeyboardInterrupt:
            print("raised", flush=True)
        """
    )
    program = subprocess.Popen([sys.executable, "-c", ours], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    program.send_signal(number)
    assert program.stdout.read().splitlines() == ["interrupted", "stopping", "raised"]
    assert program.wait() == 0
    assert (tmp_path / "state").read_text() == "written"
