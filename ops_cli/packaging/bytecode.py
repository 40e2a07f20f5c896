"""Bytecode for a target's interpreter, made by one process for everything in a build."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading

from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bytecode_worker.py")
# Where Lambda unpacks a zip; tracebacks name it.
TASK_ROOT = "/var/task"


class Compiler:
    """Compiles with one interpreter; `with compiler.started():` gives it its process."""

    def __init__(self, interpreter: str, version: str) -> None:
        self.version = version
        self._interpreter = interpreter
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._tag = "cpython-" + "".join(version.split(".")[:2])

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Start the interpreter, which then comes up while the build is still planning; end it at the end."""
        # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
        with subprocess.Popen(
            [self._interpreter, "-S", "-s", "-P", "-W", "ignore", _WORKER],
            env={"PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as self._process:
            yield

    def place(self, name: str) -> str:
        """Return where the bytecode of the module file `name` belongs in a zip."""
        folder, _, file = name.rpartition("/")
        stem = file.removesuffix(".py")
        return f"{folder}/__pycache__/{stem}.{self._tag}.pyc" if folder else f"__pycache__/{stem}.{self._tag}.pyc"

    def compile(self, name: str, source: bytes) -> bytes:
        """Return the bytecode of the module file `name` of a zip, or nothing when it does not compile."""
        encoded = f"{TASK_ROOT}/{name}".encode()
        with self._turn:
            process = self._process
            assert process and process.stdin and process.stdout  # noqa: S101 - `started` opened the pipes
            try:
                for part in (encoded, source):
                    process.stdin.write(len(part).to_bytes(4, "big") + part)
                process.stdin.flush()
            except BrokenPipeError:
                pass
            head = process.stdout.read(4)
            if not head:
                raise failed(f"{self._interpreter} stopped while it compiled {name}.", "Run with --no-bytecode.")
            return process.stdout.read(int.from_bytes(head, "big"))
