"""Faults and settings through the sandbox's own routes, and throttling."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet


def test_an_api_error_strikes_as_often_as_it_was_told(fleet: Fleet) -> None:
    fleet.fault("api_error", times=2, match={"service": "autoscaling", "action": "Describe*"}, code="Throttling")
    for _ in range(2):
        with pytest.raises(ClientError, match="Throttling"):
            fleet.autoscaling.describe_auto_scaling_groups()
    fleet.autoscaling.describe_auto_scaling_groups()


def test_events_are_lost_duplicated_and_delayed(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.autoscaling"], detail_type=["EC2 Instance Launch Successful"])
    match = {"detail_type": "EC2 Instance Launch Successful"}
    fleet.fault("lost_event", times=1, match=match)
    lost = fleet.group(1).await_in_service(1)[0]
    fleet.fault("duplicated_event", times=1, match=match, copies=3)
    repeated = fleet.group(1).await_in_service(1)[0]
    fleet.fault("delayed_event", times=1, match=match, seconds=1)
    late = fleet.group(1).await_in_service(1)[0]
    assert late not in [event["detail"]["EC2InstanceId"] for event in listener.poll()]
    listener.awaited(EC2InstanceId=late)
    found = [event["detail"]["EC2InstanceId"] for event in listener.seen]
    assert (found.count(lost), found.count(repeated)) == (0, 3)


def test_the_event_of_one_instance_is_lost_and_no_other(fleet: Fleet) -> None:
    detail_type = "EC2 Instance Terminate Successful"
    listener = fleet.listen(source=["aws.autoscaling"], detail_type=[detail_type])
    heard, unheard = fleet.group(2).await_in_service(2)
    fleet.fault("lost_event", times=1, match={"detail_type": detail_type, "instance_id": unheard})
    for instance_id in (heard, unheard):
        fleet.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=True
        )
    listener.awaited(EC2InstanceId=heard)
    assert unheard not in [event["detail"]["EC2InstanceId"] for event in listener.seen]


def test_reads_are_throttled_by_the_published_bucket_when_asked_to(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.settings(throttle=True)

    def one_read() -> str:
        try:
            fleet.ecs.list_tasks(cluster=cluster)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    answers = [one_read() for _ in range(400)]
    assert answers[:100] == [""] * 100
    assert "ThrottlingException" in answers
    eventually(lambda: one_read() == "", "the refill")


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/faults", {"kind": "earthquake"}, "boot_failure"),
        ("/faults", {"kind": "boot_failure", "match": {"color": "blue"}}, "color"),
        ("/settings", {"speed": 3}, "time_scale"),
        ("/settings", {"time_scale": -1}, "-1"),
        ("/spot-interruptions", {"instance_id": "i-0"}, "i-0"),
        ("/nowhere", {}, "no route"),
    ],
)
def test_a_request_that_makes_no_sense_says_what_would(fleet: Fleet, path: str, body: object, word: str) -> None:
    status, answer = fleet.ask("POST", path, body)
    assert status in (400, 404)
    assert word in answer["error"]


def test_public_parameters_name_the_newest_image(fleet: Fleet) -> None:
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    value = fleet.account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    image = fleet.ec2.describe_images(ImageIds=[value])["Images"][0]
    assert "al2023-ami-ecs" in image["Name"]
    assert image["CreationDate"][:10].replace("-", "") in image["Name"]
