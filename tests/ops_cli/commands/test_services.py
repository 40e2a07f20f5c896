from tests.ops_cli.commands.conftest import Opsctl


def test_every_service_is_listed_with_its_queue_and_runtime(opsctl: Opsctl) -> None:
    rows = opsctl("services", "--output", "json").data
    assert [(row["service"], row["queue"], row["runtime"]) for row in rows] == [
        ("report-generator", "report-requests", "python3.13"),
        ("report-month", None, "python3.13"),
        ("report-request", None, "python3.13"),
    ]


def test_one_service_is_described_with_its_log_group_and_alias(opsctl: Opsctl) -> None:
    data = opsctl("services", "report-generator", "--output", "json").data
    assert (data["alias"], data["version"]) == ("live", "1")
    assert data["log_group"] == "/aws/lambda/opsctl-test-report-generator"


def test_an_unknown_service_is_not_found_and_the_nearest_is_named(opsctl: Opsctl) -> None:
    answer = opsctl("services", "report-generatr")
    assert answer.code == 4
    assert "Did you mean report-generator" in answer.err


def test_the_stack_is_listed_by_kind_and_role(opsctl: Opsctl) -> None:
    rows = opsctl("stack", "--output", "json").data
    assert {"kind": "queue", "role": "report-requests", "name": "opsctl-test-report-requests"} in rows
    assert {"kind": "table", "role": "accounts", "name": "opsctl-test-accounts"} in rows
