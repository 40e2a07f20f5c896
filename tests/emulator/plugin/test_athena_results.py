"""Athena in the sandbox: the result of a query is where the answer says, as Athena writes it."""

from typing import Any

import pytest

from ops_cli.clone.record import REGION
from tests.emulator.emulated_account import Account, eventually


def run(account: Account, query: str, bucket: str = "results-here") -> dict[str, Any]:
    """Run a query to its end; return the execution."""
    athena = account.client("athena")
    started = athena.start_query_execution(
        QueryString=query, ResultConfiguration={"OutputLocation": f"s3://{bucket}/athena/"}
    )

    def ended() -> Any:
        found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        return found if found["Status"]["State"] in ("SUCCEEDED", "FAILED") else None

    return dict(eventually(ended, "the query"))


@pytest.fixture(scope="module", autouse=True)
def bucket(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="results-here", CreateBucketConfiguration={"LocationConstraint": REGION})


def test_the_result_lies_where_the_answer_says_and_tells_a_null_from_an_empty_text(account: Account) -> None:
    query = (
        "SELECT NULL AS nothing, '' AS empty, 'say \"a,b\"' AS said, "
        "TIMESTAMP '2026-10-25 01:02:03.4567' AS at, true AS t"
    )
    where = run(account, query)["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results-here/")
    content = account.client("s3").get_object(Bucket="results-here", Key=where)["Body"].read().decode()
    assert content == ('"nothing","empty","said","at","t"\n,"","say ""a,b""","2026-10-25 01:02:03.456","true"\n')


def test_a_result_that_cannot_be_written_is_a_query_that_failed(account: Account) -> None:
    status = run(account, "SELECT 1", bucket="no-such-bucket")["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "FAILED",
        "NoSuchBucket: the result cannot be written to no-such-bucket",
    )
