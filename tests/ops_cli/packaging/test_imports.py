"""What counts as an import."""

import pytest

from ops_cli.packaging.imports import imports


def found(source: str) -> list[tuple[int, int, str, tuple[str, ...], bool]]:
    return list(imports(source.encode()))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b", (1, 0, "a.b", (), False)),
        ("import a as b", (1, 0, "a", (), False)),
        ("from a import b, c", (1, 0, "a", ("b", "c"), False)),
        ("from a import *", (1, 0, "a", ("*",), False)),
        ("from . import a", (1, 1, "", ("a",), False)),
        ("from ..a import b", (1, 2, "a", ("b",), False)),
        ("def f():\n    import a", (2, 0, "a", (), False)),
        ("class C:\n    def f(self):\n        from a import b", (3, 0, "a", ("b",), False)),
        ("if x:\n    import a", (2, 0, "a", (), False)),
        ("if not TYPE_CHECKING:\n    import a", (2, 0, "a", (), False)),
        ("try:\n    import a\nexcept ImportError:\n    pass", (2, 0, "a", (), True)),
        ("try:\n    import a\nexcept (KeyError, ModuleNotFoundError):\n    pass", (2, 0, "a", (), True)),
        ("try:\n    import a\nexcept KeyError:\n    pass", (2, 0, "a", (), False)),
        ("try:\n    pass\nexcept ImportError:\n    import a", (4, 0, "a", (), False)),
        ("match x:\n    case 1:\n        import a", (3, 0, "a", (), False)),
        ("with import_module('a') as b:\n    pass", (1, 0, "a", (), False)),
        ("try:\n    x = [import_module('a')]\nexcept ImportError:\n    pass", (2, 0, "a", (), True)),
        ("module = importlib.import_module('a.b')", (1, 0, "a.b", (), False)),
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str, expected: tuple[object, ...]) -> None:
    assert found(source) == [expected]


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import a",
        "if typing.TYPE_CHECKING:\n    from a import b",
        "text = 'import a'",
        "importlib.import_module(name)",
    ],
)
def test_what_does_not_run_is_no_import(source: str) -> None:
    assert found(source) == []


def test_the_other_branch_of_type_checking_runs() -> None:
    assert found("if TYPE_CHECKING:\n    import a\nelse:\n    import b") == [(4, 0, "b", (), False)]


@pytest.mark.parametrize(
    "source",
    [
        b"def broken(:",
        b"x = \0",
        b"name = 'M\xfcller'",
        b"# coding: utf-8\nname = 'M\xfcller'",
        b"# coding: no-such-encoding\n",
        b"\xff\xfex\0 \0=\0 \x001\0",
        b"(" * 1000,
        b"-" * 100_000 + b"1",
        b"x = " + b"1 + " * 100_000 + b"1",
    ],
)
def test_what_python_refuses_is_a_syntax_error(source: bytes) -> None:
    with pytest.raises(SyntaxError):
        imports(source)


def test_a_source_that_says_its_encoding_is_read_in_it() -> None:
    assert imports(b"# coding: latin-1\nname = 'M\xfcller'\nimport a\n") == ((3, 0, "a", (), False),)
    assert imports(b"\xef\xbb\xbfimport a\n") == ((1, 0, "a", (), False),)
