"""A build makes what changed, and nothing else; what is gone from the sources is gone from the zips."""

import hashlib
import json
import marshal
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_cli.packaging import Target, imports, interpreters, sources, zips
from opscore.errors import OpsError
from tests.ops_cli.packaging.repository import HANDLER, Repository


@pytest.fixture
def shop(repository: Repository) -> Repository:
    """Two functions that share one library module, each with one of its own, already built."""
    repository.library("shop/__init__.py")
    repository.library("shop/money.py", "UNIT = 1\n")
    repository.library("shop/rates.py", "RATE = 1\n")
    repository.function("orders", f"from shop.money import UNIT\nfrom .core import work\n{HANDLER}", core="work = 1\n")
    repository.function("bills", f"from shop.money import UNIT\nfrom shop.rates import RATE\n{HANDLER}")
    repository.function("quiet")
    repository.build()
    return repository


def append(path: Path, text: str = "# changed\n") -> None:
    path.write_text(path.read_text() + text)


def test_the_first_build_makes_everything(repository: Repository) -> None:
    repository.function("report_generator")
    result = repository.build()
    assert (result.built, result.unchanged, result.removed) == (["report-generator"], [], [])
    assert repository.lines == [
        "built report-generator: 0.3 KB, 0.0 KB unzipped",
        "deploy: 1 built, 0 unchanged (python3.13 arm64; no bytecode, as asked)",
    ]


def dates(repository: Repository) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in repository.out().iterdir() if path.name[0] != "."}


def test_a_second_build_touches_no_zip_and_not_the_manifest(shop: Repository) -> None:
    before = dates(shop)
    assert len(before) == 4
    result = shop.build()
    assert (result.built, result.unchanged) == ([], ["bills", "orders", "quiet"])
    assert shop.lines == ["deploy: 0 built, 3 unchanged (python3.13 arm64; no bytecode, as asked)"]
    assert dates(shop) == before


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        (lambda root: append(root / "functions/orders/core.py"), ["orders"]),
        (lambda root: append(root / "lib/shop/money.py"), ["bills", "orders"]),
        (lambda root: append(root / "lib/shop/rates.py"), ["bills"]),
        (lambda root: append(root / "lib/shop/__init__.py"), ["bills", "orders"]),
        (lambda root: (root / "lib/shop/new.py").write_text(""), []),
        (lambda root: (root / "lib/shop/page.html").write_text(""), ["bills", "orders"]),
        (lambda root: (root / "functions/quiet/extra.txt").write_text(""), ["quiet"]),
        (lambda root: (root / "functions/quiet/handler.py").chmod(0o755), ["quiet"]),
        (lambda root: (root / "functions/quiet/handler.py").chmod(0o640), []),
        (lambda root: os.utime(root / "functions/quiet/handler.py", (1, 1)), []),
        (lambda root: (root / "functions/quiet/README.md").write_text("words"), []),
        (lambda root: (root / "functions/quiet/tests").mkdir(), []),
        (lambda root: (root / "functions/quiet/requirements.txt").write_text("# none\n"), []),
    ],
)
def test_a_change_rebuilds_exactly_what_it_touches(
    shop: Repository, change: Callable[[Path], object], rebuilt: list[str]
) -> None:
    before = shop.keys()
    change(shop.root / "python")
    assert shop.build().built == rebuilt
    assert [role for role, key in shop.keys().items() if key != before[role]] == rebuilt


def test_a_deleted_file_leaves_the_zip(shop: Repository) -> None:
    shop.write("python/functions/quiet/data.txt", "data")
    shop.build()
    assert "quiet/data.txt" in shop.names("quiet")
    (shop.root / "python/functions/quiet/data.txt").unlink()
    assert shop.build().built == ["quiet"]
    assert "quiet/data.txt" not in shop.names("quiet")


def test_a_deleted_library_module_that_is_still_imported_fails_by_line(shop: Repository) -> None:
    (shop.root / "python/lib/shop/rates.py").unlink()
    with pytest.raises(OpsError, match=r"python/functions/bills/handler.py:2: imports shop.rates, which is not in"):
        shop.build()


def test_a_removed_function_takes_its_zip_along(shop: Repository) -> None:
    for path in (shop.root / "python/functions/quiet").iterdir():
        path.unlink()
    result = shop.build()
    assert (result.built, result.removed) == ([], ["quiet"])
    assert "removed quiet: its folder is gone" in shop.lines
    assert sorted(shop.zips()) == ["bills", "orders"]
    assert sorted(shop.keys()) == ["bills", "orders"]


def test_a_renamed_function_is_another_function(shop: Repository) -> None:
    (shop.root / "python/functions/quiet").rename(shop.root / "python/functions/silent")
    result = shop.build()
    assert (result.built, result.removed) == (["silent"], ["quiet"])
    assert sorted(shop.zips()) == ["bills", "orders", "silent"]


def test_a_zip_that_nobody_builds_any_more_is_removed_with_the_next_change(shop: Repository) -> None:
    (shop.out() / "forgotten-0123.zip").write_bytes(b"old")
    append(shop.root / "python/functions/quiet/handler.py")
    shop.build()
    assert "forgotten" not in shop.zips()


def altered(path: Path) -> None:
    """Change one byte and keep the size, as a failing disk or a careless tool may."""
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"not a zip"), altered])
def test_a_damaged_zip_is_made_again(shop: Repository, harm: Callable[[Path], object]) -> None:
    before = shop.zips()
    harm(shop.zip_path("orders"))
    assert shop.build().built == ["orders"]
    assert shop.zips() == before


def test_a_change_that_keeps_size_and_date_is_noticed(shop: Repository) -> None:
    path = shop.root / "python/functions/orders/core.py"
    before = path.stat()
    path.write_text("work = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert shop.build().built == ["orders"]


def trusted(repository: Repository) -> bool:
    """Say whether the next build takes what the last one saw for granted."""
    _, inputs, *_ = marshal.loads((repository.out() / ".stamp").read_bytes())  # noqa: S302
    return inputs is not None


def test_a_file_changed_in_the_very_tick_of_the_build_is_looked_at_again(
    shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change in the same tick of the clock would leave the same dates."""
    monkeypatch.setattr(sources.Tree, "changed_before", lambda tree, time_ns: False)
    append(shop.root / "python/functions/quiet/handler.py")
    shop.build()
    assert not trusted(shop)
    monkeypatch.undo()
    shop.wait_for_the_next_tick()
    assert shop.build().built == []
    assert trusted(shop)


def test_the_newest_change_of_all_files_decides_what_can_be_trusted(shop: Repository) -> None:
    tree = sources.Tree(str(shop.root))
    newest = max(path.stat().st_ctime_ns for path in (shop.root / "python").rglob("*") if path.is_file())
    assert not tree.changed_before(newest)
    assert tree.changed_before(newest + 1)


def test_only_what_changed_is_parsed_and_compiled_again(shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target.sandbox()
    shop.build(target)
    parsed: list[bytes] = []
    compiled: list[str] = []
    parse, start = imports.imports, interpreters.start_compiling

    def parsing(source: bytes) -> Any:
        parsed.append(source)
        return parse(source)

    def starting(interpreter: str, jobs: list[tuple[str, str, bytes]], file: str) -> subprocess.Popen[bytes]:
        compiled.extend(name for _, name, _ in jobs)
        return start(interpreter, jobs, file)

    monkeypatch.setattr(imports, "imports", parsing)
    monkeypatch.setattr(interpreters, "start_compiling", starting)
    (shop.root / "python/lib/shop/rates.py").write_text("RATE = 22\n")
    assert shop.build(target).built == ["bills"]
    assert (parsed, compiled) == ([b"RATE = 22\n"], ["shop/rates.py"])


@pytest.mark.parametrize("damaged", [b"", b"[\xff", b"[]", b"N", marshal.dumps(("another format", *[None] * 6))])
def test_a_damaged_stamp_is_made_again(shop: Repository, damaged: bytes) -> None:
    zips, stamp = shop.zips(), shop.out() / ".stamp"
    stamp.write_bytes(damaged)
    assert shop.build().built == ["bills", "orders", "quiet"]
    assert shop.zips() == zips
    assert shop.build().built == []


@pytest.mark.parametrize("name", [".stamp", "manifest.json"])
def test_a_lost_memory_costs_time_and_nothing_else(shop: Repository, name: str) -> None:
    zips, manifest = shop.zips(), shop.manifest()
    (shop.out() / name).unlink()
    shop.build()
    assert (shop.zips(), shop.manifest()) == (zips, manifest)


@pytest.mark.parametrize("edit", [lambda text: "{}", lambda text: text.replace("arm64", "arm46"), lambda text: "\xff["])
def test_an_edited_manifest_is_put_right(shop: Repository, edit: Callable[[str], str]) -> None:
    zips, before = shop.zips(), shop.manifest()
    path = shop.out() / "manifest.json"
    path.write_bytes(edit(path.read_text()).encode("latin-1"))
    shop.build()
    assert (shop.zips(), shop.manifest()) == (zips, before)


def test_a_failed_build_leaves_what_was_built_before(shop: Repository) -> None:
    zips, manifest = shop.zips(), shop.manifest()
    append(shop.root / "python/functions/orders/core.py")
    append(shop.root / "python/functions/quiet/handler.py", "import nothing_at_all\n")
    with pytest.raises(OpsError):
        shop.build()
    assert (shop.zips(), shop.manifest()) == (zips, manifest)
    assert not [path.name for path in shop.out().iterdir() if path.name.endswith(".tmp")]


def test_the_manifest_says_what_terraform_and_the_upload_need(repository: Repository) -> None:
    repository.function("report_generator")
    repository.build()
    manifest = repository.manifest()
    key = manifest["functions"]["report-generator"]["key"]
    assert len(key) == 64
    zip_path = repository.zip_path("report-generator")
    assert manifest == {
        "schema_version": 1,
        "target": {"name": "deploy", "runtime": "python3.13", "architecture": "arm64", "bytecode": None},
        "functions": {
            "report-generator": {
                "handler": "report_generator.handler.handle",
                "key": key,
                "s3_key": f"lambda/report-generator/{key}.zip",
                "zip": f"report-generator-{key[:16]}.zip",
                "size_bytes": zip_path.stat().st_size,
                "unzipped_bytes": len(HANDLER),
            }
        },
    }


def test_a_repository_without_functions_has_an_empty_manifest(repository: Repository) -> None:
    repository.build()
    assert repository.manifest()["functions"] == {}


def test_the_key_stays_until_the_builder_changes_what_it_makes(repository: Repository) -> None:
    """When this fails and the bytes are meant to differ, raise BUILDER_VERSION and note the new values here."""
    repository.function("orders", "handle = id\n")
    repository.build()
    assert repository.keys()["orders"] == "af65a338285dbb622b0ae25134ef7d1a582dd93282ab2aa5d5f28ae1eba1fcf1"
    digest = hashlib.sha256(repository.zips()["orders"]).hexdigest()
    assert digest == "b67d99456b67feb435e1664dd58b8ed3eceb030815af146bbb9f817655fa002c"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Orders", "a function's folder is a Python package; name it in snake_case"),
        ("order-list", "a function's folder is a Python package; name it in snake_case"),
        ("json", "has the name of a module of the standard library"),
        ("shop", "has the name of python/lib/shop, and a zip can hold only one of them"),
    ],
)
def test_a_folder_that_cannot_be_a_function_is_refused(repository: Repository, name: str, problem: str) -> None:
    repository.library("shop/__init__.py")
    repository.function(name)
    with pytest.raises(OpsError, match=f"^python/functions/{name}: {problem}$"):
        repository.build()


def test_a_function_without_a_handler_is_refused(repository: Repository) -> None:
    repository.write("python/functions/orders/__init__.py")
    with pytest.raises(OpsError, match=r"^python/functions/orders: has no handler.py$"):
        repository.build()


def test_a_syntax_error_is_named_by_file_and_line(repository: Repository) -> None:
    repository.library("shop/money.py", "x = 1\nx = = 1\n")
    repository.function("bills", f"import shop.money\n{HANDLER}")
    repository.function("orders", "def handle(event, context):\n    return (\n")
    with pytest.raises(OpsError) as error:
        repository.build()
    assert error.value.message.splitlines() == [
        "python/lib/shop/money.py:2: invalid syntax",
        "python/functions/orders/handler.py:2: '(' was never closed",
    ]


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("handler.py", b"handle = 'M\xfcller'\n", "handler.py:1: (unicode error) 'utf-8' codec can't decode byte 0xfc"),
        ("handler.py", b"# coding: klingon\nhandle = 1\n", "handler.py:1: unknown encoding: klingon"),
        ("handler.py", b"# coding: utf-8\nhandle = '\xff'\n", "handler.py:"),
        ("handler.py", b"handle = '\0'\n", "handler.py:1: source code"),
        ("requirements.txt", b"# M\xfcller\nsix\n", "requirements.txt:1: is not UTF-8."),
        ("requirements.txt", "six\n".encode("utf-16"), "requirements.txt:1: is not UTF-8."),
        ("requirements.lock", b"# \xff\n", "requirements.lock:1: is not UTF-8."),
    ],
)
def test_a_text_in_another_encoding_is_met_with_a_sentence(
    repository: Repository, path: str, content: bytes, problem: str
) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", "six==1.17.0\n")
    repository.write(f"python/functions/orders/{path}", content)
    for arguments in (("--target=sandbox",), ("--target=deploy", "--no-bytecode")):
        answer = repository.run(*arguments)
        assert answer.returncode == 1
        assert answer.stderr.startswith(f"python/functions/orders/{problem}")
        assert len(answer.stderr.splitlines()) == 2


def test_a_source_that_says_its_encoding_builds(repository: Repository) -> None:
    repository.function("orders")
    repository.write(
        "python/functions/orders/handler.py", b"# coding: latin-1\nNAME = 'M\xfcller'\n" + HANDLER.encode()
    )
    assert repository.build(Target.sandbox()).built == ["orders"]


def test_a_name_that_is_not_utf_8_is_met_with_a_sentence(repository: Repository) -> None:
    folder = repository.function("orders")
    (folder / os.fsdecode(b"M\xfcller.txt")).write_text("")
    answer = repository.run()
    assert answer.returncode == 1
    assert answer.stderr == "python/functions/orders/M\\udcfcller.txt: the name is not UTF-8.\nRename it.\n"


def test_a_mistake_that_only_the_compiler_finds_is_named_by_file_and_line(repository: Repository) -> None:
    repository.library("shop/money.py", "x = 1\nreturn x\n")
    repository.function("orders", f"import shop.money\n{HANDLER}")
    with pytest.raises(OpsError, match=r"^python/lib/shop/money.py:2: 'return' outside function \(Python "):
        repository.build(Target.sandbox())


def test_a_zip_over_the_limit_is_refused_by_name(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "UNZIPPED_LIMIT", 2_000_000)
    repository.function("small")
    repository.function("orders")
    repository.write("python/functions/orders/big.bin", b"0" * 2_000_001)
    with pytest.raises(OpsError, match=r"^python/functions/orders: unzips to 1.9 MB; Lambda's limit is 250 MB"):
        repository.build()
    assert repository.zips() == {}


def test_the_limit_is_lambdas() -> None:
    assert zips.UNZIPPED_LIMIT == 262_144_000


def test_a_zip_near_the_limit_is_warned_of_at_every_build(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.function("orders")
    monkeypatch.setattr(zips, "WARN_ABOVE", 10)
    for _ in range(2):
        assert repository.build().warnings == ["orders unzips to 0.0 KB, 0 % of Lambda's 250 MB"]
        assert any(line.startswith("warning: orders unzips to") for line in repository.lines)


@settings(max_examples=25, deadline=None)
@given(
    contents=st.lists(
        st.dictionaries(st.sampled_from("abc"), st.tuples(st.binary(max_size=3), st.booleans()), max_size=3),
        min_size=2,
        max_size=5,
    )
)
def test_two_trees_have_one_key_only_when_they_have_one_content(
    tmp_path_factory: pytest.TempPathFactory, contents: list[dict[str, tuple[bytes, bool]]]
) -> None:
    repository = Repository(tmp_path_factory.mktemp("keys") / "repository")
    folder = repository.function("orders")
    by_key: dict[str, str] = {}
    for files in contents:
        for name in "abc":
            (folder / name).unlink(missing_ok=True)
        for name, (content, executable) in files.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o755 if executable else 0o644)
        repository.build()
        whole = json.dumps({name: [data.hex(), mode] for name, (data, mode) in sorted(files.items())})
        assert by_key.setdefault(repository.keys()["orders"], whole) == whole
    assert len(by_key) == len(set(by_key.values()))
