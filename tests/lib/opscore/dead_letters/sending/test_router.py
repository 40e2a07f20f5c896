import json
from typing import Any

import pytest

from opscore.dead_letters.envelopes import Kind, recognise
from opscore.dead_letters.looking.queue import describe, source_queues
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import LambdaDestination, Refusal, SqsDestination
from opscore.dead_letters.sending.outgoing import prepare
from opscore.dead_letters.sending.router import Router, Subscription, subscriptions_with_dead_letters
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies

TOPIC = "arn:aws:sns:eu-west-1:111122223333:orders"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:worker"
ASYNC = {
    "RequestID": {"DataType": "String", "StringValue": "r-1"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    "ErrorMessage": {"DataType": "String", "StringValue": "Process exited"},
}
NOTIFICATION = json.dumps({"Type": "Notification", "TopicArn": TOPIC, "Message": "hello", "MessageId": "n-1"})
FAILED_RECORD = json.dumps(
    {"version": "1.0", "requestContext": {"functionArn": f"{FUNCTION}:live"}, "requestPayload": {"order": 7}}
)
POINTER = json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "big", "s3Key": "k/1"}])


class FakeLambda:
    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []
        self.status = 202
        self.fails: Exception | None = None

    def invoke(self, **request: Any) -> dict[str, Any]:
        if self.fails:
            raise self.fails
        self.invoked.append(request)
        return {"StatusCode": self.status, "ResponseMetadata": {"RequestId": "new"}}


def letter(body: str = "{}", *, attributes: Any = None, origin: str | None = None) -> DeadLetter:
    return DeadLetter("m1", "h", body, attributes or {}, {"DeadLetterQueueSourceArn": origin} if origin else {})


def router(world: World, **options: Any) -> Router:
    client: Any = world.sqs
    dead = describe(client, world.dead.url)
    sources = options.pop("sources", [describe(client, url) for url in source_queues(client, dead)])
    return Router(client, dead, sources=sources, **options)


def label(found: Any) -> str:
    assert not isinstance(found, Refusal), found
    return str(found.label)


def code(found: Any) -> str:
    assert isinstance(found, Refusal)
    return found.code


@pytest.mark.parametrize(
    ("body", "attributes", "kind"),
    [
        ("hello", {}, Kind.PLAIN),
        ("{not json", {}, Kind.PLAIN),
        ('{"requestContext": 1}', {}, Kind.PLAIN),
        ("[1, 2]", {}, Kind.PLAIN),
        (NOTIFICATION, {}, Kind.SNS),
        ("{}", ASYNC, Kind.LAMBDA_ASYNC),
        (FAILED_RECORD, {}, Kind.LAMBDA_DESTINATION),
        (POINTER, {}, Kind.S3_POINTER),
    ],
)
def test_envelopes_are_recognised(body: str, attributes: Any, kind: Kind) -> None:
    assert recognise(letter(body, attributes=attributes)).kind is kind


def test_one_dead_letter_queue_of_several_queues_sends_each_message_home() -> None:
    world = World()
    other = world.sqs.create("other", dead_letter=world.dead.arn)
    for number in range(30):
        world.sqs.put(world.dead, f"{number}", origin=(world.work if number % 3 else other).arn)
    assert world.replay(world.admission(route=router(world))).moved == 30
    assert sorted(map(int, sent_bodies(other))) == list(range(0, 30, 3))
    assert len(sent_bodies(world.work)) == 20


def test_without_an_origin_the_only_source_is_taken_and_of_two_none_is_guessed() -> None:
    world = World()
    assert label(router(world)(letter())) == "work"
    world.sqs.create("other", dead_letter=world.dead.arn)
    assert code(router(world)(letter())) == "NoOrigin"


def test_a_named_destination_overrides_the_origin() -> None:
    world = World()
    client: Any = world.sqs
    rescue = SqsDestination(client, describe(client, world.sqs.create("rescue").url))
    assert label(router(world, to=rescue)(letter(origin=world.work.arn))) == "rescue"


def test_an_origin_that_was_deleted_is_said_to_be_gone_and_the_message_stays() -> None:
    world = World()
    world.sqs.put(world.dead, "x", origin=world.work.arn.replace("work", "deleted"))
    tally = world.replay(world.admission(route=router(world)))
    assert tally.failed == 1
    assert "OriginGone" in next(iter(tally.reasons))
    assert world.dead.bodies == ["x"]


def test_a_standard_message_is_not_sent_to_a_fifo_origin() -> None:
    world = World()
    fifo = world.sqs.create("work.fifo", dead_letter=world.dead.arn)
    assert code(router(world)(letter(origin=fifo.arn))) == "OtherKind"


def test_a_failed_asynchronous_event_is_replayed_by_invoking_the_function_with_the_bare_event() -> None:
    world, client = World(), FakeLambda()
    event = {"order": 7}
    world.sqs.put(world.dead, json.dumps(event), attributes=ASYNC)
    route = router(world, sources=[], lambda_client=client, function=lambda: FUNCTION)
    assert world.replay(world.admission(route=route)).moved == 1
    (request,) = client.invoked
    assert (request["FunctionName"], request["InvocationType"]) == (FUNCTION, "Event")
    assert json.loads(request["Payload"]) == event
    assert world.dead.messages == []


def test_the_record_of_an_on_failure_destination_is_unwrapped() -> None:
    client: Any = FakeLambda()
    found = router(World(), sources=[], lambda_client=client)(letter(FAILED_RECORD))
    assert label(found) == "lambda:worker:live"
    assert isinstance(found, LambdaDestination)
    found.send([prepare(letter(FAILED_RECORD), run="r", replays=1)])
    assert json.loads(client.invoked[0]["Payload"]) == {"order": 7}


def test_a_function_that_does_not_accept_keeps_the_dead_letter() -> None:
    world, client = World(), FakeLambda()
    world.sqs.put(world.dead, "{}", attributes=ASYNC)
    client.fails = error("Invoke", "ResourceNotFoundException")
    route = router(world, sources=[], lambda_client=client, function=lambda: FUNCTION)
    tally = world.replay(world.admission(route=route))
    assert (tally.moved, tally.failed, len(world.dead.messages)) == (0, 1, 1)


def test_a_failed_notification_goes_to_the_failed_subscriber_only() -> None:
    world = World()
    failed, healthy = world.sqs.create("failed"), world.sqs.create("healthy")
    world.sqs.put(world.dead, NOTIFICATION)
    route = router(world, sources=[], subscriptions=lambda: [Subscription(TOPIC, "sqs", failed.arn)])
    assert world.replay(world.admission(route=route)).moved == 1
    assert (sent_bodies(failed), sent_bodies(healthy)) == ([NOTIFICATION], [])


def test_a_notification_for_a_function_is_wrapped_as_sns_would() -> None:
    client: Any = FakeLambda()
    subscription = Subscription(TOPIC, "lambda", FUNCTION)
    found = router(World(), sources=[], lambda_client=client, subscriptions=lambda: [subscription])(
        letter(NOTIFICATION)
    )
    assert isinstance(found, LambdaDestination)
    found.send([prepare(letter(NOTIFICATION), run="r", replays=1)])
    event = json.loads(client.invoked[0]["Payload"])
    assert event["Records"][0]["Sns"]["Message"] == "hello"


@pytest.mark.parametrize("count", [0, 2])
def test_when_the_failed_subscription_cannot_be_told_nothing_is_sent(count: int) -> None:
    subscriptions = [Subscription(TOPIC, "sqs", f"arn:aws:sqs:eu-west-1:1:q{n}") for n in range(count)]
    assert code(router(World(), sources=[], subscriptions=lambda: subscriptions)(letter(NOTIFICATION))) == "NoOrigin"


def test_a_notification_in_a_work_queue_s_dead_letters_goes_to_that_queue() -> None:
    world = World()
    assert label(router(world)(letter(NOTIFICATION, origin=world.work.arn))) == "work"


def test_a_pointer_to_a_deleted_object_is_not_replayed() -> None:
    class S3:
        def head_object(self, **_request: Any) -> None:
            raise error("HeadObject", "404")

    world = World()
    assert code(router(world, s3=S3())(letter(POINTER, origin=world.work.arn))) == "PayloadGone"


def test_subscriptions_are_found_by_their_redrive_policy() -> None:
    class Sns:
        def list_subscriptions(self, **request: Any) -> dict[str, Any]:
            arns = ["arn:s2"] if request else ["arn:s1", "PendingConfirmation"]
            listed = [{"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": arn, "SubscriptionArn": arn} for arn in arns]
            return {"Subscriptions": listed, **({} if request else {"NextToken": "t"})}

        def get_subscription_attributes(self, SubscriptionArn: str) -> dict[str, Any]:  # noqa: N803
            policy = {"deadLetterTargetArn": "arn:dead"} if SubscriptionArn == "arn:s2" else {}
            return {"Attributes": {"RedrivePolicy": json.dumps(policy)}}

    assert subscriptions_with_dead_letters(Sns(), "arn:dead") == [Subscription(TOPIC, "sqs", "arn:s2")]
