from hypothesis import given
from hypothesis import strategies as st

from opscore.batches import batches


@given(st.lists(st.integers(), max_size=50), st.integers(1, 12))
def test_every_item_is_in_one_piece_in_order_and_only_the_last_piece_is_short(items: list[int], size: int) -> None:
    pieces = list(batches(iter(items), size))
    assert [item for piece in pieces for item in piece] == items
    assert all(len(piece) == size for piece in pieces[:-1])
    assert all(0 < len(piece) <= size for piece in pieces)
