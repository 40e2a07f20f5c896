"""Run by the interpreter that compiles: writes the bytecode of every module below a folder that will lie in a zip.

Not `compileall`, which takes three times as long to be imported. The bytecode is not checked against the source's date
when it is loaded (PEP 552): a zip does not keep the date, and bytecode that does not match would be made again at each
cold start. Says on stdout, in JSON, the line and the reason of what does not compile, by name.
"""

import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, source_hash

# Where Lambda unpacks a zip; tracebacks name it.
TASK_ROOT = "/var/task"
_UNCHECKED_HASH = b"\1\0\0\0"


def main(tree: str) -> None:
    """Compile all; only what fails is told."""
    failures = {}
    for folder, _, files in os.walk(tree):
        for file in files:
            if file.endswith(".py"):
                name = f"{folder}/{file}".removeprefix(f"{tree}/")
                try:
                    _compile(f"{folder}/{file}", name)
                except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                    failures[name] = [getattr(error, "lineno", None) or 1, getattr(error, "msg", None) or str(error)]
    if failures:
        import json

        sys.stdout.write(json.dumps(failures))


def _compile(path: str, name: str) -> None:
    with open(path, "rb") as file:
        source = file.read()
    code = compile(source, f"{TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=0)
    folder, _, file_name = path.rpartition("/")
    os.makedirs(f"{folder}/__pycache__", exist_ok=True)
    with open(f"{folder}/__pycache__/{file_name[:-3]}.{sys.implementation.cache_tag}.pyc", "wb") as made:
        made.write(MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code))


if __name__ == "__main__":
    main(sys.argv[1])
