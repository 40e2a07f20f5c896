"""What a killed apply leaves behind is known and ends in a new beginning; any other failure is shown as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.process import Process
from ops_cli.clone.record import Emulator
from ops_cli.sandbox.applied import Applied, read_applied, write_applied
from ops_cli.sandbox.emulator import process as emulator
from ops_cli.sandbox.terraform.apply import TerraformLog, apply, conflict_in, reason_to_begin_anew
from opscore.errors import OpsError

EXISTS = (
    "Error: creating Lambda Alias (live): operation error Lambda: CreateAlias, https response error StatusCode: 409, "
    "ResourceConflictException: Alias already exists: live"
)
REFUSED = "Error: creating S3 Bucket: AccessDenied: not allowed"
COMPLETE = Applied("f" * 64, "life-1", "s" * 64, 1000.0)
EMULATOR = Emulator(Process(7, "beginning"), 1, "life-1", "1.5.33", 1000.0, "/nowhere/.sandbox")


@dataclass
class FakeTerraform:
    """An apply that says `lines`, and fails if the last one is an error."""

    report: Callable[[str], None]
    lines: tuple[str, ...] = ()

    def apply(self) -> None:
        for line in self.lines:
            self.report(line)
        if self.lines and self.lines[-1].startswith("Error"):
            raise OpsError(f"terraform apply failed: {self.lines[-1]}")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(emulator, "answers", lambda _emulator: True)
    own = Places(tmp_path)
    own.folder.mkdir()
    return own


def run(places: Places, *lines: str) -> str | None:
    terraform: Any = FakeTerraform(TerraformLog(places.terraform_log, lambda _line: None), lines)
    return apply(places, EMULATOR, terraform)


def test_a_complete_apply_leaves_no_mark(places: Places) -> None:
    assert run(places, "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.") is None
    assert not places.applying.exists()


def test_an_apply_that_is_killed_leaves_its_mark(places: Places) -> None:
    write_applied(places, COMPLETE)

    def killed(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(places, EMULATOR, FakeTerraform(killed, ("Plan: 1 to add",)))  # type: ignore[arg-type]
    assert places.applying.exists()
    applied = read_applied(places)
    assert applied is not None
    assert applied.fingerprint == ""


def test_after_a_killed_apply_what_exists_already_is_returned(places: Places) -> None:
    write_applied(places, COMPLETE)
    places.applying.touch()
    assert run(places, "Plan: 1 to add", EXISTS, REFUSED) == "ResourceConflictException"
    assert places.applying.exists()


def test_in_an_account_that_was_never_complete_too(places: Places) -> None:
    assert run(places, EXISTS) == "ResourceConflictException"


def test_in_a_complete_account_it_is_an_error_and_nothing_is_thrown_away(places: Places) -> None:
    write_applied(places, COMPLETE)
    with pytest.raises(OpsError, match="Alias already exists"):
        run(places, EXISTS)
    assert not places.applying.exists()


def test_any_other_failure_is_shown_and_the_mark_of_a_killed_one_stays(places: Places) -> None:
    with pytest.raises(OpsError, match="AccessDenied"):
        run(places, REFUSED)
    assert not places.applying.exists()
    places.applying.touch()
    with pytest.raises(OpsError, match="AccessDenied"):
        run(places, REFUSED)
    assert places.applying.exists()


def test_an_apply_that_loses_its_emulator_counts_as_killed(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "answers", lambda _emulator: False)
    with pytest.raises(OpsError, match="process 7"):
        run(places, "Error: connection refused")
    assert places.applying.exists()


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (EXISTS, "ResourceConflictException"),
        ("Error: creating IAM Role (a): EntityAlreadyExists: Role with name a already exists.", "EntityAlreadyExists"),
        ("Error: creating S3 Bucket (b): BucketAlreadyOwnedByYou: ", "BucketAlreadyOwnedByYou"),
        (
            "Error: creating DynamoDB Table (c): ResourceInUseException: Table exists: c",
            "ResourceInUseException",
        ),
        (REFUSED, None),
        ("module.x: Creation complete, although an alias already exists", None),
    ],
)
def test_a_conflict_is_known_by_the_words_of_the_services(said: str, word: str | None) -> None:
    assert conflict_in(f"Plan: 3 to add\n{said}\n") == word


def test_terraforms_record_must_fit_the_account(places: Places) -> None:
    assert reason_to_begin_anew(places, described=False) is None
    assert reason_to_begin_anew(places, described=True) == "Terraform's record of the account is gone"
    places.terraform.mkdir()
    places.terraform_state.write_text('{"version": 4}')
    assert reason_to_begin_anew(places, described=True) is None
    assert reason_to_begin_anew(places, described=False) is None
    places.terraform_state.write_text('{"versi')
    assert reason_to_begin_anew(places, described=True) == "Terraform's record of the account is damaged"


def test_the_log_keeps_all_and_shows_what_matters(tmp_path: Path) -> None:
    shown: list[str] = []
    log = TerraformLog(tmp_path / ".sandbox/terraform.log", shown.append)
    lines = [
        "  + resource aws_sqs_queue this {",
        "Plan: 35 to add, 0 to change, 0 to destroy.",
        "module.a.aws_sqs_queue.this: Still creating... [10s elapsed]",
        "module.a.aws_sqs_queue.this: Creation complete after 25s [id=http://127.0.0.1:1/q]",
        "Apply complete! Resources: 35 added, 0 changed, 0 destroyed.",
    ]
    for line in lines:
        log(line)
    assert (tmp_path / ".sandbox/terraform.log").read_text().splitlines() == lines
    assert shown == [lines[1], lines[3], lines[4]]
