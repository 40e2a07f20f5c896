"""Who hears of a delivery, and that neither the topic nor the mailbox learns anything of a person."""

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import boto3
from moto.ses.models import ses_backends
from report_generator.notices import Notices

from insight.orders.request import ReportRequest

if TYPE_CHECKING:
    from tests.functions.conftest import World

REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", requested_by="ada@example.com")


def topic_message(request: ReportRequest) -> dict[str, Any]:
    published: list[dict[str, Any]] = []
    Notices(lambda **message: published.append(message), "arn").announce(request)
    (message,) = published
    assert message["MessageAttributes"]["account"]["StringValue"] == "acme"
    return dict(json.loads(message["Message"]))


def test_the_topic_hears_which_report_of_which_account_and_period() -> None:
    told = topic_message(REQUEST)
    assert told["report_id"] == REQUEST.report_id
    assert (told["event"], told["start"], told["end"], told["generation"]) == (
        "report_delivered",
        "2026-10-01",
        "2026-11-01",
        1,
    )


def test_no_person_is_named() -> None:
    assert "ada" not in json.dumps(topic_message(replace(REQUEST, reason="for ada")))


def test_the_mailbox_hears_how_to_get_a_link_and_no_link_itself(world: "World") -> None:
    ses = boto3.client("sesv2")
    ses.create_email_identity(EmailIdentity="reports@example.com")
    sns = boto3.client("sns")
    notices = Notices(sns.publish, world.topic_arn, ses.send_email, "reports@example.com", "success@example.com")
    notices.announce(REQUEST.of_generation(2))
    (sent,) = ses_backends["123456789012"]["us-east-1"].sent_messages
    assert sent.source == "reports@example.com"
    assert sent.destinations["ToAddresses"] == ["success@example.com"]
    assert sent.subject == "Usage report of acme, 2026-10-01 to 2026-10-31 (generation 2)"
    assert f"opsctl report link {REQUEST.of_generation(2).report_id}" in sent.body
    assert "http" not in sent.body
