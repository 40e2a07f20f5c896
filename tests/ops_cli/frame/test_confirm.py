"""Nothing is asked in raw text of strangers."""

import click
import pytest

from ops_cli.frame.confirm import confirm, confirm_by_name
from tests.ops_cli.frame.output.hostile import TEXTS, is_forbidden


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_question_carries_no_control_character(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return text

    monkeypatch.setattr("ops_cli.frame.confirm._require_terminal", lambda: None)
    monkeypatch.setattr(click, "confirm", answer)
    monkeypatch.setattr(click, "prompt", answer)
    confirm(text, yes=False)
    confirm_by_name(text, text, yes=False)
    assert len(asked) == 2
    assert not [character for character in "".join(asked) if is_forbidden(character)]
