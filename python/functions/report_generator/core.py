"""Making a report from a message, and which errors end it and which send its message back."""

import functools

from insight.delivery.deliver import Places, Timings, deliver
from insight.orders.request import ReportRequest
from insight.render.pdf import PdfUnavailable
from insight.sources.accounts import UnknownAccount
from opscore.logs import structured_log
from opscore.queues.worker import PermanentError, Work


def report_work(places: Places) -> Work[ReportRequest]:
    """Return what the batch loop does with a report request.

    Only an account that is gone and a format that cannot be written here end a report. Damaged events and records can
    be corrected: those messages go back to the queue, and at last to the dead letters, from where they are replayed.
    `lifecycle` records what became of a report.
    """
    return Work(
        parse=ReportRequest.from_json,
        run=functools.partial(_make, places),
        record=lambda _request, _error: None,
        identify=_names,
    )


def _make(places: Places, request: ReportRequest) -> None:
    timings = Timings()
    try:
        is_new = deliver(request, places, timings)
    except UnknownAccount as error:
        raise PermanentError("unknown_account", error.message) from error
    except PdfUnavailable as error:
        raise PermanentError("format_unavailable", error.message) from error
    outcome = "report delivered" if is_new else "report was delivered already"
    structured_log.write("INFO", outcome, **_names(request), seconds=timings.seconds)


def _names(request: ReportRequest) -> dict[str, str]:
    return {"report_id": request.report_id, "account": request.account}
