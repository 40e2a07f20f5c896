"""requirements.txt as it may be written, and the lock that pins it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.packaging.requirements import (
    blocks,
    check_lock,
    differences,
    keep_given_hashes,
    lock_text,
    parse,
    pins_for,
)
from opscore.errors import OpsError

HASH = "\\\n    --hash=sha256:" + "0" * 64
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
PINS = st.dictionaries(NAMES, st.sampled_from(["1.0", "1.1", "2.0"]), max_size=5)


def pins(versions_by_name: dict[str, str]) -> str:
    return "".join(f"{name}=={version} {HASH}\n" for name, version in sorted(versions_by_name.items()))


def test_comments_blanks_and_order_do_not_matter() -> None:
    text = "# web\nrequests==2.32.3  # pinned\n\nidna>=3\n"
    assert parse(text, "requirements.txt") == parse("idna>=3\nrequests==2.32.3\n", "requirements.txt")


def test_extras_and_markers_are_requirements() -> None:
    text = 'moto[s3]==5 ; python_version < "3.13"\n'
    assert parse(text, "requirements.txt") == ('moto[s3]==5 ; python_version < "3.13"',)


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "-e .",
        "--index-url https://index.example/simple",
        "six @ https://files.example/six.whl",
        "git+https://git.example/six",
        "--hash=sha256:00 six",
        "six --no-binary six",
    ],
)
def test_what_is_not_the_same_everywhere_is_refused_by_line(line: str) -> None:
    with pytest.raises(OpsError, match=r"^requirements.txt:2: .* is not a plain requirement"):
        parse(f"# first\n{line}\n", "requirements.txt")


def test_a_requirement_may_go_on_in_the_next_line() -> None:
    text = f"six==1 \\  # pinned\n    --hash={A} \\\n    --hash={B}\nidna\n"
    assert parse(text, "requirements.txt") == ("idna", f"six==1 --hash={A} --hash={B}")
    assert parse(f"six==1 --hash {B} --hash={A} \\\n", "requirements.txt") == (f"six==1 --hash={A} --hash={B}",)


def test_a_refused_line_is_named_by_where_it_begins() -> None:
    with pytest.raises(OpsError, match=r"^requirements.txt:3: "):
        parse(f"a==1 \\\n  --hash={A}\nb \\\n  --pre\n", "requirements.txt")


@pytest.mark.parametrize("strange", ["sha512:" + "0" * 128, "sha256:xyz", "md5:0"])
def test_a_hash_that_cannot_be_compared_is_refused(strange: str) -> None:
    with pytest.raises(OpsError, match=f"^requirements.txt:1: '{strange}' is not a hash like sha256"):
        parse(f"six==1 --hash={strange}\n", "requirements.txt")


def test_a_lock_keeps_only_the_hashes_that_a_requirement_names() -> None:
    resolved = f"a-b==1 \\\n    --hash={A} \\\n    --hash={B}\nc==1 \\\n    --hash={A} \\\n    --hash={B}\n"
    kept = keep_given_hashes(resolved, (f"A_b==1 --hash={B}", "c"), "requirements.txt")
    assert kept == f"a-b==1 \\\n    --hash={B}\nc==1 \\\n    --hash={A} \\\n    --hash={B}\n"


def test_a_pin_without_any_of_the_given_hashes_is_refused() -> None:
    with pytest.raises(OpsError, match=r"^f/requirements.txt: no file of six 1 has a hash that is given for it"):
        keep_given_hashes(f"six==1 \\\n    --hash={A}\n", (f"six --hash={B}",), "f/requirements.txt")


@given(arm=PINS, intel=PINS)
def test_a_lock_gives_each_architecture_what_was_resolved_for_it(arm: dict[str, str], intel: dict[str, str]) -> None:
    text = lock_text(("a==1",), "python3.13", {"arm64": pins(arm), "x86_64": pins(intel)})
    check_lock(text, ("a==1",), "requirements.lock", "python3.13")
    for architecture, resolved in (("arm64", arm), ("x86_64", intel)):
        assert blocks(pins_for(architecture, text)) == blocks(pins(resolved))
        assert differences(pins_for(architecture, text), pins(resolved)) == []


@given(both=PINS)
def test_what_is_equal_on_both_architectures_is_locked_once(both: dict[str, str]) -> None:
    text = lock_text(("a==1",), "python3.13", {"arm64": pins(both), "x86_64": pins(both)})
    assert text.count("==") == len(both)
    assert "platform_machine" not in text


def test_a_lock_of_other_requirements_is_stale() -> None:
    text = lock_text(("six==1.16.0",), "python3.13", {"arm64": "", "x86_64": ""})
    with pytest.raises(OpsError, match=r"^f/requirements.lock was not made from the requirements.txt") as error:
        check_lock(text, ("six==1.17.0",), "f/requirements.lock", "python3.13")
    assert "make lock" in error.value.hint


def test_a_lock_of_another_runtime_is_refused_with_the_command_that_mends_it() -> None:
    text = lock_text(("six==1.16.0",), "python3.13", {"arm64": "", "x86_64": ""})
    with pytest.raises(OpsError, match=r"was resolved for python3.13, not for python3.12") as error:
        check_lock(text, ("six==1.16.0",), "f/requirements.lock", "python3.12")
    assert "--lock --runtime python3.12" in error.value.hint
    check_lock(text, ("six==1.16.0",), "f/requirements.lock", None)


def test_a_missing_lock_is_one_line_that_says_what_to_run() -> None:
    with pytest.raises(OpsError, match=r"^f/requirements.lock is missing.$") as error:
        check_lock("", ("six",), "f/requirements.lock", None)
    assert "make lock" in error.value.hint


def test_differences_name_the_package_and_both_versions() -> None:
    deployed, here = pins({"a": "1.0", "b": "1.0", "c": "1.0"}), pins({"a": "1.0", "b": "1.1", "d": "2.0"})
    assert differences(deployed, here) == ["b 1.0 -> 1.1", "c 1.0 -> absent", "d absent -> 2.0"]
