"""Settings: read from a mapping, every problem named at once."""

from dataclasses import dataclass

import pytest

from opscore import settings
from opscore.errors import ExitCode
from opscore.settings import BadSettings


@dataclass(frozen=True)
class Example:
    queue_url: str
    attempts: int
    share: float = 0.5
    eager: bool = False


def test_fields_are_read_from_their_upper_case_names() -> None:
    environment = {"QUEUE_URL": "q", "ATTEMPTS": "5", "SHARE": "0.25", "EAGER": "True", "OTHER": "x"}
    assert settings.read(Example, environment) == Example("q", 5, 0.25, True)


def test_a_field_with_a_default_may_be_absent_or_empty() -> None:
    assert settings.read(Example, {"QUEUE_URL": "q", "ATTEMPTS": "5", "SHARE": ""}) == Example("q", 5)


def test_every_missing_and_every_unreadable_variable_is_named_in_one_error() -> None:
    with pytest.raises(BadSettings) as caught:
        settings.read(Example, {"QUEUE_URL": "", "ATTEMPTS": "many", "EAGER": "maybe"})
    message = caught.value.message
    assert "QUEUE_URL is missing" in message
    assert "ATTEMPTS is 'many', not a whole number" in message
    assert "EAGER is 'maybe', not true or false" in message
    assert caught.value.exit_code is ExitCode.FAILED


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("FALSE", False)])
def test_truth_is_spelled_in_the_ways_of_terraform_and_shells(text: str, value: bool) -> None:
    assert settings.read(Example, {"QUEUE_URL": "q", "ATTEMPTS": "1", "EAGER": text}).eager is value


def test_a_field_of_another_type_is_a_mistake_in_the_code() -> None:
    @dataclass(frozen=True)
    class Odd:
        names: list[str]

    with pytest.raises(TypeError, match="str, int, float or bool"):
        settings.read(Odd, {"NAMES": "a,b"})
