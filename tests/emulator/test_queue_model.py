"""The model of queue and mapping against the sandbox's real ones, at a small size."""

import datetime as dt
import json
from itertools import accumulate
from typing import Any

from opscore.queues.model import EventSourceMapping, forecast
from tests.emulator.emulated_account import Account, eventually

WORKER = """
    import json, time

    def handle(event, context):
        seconds = event.get("hold") or float(event["Records"][0]["body"])
        began = time.time()
        time.sleep(seconds)
        print(json.dumps({"held" if "hold" in event else "worked": [began, time.time()]}), flush=True)
"""


def consumer(account: Account, arn: str, concurrency: int) -> str:
    """Make a function that works for as long as each message says, and let the queue feed it."""
    take = {
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": arn,
    }
    name = account.function(WORKER, role=account.role(take), Timeout=30)
    functions = account.client("lambda")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=name, BatchSize=1, ScalingConfig={"MaximumConcurrency": concurrency}
    )
    return name


def send(account: Account, url: str, messages: int, seconds: float) -> None:
    for _ in range(messages):
        account.client("sqs").send_message(QueueUrl=url, MessageBody=str(seconds))


def spans(account: Account, function: str, kind: str) -> list[tuple[float, float]]:
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"]
    lines = account.log(function, kind) if groups else []
    return [tuple(json.loads(line)[kind]) for line in lines if line.startswith("{")]


def most_at_once(found: list[tuple[float, float]]) -> int:
    steps = sorted([*((began, 1) for began, _ in found), *((ended, -1) for _, ended in found)])
    return max(accumulate(step for _, step in steps))


def test_a_bounded_run_has_the_peak_and_takes_the_rounds_of_the_model(account: Account) -> None:
    messages, seconds, concurrency = 15, 0.5, 3
    (modelled,) = forecast(
        EventSourceMapping(180, 5, 1, concurrency, concurrency), messages, [seconds], runs=1, seed="real"
    ).runs
    url, arn = account.queue(VisibilityTimeout="180")
    function = consumer(account, arn, concurrency)
    send(account, url, messages, seconds)
    found = eventually(lambda: (there := spans(account, function, "worked")) and len(there) == messages and there, "it")
    assert (len(found), most_at_once(found)) == (modelled.delivered, modelled.peak)
    # A fed mapping cannot be faster than its rounds; how much slower it is says more about the machine.
    assert max(ended for _, ended in found) - min(began for began, _ in found) >= modelled.seconds
    assert modelled.throttles == throttles(account, function) == 0


def test_what_others_hold_of_the_concurrency_kills_messages_that_never_ran_as_in_the_model(account: Account) -> None:
    messages, concurrency = 4, 2
    mapping = EventSourceMapping(1, 2, 1, concurrency, concurrency, others=concurrency)
    (modelled,) = forecast(mapping, messages, [0.1], runs=1, seed="real").runs
    dead_url, dead_arn = account.queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": mapping.max_receive_count})
    url, arn = account.queue(VisibilityTimeout="30", RedrivePolicy=policy)
    function = consumer(account, arn, concurrency)
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    hold(account, function, concurrency)
    send(account, url, messages, 0.1)
    eventually(lambda: depth(account, dead_url) == messages, "the death of every message")
    assert (modelled.delivered, modelled.dead) == (0, messages)
    assert spans(account, function, "worked") == []
    assert modelled.throttles > 0 < throttles(account, function)


def hold(account: Account, function: str, executions: int) -> None:
    """Keep executions busy for longer than the test lasts, and wait until they are."""
    for _ in range(executions):
        payload = json.dumps({"hold": 25})
        account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    functions: Any = account.client("lambda")

    def all_taken() -> bool:
        try:
            functions.invoke(FunctionName=function, Payload=json.dumps({"hold": 0.01}))
        except functions.exceptions.TooManyRequestsException:
            return True
        return False

    eventually(all_taken, "the executions to be held")


def depth(account: Account, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def throttles(account: Account, function: str) -> int:

    now = dt.datetime.now(dt.UTC)
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - dt.timedelta(minutes=10),
        EndTime=now + dt.timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in answer["Datapoints"]))
