import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.log_lines.strict_json import MAXIMUM_DEPTH, read_object
from tests.lib.opscore.log_lines.hostile_lines import HOSTILE, nested


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_clean_object_is_refused(text: str) -> None:
    assert read_object(text) is None


def test_nesting_is_read_up_to_the_limit() -> None:
    assert read_object(nested(MAXIMUM_DEPTH)) is not None
    assert read_object(nested(MAXIMUM_DEPTH + 1)) is None


def test_an_object_is_read_with_all_kinds_of_values() -> None:
    text = '{"a": [1, -2.5, true, null], "b": {"c": "\\u00e9\\ud83d\\ude00"}}'
    assert read_object(text) == {"a": [1, -2.5, True, None], "b": {"c": "é😀"}}


@given(st.text() | st.text(alphabet='{}[]":,\\u0d8e1-+.aNI \n').map(lambda text: "{" + text))
def test_no_text_makes_it_fail_and_what_it_reads_can_be_written_again(text: str) -> None:
    found = read_object(text)
    assert found is None or read_object(json.dumps(found)) == found
