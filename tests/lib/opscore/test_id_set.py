from hypothesis import example, given
from hypothesis import strategies as st

from opscore.id_set import IdMap, IdSet


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=[])), st.integers(0, 2**32 - 1))))
@example([("\ud83d", 1), ("\udc00", 2)])
def test_an_id_map_is_a_dictionary(pairs: list[tuple[str, int]]) -> None:
    table, plain = IdMap(), dict[str, int]()
    for key, value in pairs:
        table.put(key, value)
        plain[key] = value
    assert len(table) == len(plain)
    assert {key: table.get(key) for key in plain} == plain
    assert table.get("\0 not there") is None


def test_ids_stay_known_while_the_table_grows_and_take_little_memory() -> None:
    ids = IdSet()
    for number in range(20_000):
        ids.add(str(number))
    assert len(ids) == 20_000
    assert all(str(number) in ids for number in range(20_000))
    assert not any(str(number) in ids for number in range(20_000, 21_000))
    assert (len(ids._keys) + 4 * len(ids._values)) / len(ids) < 81
