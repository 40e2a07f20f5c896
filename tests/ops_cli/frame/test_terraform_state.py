"""What Terraform marks as sensitive is masked where the state is read."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.terraform_state import MASK, masked

SECRET, PLAIN = "s3cr3t", "plain"


class Marked:
    """A value, its mark, and what may be seen of it."""

    def __init__(self, value: Any, mark: Any, seen: Any) -> None:
        self.value, self.mark, self.seen = value, mark, seen

    def __repr__(self) -> str:
        return f"{self.value} marked {self.mark}"


def hidden(whole: Marked) -> Marked:
    return Marked(whole.value, True, MASK)


def in_list(parts: list[Marked]) -> Marked:
    return Marked([part.value for part in parts], [part.mark for part in parts], [part.seen for part in parts])


def in_map(parts: dict[str, Marked]) -> Marked:
    # Terraform leaves out what is not sensitive.
    marks = {key: part.mark for key, part in parts.items() if part.mark}
    return Marked(
        {key: part.value for key, part in parts.items()}, marks, {key: part.seen for key, part in parts.items()}
    )


OPEN = st.sampled_from([None, True, False, 0, 1.5, "", PLAIN]).map(lambda value: Marked(value, False, value))
SECRETS = st.sampled_from([None, SECRET, [SECRET], {"a": {"b": SECRET}}]).map(lambda value: Marked(value, True, MASK))
TREES = st.recursive(
    OPEN | SECRETS,
    lambda parts: (
        st.lists(parts, max_size=4).map(in_list)
        | st.dictionaries(st.sampled_from("abcd"), parts, max_size=4).map(in_map)
        | parts.map(hidden)
    ),
    max_leaves=20,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.just(PLAIN),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from("abc"), parts, max_size=3),
)


@given(TREES)
def test_no_sensitive_leaf_survives_and_everything_else_is_untouched(tree: Marked) -> None:
    assert masked(tree.value, tree.mark) == tree.seen
    assert SECRET not in repr(masked(tree.value, tree.mark))


@given(ANYTHING, ANYTHING)
def test_a_mark_that_does_not_have_the_values_form_hides_the_whole_value(value: Any, mark: Any) -> None:
    seen = masked({"secret": [SECRET, value]}, {"secret": {"0": True, "other": mark}})
    assert seen == {"secret": MASK}


@given(ANYTHING)
def test_without_a_mark_nothing_is_masked(value: Any) -> None:
    for mark in (None, False, {}, [], {"a": False}, [False, {}]):
        assert masked(value, mark) == value


def test_a_list_that_is_shorter_than_its_marks_is_masked_whole() -> None:
    assert masked([SECRET], [False, True]) == MASK


def test_a_list_that_is_longer_than_its_marks_keeps_its_end() -> None:
    assert masked([SECRET, PLAIN], [True]) == [MASK, PLAIN]
