"""Notices of delivered reports, to a topic and by e-mail to a mailbox. They hold no name and no address of a person."""

from collections.abc import Callable
from dataclasses import dataclass

from insight.canonical_json import canonical_json
from insight.orders.request import ReportRequest


@dataclass(frozen=True)
class Notices:
    """Where a delivery is announced: `publish` is SNS's, `send_email` SES's (version 2), None for no e-mail."""

    publish: Callable[..., object]
    topic_arn: str
    send_email: Callable[..., object] | None = None
    sender: str = ""
    recipient: str = ""

    def announce(self, request: ReportRequest) -> None:
        """Announce a delivered report."""
        attributes = {"account": {"DataType": "String", "StringValue": request.account}}
        self.publish(TopicArn=self.topic_arn, Message=_facts(request), MessageAttributes=attributes)
        if self.send_email is not None:
            self.send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": [self.recipient]},
                Content={
                    "Simple": {"Subject": {"Data": _subject(request)}, "Body": {"Text": {"Data": _text(request)}}}
                },
            )


def _facts(request: ReportRequest) -> str:
    """Return the topic's message: facts for programs."""
    return canonical_json(
        {
            "version": 1,
            "event": "report_delivered",
            "report_id": request.report_id,
            "account": request.account,
            "start": request.start.isoformat(),
            "end": request.end.isoformat(),
            "generation": request.generation,
        }
    )


def _subject(request: ReportRequest) -> str:
    again = f" (generation {request.generation})" if request.generation > 1 else ""
    return f"Usage report of {request.account}, {request.start} to {request.period.last}{again}"


def _text(request: ReportRequest) -> str:
    return (
        f"The usage report of account {request.account} from {request.start} to {request.period.last} is there.\n\n"
        f"A link that lasts a quarter of an hour:  opsctl report link {request.report_id}\n"
    )
