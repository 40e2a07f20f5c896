import json
from typing import Any

import pytest

from opscore.dead_letters.envelopes import Kind, recognise
from opscore.dead_letters.looking.queue import describe, source_queues
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import LambdaDestination, Refusal, SqsDestination
from opscore.dead_letters.sending.outgoing import prepare
from opscore.dead_letters.sending.router import Router
from opscore.dead_letters.sending.senders import (
    Subscription,
    subscriptions_with_dead_letters,
    takes_from_topics,
    transform_of,
)
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies


def texts(**attributes: str) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}


TOPIC = "arn:aws:sns:eu-west-1:111122223333:orders"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:worker"
ASYNC = {
    "RequestID": {"DataType": "String", "StringValue": "r-1"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    "ErrorMessage": {"DataType": "String", "StringValue": "Process exited"},
}
RULE = "arn:aws:events:eu-west-1:111122223333:rule/shop/orders"
REDRIVEN = texts(
    RequestID="r-2", ErrorCode="AWS.SimpleQueueService.NonExistentQueue", ErrorMessage="The queue does not exist."
)
UNDELIVERED = texts(
    RULE_ARN=RULE,
    TARGET_ARN=FUNCTION,
    ERROR_CODE="NO_PERMISSIONS",
    ERROR_MESSAGE="Not allowed to invoke it.",
    EXHAUSTED_RETRY_CONDITION="MaximumRetryAttempts",
    RETRY_ATTEMPTS="3",
)
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


class Bucket:
    """A bucket that answers with an error code, for ever or so many times."""

    def __init__(self, says: str, times: int | None = None) -> None:
        self._says, self._times = says, times

    def head_object(self, **_request: Any) -> None:
        if self._times != 0:
            self._times = None if self._times is None else self._times - 1
            raise error("HeadObject", self._says)


def letter(body: str = "{}", *, attributes: Any = None, origin: str | None = None) -> DeadLetter:
    return DeadLetter("m1", "h", body, attributes or {}, {"DeadLetterQueueSourceArn": origin} if origin else {})


def router(world: World, **options: Any) -> Router:
    client: Any = world.sqs
    dead = describe(client, world.dead.url)
    sources = options.pop("sources", [describe(client, url) for url in source_queues(client, dead)])
    function = options.pop("lambda_client", None)
    return Router(client, dead, sources=sources, lambda_client=lambda: function, **options)


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
        (NOTIFICATION, ASYNC, Kind.LAMBDA_ASYNC),
        (FAILED_RECORD, ASYNC, Kind.LAMBDA_ASYNC),
        (NOTIFICATION, REDRIVEN, Kind.SNS),
        ("hello", REDRIVEN, Kind.SNS_RAW),
        ('{"detail": {}}', UNDELIVERED, Kind.EVENTBRIDGE),
        (NOTIFICATION, UNDELIVERED, Kind.EVENTBRIDGE),
        ("{}", texts(TARGET_ARN="the publisher's own"), Kind.PLAIN),
        (FAILED_RECORD, UNDELIVERED, Kind.EVENTBRIDGE),
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
    route = router(world, sources=[], lambda_client=client, functions=lambda: [FUNCTION])
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
    route = router(world, sources=[], lambda_client=client, functions=lambda: [FUNCTION])
    tally = world.replay(world.admission(route=route))
    assert (tally.moved, tally.failed, len(world.dead.messages)) == (0, 1, 1)


def test_a_failed_notification_goes_to_the_failed_subscriber_only() -> None:
    world = World()
    failed, healthy = world.sqs.create("failed"), world.sqs.create("healthy")
    world.sqs.put(world.dead, NOTIFICATION)
    route = router(world, sources=[], subscriptions=lambda _topic: [Subscription(TOPIC, "sqs", failed.arn)])
    assert world.replay(world.admission(route=route)).moved == 1
    assert (sent_bodies(failed), sent_bodies(healthy)) == ([NOTIFICATION], [])


def test_a_notification_for_a_function_is_wrapped_as_sns_would() -> None:
    client: Any = FakeLambda()
    subscription = Subscription(TOPIC, "lambda", FUNCTION, f"{TOPIC}:s-1")
    world, subscriptions = World(), lambda _topic: [subscription]
    route = router(world, sources=[], lambda_client=client, subscriptions=subscriptions)
    world.sqs.put(world.dead, NOTIFICATION)
    assert world.replay(world.admission(route=route)).moved == 1
    (record,) = json.loads(client.invoked[0]["Payload"])["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == f"{TOPIC}:s-1"
    assert record["Sns"]["Message"] == "hello"


@pytest.mark.parametrize("count", [0, 2])
def test_when_the_failed_subscription_cannot_be_told_nothing_is_sent(count: int) -> None:
    subscriptions = [Subscription(TOPIC, "sqs", f"arn:aws:sqs:eu-west-1:1:q{n}") for n in range(count)]
    assert (
        code(router(World(), sources=[], subscriptions=lambda _topic: subscriptions)(letter(NOTIFICATION)))
        == "NoOrigin"
    )


def test_a_notification_in_a_work_queue_s_dead_letters_goes_to_that_queue() -> None:
    world = World()
    assert label(router(world)(letter(NOTIFICATION, origin=world.work.arn))) == "work"


def test_a_pointer_to_a_deleted_object_is_not_replayed() -> None:
    world = World()
    assert code(router(world, s3=lambda: Bucket("404"))(letter(POINTER, origin=world.work.arn))) == "PayloadGone"


@pytest.mark.parametrize("said", ["403", "AccessDenied", "KMS.DisabledException"])
def test_a_pointer_that_may_not_be_looked_at_stays_and_ends_no_run(said: str) -> None:
    world = World()
    world.add_dead_letters(20)
    world.sqs.put(world.dead, POINTER, origin=world.work.arn)
    tally = world.replay(world.admission(route=router(world, s3=lambda: Bucket(said))))
    assert (tally.moved, tally.failed, world.dead.bodies) == (20, 1, [POINTER])
    (why,) = tally.reasons
    assert f"PayloadUnseen: its body is stored in S3 and cannot be seen ({said})" in why


def test_a_pointer_is_looked_at_again_when_s3_asks_for_fewer_requests() -> None:
    world = World()
    world.sqs.put(world.dead, POINTER, origin=world.work.arn)
    bucket = Bucket("SlowDown", times=2)
    assert world.replay(world.admission(route=router(world, s3=lambda: bucket))).moved == 1


def test_subscriptions_are_found_by_their_redrive_policy() -> None:
    class Sns:
        def list_subscriptions(self, **request: Any) -> dict[str, Any]:
            arns = ["arn:s2"] if request else ["arn:s1", "PendingConfirmation"]
            listed = [{"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": arn, "SubscriptionArn": arn} for arn in arns]
            return {"Subscriptions": listed, **({} if request else {"NextToken": "t"})}

        def list_subscriptions_by_topic(self, **request: Any) -> dict[str, Any]:
            assert request.pop("TopicArn") == TOPIC
            return self.list_subscriptions(**request)

        def get_subscription_attributes(self, SubscriptionArn: str) -> dict[str, Any]:  # noqa: N803
            policy = {"deadLetterTargetArn": "arn:dead"} if SubscriptionArn == "arn:s2" else {}
            return {"Attributes": {"RedrivePolicy": json.dumps(policy), "RawMessageDelivery": "true"}}

    found = [Subscription(TOPIC, "sqs", "arn:s2", "arn:s2", raw=True)]
    assert subscriptions_with_dead_letters(Sns(), "arn:dead") == found
    assert subscriptions_with_dead_letters(Sns(), "arn:dead", TOPIC) == found


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], False),
        ({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}, True),
        ([{"Effect": "Allow", "Principal": {"AWS": "*"}}], True),
        ([{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}], False),
        ([{"Effect": "Deny", "Principal": "*"}, {"Effect": "Allow", "Principal": {"AWS": "111122223333"}}], False),
    ],
)
def test_a_queue_that_lets_no_topic_send_has_no_letters_of_topics(statements: Any, expected: bool) -> None:
    assert takes_from_topics(json.dumps({"Statement": statements})) is expected
    assert not takes_from_topics("")


def shared(world: World, **options: Any) -> tuple[Router, FakeLambda]:
    """A router of a dead-letter queue that a queue, a function, two subscriptions and a rule have."""
    client = FakeLambda()
    endpoint, raw = world.sqs.create("endpoint"), world.sqs.create("raw")
    subscriptions = [
        Subscription(TOPIC, "sqs", endpoint.arn, f"{TOPIC}:s-1"),
        Subscription(TOPIC, "sqs", raw.arn, f"{TOPIC}:s-2", raw=True),
        Subscription(f"{TOPIC}-2", "lambda", FUNCTION, f"{TOPIC}-2:s-3"),
        Subscription(f"{TOPIC}-3", "https", "https://shop.example/orders", f"{TOPIC}-3:s-4"),
    ]
    known: dict[str, Any] = {"functions": lambda: ["reports"], "subscriptions": lambda _topic: subscriptions}
    return router(world, lambda_client=client, **known | options), client


def notification(topic: str, subscription: str) -> str:
    link = f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
    return json.dumps({"Type": "Notification", "TopicArn": topic, "Message": "hello", "UnsubscribeURL": link})


@pytest.mark.parametrize(
    ("body", "attributes", "goes_to"),
    [
        (notification(TOPIC, f"{TOPIC}:s-1"), {}, "endpoint"),
        (notification(TOPIC, f"{TOPIC}:s-1"), REDRIVEN, "endpoint"),
        (notification(f"{TOPIC}-2", f"{TOPIC}-2:s-3"), {}, "lambda:worker"),
        ("hello", REDRIVEN, "raw"),
        ('{"order": 7}', ASYNC, "lambda:reports"),
        (FAILED_RECORD, {}, "lambda:worker:live"),
        ('{"detail": {}}', UNDELIVERED, "lambda:worker"),
        ("{}", UNDELIVERED | texts(TARGET_ARN="arn:aws:sqs:eu-west-1:111122223333:raw"), "raw"),
        ("no request", texts(reason="bad_message", RequestID="m7", ErrorMessage="{}"), "work"),
        (notification(TOPIC, f"{TOPIC}:s-1"), texts(reason="bad_message", RequestID="m7", ErrorMessage="{}"), "work"),
        ("{}", UNDELIVERED | texts(reason="bad_message", RequestID="m7", ErrorMessage="{}"), "work"),
        ("hello", REDRIVEN | texts(reason="the publisher's own"), "raw"),
    ],
)
def test_each_letter_of_a_shared_queue_goes_where_it_failed(body: str, attributes: Any, goes_to: str) -> None:
    route, _ = shared(World())
    assert label(route(letter(body, attributes=attributes))) == goes_to


def test_what_a_queue_gave_up_goes_back_to_it_whatever_happened_to_it_before() -> None:
    world = World()
    route, _ = shared(world)
    for attributes in (ASYNC, REDRIVEN, UNDELIVERED):
        assert label(route(letter("{}", attributes=attributes, origin=world.work.arn))) == "work"


@pytest.mark.parametrize(
    ("body", "attributes", "why"),
    [
        ("x", {}, "NoOrigin: it does not say where it came from, and work, raw have work-dead-letter for failures"),
        (notification(f"{TOPIC}-3", f"{TOPIC}-3:s-4"), {}, "Unreachable: a subscription by https can only be reached"),
        (
            "{}",
            UNDELIVERED | texts(TARGET_ARN="arn:aws:states:eu-west-1:1:stateMachine:m"),
            "Unreachable: its target",
        ),
        ("{}", UNDELIVERED | texts(TARGET_ARN="arn:aws:sqs:eu-west-1:111122223333:gone"), "OriginGone: its queue gone"),
        ("{}", UNDELIVERED | texts(IS_PAYLOAD_TRUNCATED="true"), "Truncated: EventBridge kept only a part of it"),
    ],
)
def test_a_letter_of_a_shared_queue_that_cannot_go_back_is_refused_by_name(
    body: str, attributes: Any, why: str
) -> None:
    found = shared(World())[0](letter(body, attributes=attributes))
    assert str(found).startswith(why)


def test_an_undelivered_event_is_what_the_function_is_invoked_with() -> None:
    world = World()
    route, client = shared(world)
    event = '{"version": "0", "detail-type": "order", "detail": {"price": 1.10}}'
    world.sqs.put(world.dead, event, attributes=UNDELIVERED)
    assert world.replay(world.admission(route=route)).moved == 1
    assert client.invoked[0]["Payload"].decode() == event
    assert client.invoked[0]["FunctionName"] == FUNCTION


def test_an_event_that_its_rule_gives_another_form_is_not_sent_as_it_is() -> None:
    route, _ = shared(World(), transforms=lambda _rule_arn, _target_arn: "InputTransformer")
    found = route(letter("{}", attributes=UNDELIVERED))
    assert str(found).startswith("Transformed: its rule gives worker something else than the event (InputTransformer)")


def test_how_a_rule_transforms_is_read_from_the_target_on_its_bus() -> None:
    class Events:
        def list_targets_by_rule(self, **request: Any) -> dict[str, Any]:
            assert (request["Rule"], request["EventBusName"]) == ("orders", "shop")
            if "NextToken" not in request:
                return {"Targets": [{"Id": "1", "Arn": "arn:other", "Input": "{}"}], "NextToken": "t"}
            return {"Targets": [{"Id": "2", "Arn": FUNCTION, "InputPath": "$.detail"}]}

    assert transform_of(Events(), RULE, FUNCTION) == "InputPath"
    assert transform_of(Events(), RULE, "arn:third") == ""


def test_the_rule_of_an_undelivered_event_may_be_gone() -> None:
    class Events:
        def list_targets_by_rule(self, **_request: Any) -> dict[str, Any]:
            raise error("ListTargetsByRule", "ResourceNotFoundException")

    assert transform_of(Events(), RULE, FUNCTION) == ""


def test_what_may_not_be_looked_up_is_left_and_ends_no_run() -> None:
    def denied(_topic: str) -> Any:
        raise error("ListSubscriptions", "AuthorizationError", "not authorized to perform: SNS:ListSubscriptions")

    world = World()
    world.add_dead_letters(5)
    world.sqs.put(world.dead, NOTIFICATION)
    route, _ = shared(world, subscriptions=denied)
    tally = world.replay(world.admission(route=route))
    assert (tally.moved, tally.failed) == (5, 1)
    assert "not authorized to perform: SNS:ListSubscriptions" in next(iter(tally.reasons))
    assert label(route(letter("x"))) == "work"


def test_of_two_functions_with_one_dead_letter_queue_none_is_guessed() -> None:
    route, _ = shared(World(), functions=lambda: ["reports", "orders"])
    assert str(route(letter("{}", attributes=ASYNC))).startswith("NoOrigin: reports, orders have work-dead-letter")
