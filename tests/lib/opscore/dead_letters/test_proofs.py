"""Nothing is deleted without a proof, and proofs are made only where a destination's answer or a journal is read."""

import ast
from pathlib import Path

import opscore.dead_letters

FOLDER = Path(opscore.dead_letters.__file__).parent
MAKERS = {"destinations.py", "files.py", "run_state.py"}


def callers(name: str) -> set[str]:
    return {
        path.name
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name
    }


def test_only_destinations_and_the_journal_s_reader_make_proofs() -> None:
    assert callers("Confirmation") == MAKERS


def test_one_place_deletes_and_it_takes_proofs() -> None:
    assert callers("delete_message_batch") == {"queue.py"}
    assert callers("Delete") == {"deleting.py"}
    assert not callers("delete_message") | callers("purge_queue")
