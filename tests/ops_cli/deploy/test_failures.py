import pytest

from ops_cli.deploy.failures import failure

IN_APPLY = """\
module.queue.aws_sqs_queue.this: Creating...

Error: creating SQS Queue (orders): operation error SQS: CreateQueue, api error AccessDenied: no

  with module.queue.aws_sqs_queue.this,
  on ../modules/queue-worker/main.tf line 44, in resource "aws_sqs_queue" "this":
  44: resource "aws_sqs_queue" "this" {

"""

VALIDATION = """\
╷
│ Warning: Something old
│
│ Nobody minds.
╵
╷
│ Error: Invalid value for variable
│
│   on variables.tf line 14:
│   14: variable "environment" {
│     ├────────────────
│     │ var.environment is "Prod"
│
│ The environment must be kebab-case and at most 12 characters long, so that
│ bucket names stay under their limit of 63.
│
│ This was checked by the validation rule at variables.tf:18,3-13.
╵
"""

LOCK = """\

Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode:
412, api error PreconditionFailed
Lock Info:
  ID:        7a9c
"""


def test_a_failed_resource_is_named_with_what_aws_said() -> None:
    error = failure("apply", IN_APPLY.splitlines())
    assert error.message == (
        "terraform apply failed: creating SQS Queue (orders): operation error SQS: CreateQueue, "
        "api error AccessDenied: no (module.queue.aws_sqs_queue.this)"
    )


def test_a_refused_value_says_the_rule_and_not_the_source() -> None:
    error = failure("plan", VALIDATION.splitlines())
    assert error.message == (
        "terraform plan failed: Invalid value for variable: The environment must be kebab-case and at most 12 "
        "characters long, so that bucket names stay under their limit of 63."
    )


def test_of_several_errors_the_last_is_told() -> None:
    error = failure("apply", ["Error: first", "", "", "Error: second", ""])
    assert error.message == "terraform apply failed: second"


def test_without_an_error_block_the_last_words_are_told() -> None:
    assert failure("init", ["starting", "killed", ""]).message == "terraform init failed: killed"
    assert "it said nothing" in failure("init", []).message


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        (LOCK, "`opsctl deploy unlock` shows whose it is"),
        ("Error: Failed to get existing workspaces: S3 bucket does not exist.", "opsctl deploy bootstrap"),
        ("Error: No valid credential sources found", "aws sso login"),
        ("Error: Failed to query available provider packages", "no local mirror"),
        ("Error: Put: dial tcp 127.0.0.1:1: connect: connection refused", "opsctl doctor"),
        ("Error: Something else", ""),
    ],
)
def test_known_failures_say_what_to_do_next(output: str, hint: str) -> None:
    found = failure("apply", output.splitlines()).hint
    assert hint in found
    assert bool(found) == bool(hint)
