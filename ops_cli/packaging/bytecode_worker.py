"""Run by the interpreter that compiles: sources come in on stdin, bytecode goes out on stdout.

A request is a length and a name, a length and a source; the answer is a length and a `.pyc`, empty when the source
does not compile. The `.pyc` is an unchecked-hash one (PEP 552): Lambda loads it without looking at the source's date,
which a zip does not keep.
"""

import importlib.util
import marshal
import sys

_UNCHECKED_HASH = 0b01


def compiled(source: bytes, name: str) -> bytes:
    """Return the `.pyc` of a source whose tracebacks will name it `name`."""
    try:
        code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError):
        return b""
    flags = _UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def main() -> None:
    """Answer requests until stdin ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(4):
        name = requests.read(int.from_bytes(head, "big")).decode()
        source = requests.read(int.from_bytes(requests.read(4), "big"))
        answer = compiled(source, name)
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
