import pytest

from opscore.words import counted


@pytest.mark.parametrize(
    ("number", "says"), [(0, "0 messages"), (1, "1 message"), (2, "2 messages"), (12345, "12,345 messages")]
)
def test_one_is_one_and_all_others_are_many(number: int, says: str) -> None:
    assert counted(number, "message") == says


def test_a_plural_that_is_no_s_is_given() -> None:
    assert [counted(1, "match", "matches"), counted(3, "match", "matches")] == ["1 match", "3 matches"]
