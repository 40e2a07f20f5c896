"""Executions in the sandbox: a start that is repeated."""

import json
import uuid

import pytest

from tests.emulator.emulated_account import Account, eventually


def _machine(account: Account, seconds: int) -> str:
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})
    name = f"machine-{uuid.uuid4().hex[:8]}"
    answer = account.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=account.role()
    )
    return str(answer["stateMachineArn"])


def test_a_start_with_the_same_name_and_input_is_the_same_execution_while_it_runs(account: Account) -> None:
    states, machine = account.client("stepfunctions"), _machine(account, 60)
    first = states.start_execution(stateMachineArn=machine, name="run", input='{"a":1}')
    again = states.start_execution(stateMachineArn=machine, name="run", input='{"a":1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 1
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="run", input='{"a":2}')
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="run", input='{"a":1}')


@pytest.mark.parametrize("given", ["no JSON", '"' + "x" * 262_143 + '"'], ids=["no JSON", "too large"])
def test_an_input_that_is_none_is_refused(account: Account, given: str) -> None:
    states, machine = account.client("stepfunctions"), _machine(account, 0)
    with pytest.raises(states.exceptions.InvalidExecutionInput):
        states.start_execution(stateMachineArn=machine, input=given)
    states.start_execution(stateMachineArn=machine, input='"' + "x" * 262_142 + '"')


def test_the_name_of_an_ended_execution_is_taken(account: Account) -> None:
    states, machine = account.client("stepfunctions"), _machine(account, 0)
    arn = states.start_execution(stateMachineArn=machine, name="run")["executionArn"]
    eventually(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", "the end")
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name="run")
