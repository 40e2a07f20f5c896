"""Bytecode for a target's interpreter, made by one process for everything in a build."""

from __future__ import annotations

import os
import threading

from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bytecode_worker.py")
# Where Lambda unpacks a zip; tracebacks name it.
TASK_ROOT = "/var/task"


class Compiler:
    """Compiles with one interpreter, which is started for the first file; use it in a `with` statement."""

    def __init__(self, interpreter: str, version: str) -> None:
        self.version = version
        self._interpreter = interpreter
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._tag = "cpython-" + "".join(version.split(".")[:2])

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with self._process:
                assert self._process.stdin is not None  # noqa: S101 - it was opened as a pipe
                self._process.stdin.close()

    def place(self, name: str) -> str:
        """Return where the bytecode of the module file `name` belongs in a zip."""
        folder, _, file = name.rpartition("/")
        stem = file.removesuffix(".py")
        return f"{folder}/__pycache__/{stem}.{self._tag}.pyc" if folder else f"__pycache__/{stem}.{self._tag}.pyc"

    def compile(self, name: str, source: bytes) -> bytes:
        """Return the bytecode of the module file `name` of a zip, or nothing when it does not compile."""
        encoded = f"{TASK_ROOT}/{name}".encode()
        with self._turn:
            process = self._started()
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - opened as pipes
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

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            import subprocess

            # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
            self._process = subprocess.Popen(
                [self._interpreter, "-S", "-s", "-P", "-W", "ignore", _WORKER],
                env={"PYTHONHASHSEED": "0"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process
