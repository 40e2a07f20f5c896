import pytest

from opscore.logs import platform
from opscore.logs.platform import PlatformLine

ID = "8f5b0c1e-0d5a-4b37-9f0a-0a6b1c2d3e4f"
REPORT = f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tMemory Size: 128 MB\tMax Memory Used: "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"START RequestId: {ID} Version: $LATEST", PlatformLine("start", ID)),
        (f"END RequestId: {ID}", PlatformLine("end", ID)),
        (f"{REPORT}45 MB\tInit Duration: 250.01 ms\t", PlatformLine("report", ID)),
        ("INIT_START Runtime Version: python:3.13.v30\tRuntime Version ARN: arn:aws:x", PlatformLine("lifecycle")),
        ("START of the day", None),
        (f"START RequestId: {ID} Version: 7 and more", None),
        ("ENDED", None),
    ],
)
def test_lambdas_own_lines_are_told_from_those_of_the_function(text: str, line: PlatformLine | None) -> None:
    assert platform.from_text(text) == line


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (f"{REPORT}45 MB\tStatus: timeout", "ERROR", "The request timed out after 3.0 s (45 of 128 MB used)."),
        (
            f"{REPORT}128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n",
            "ERROR",
            "The request ran out of memory after 3.0 s (128 of 128 MB used).",
        ),
        (
            f"{REPORT}45 MB\tStatus: error\tError Type: Runtime.ExitError\nXRAY TraceId: 1-a\tSegmentId: b",
            "ERROR",
            "The request ended with Runtime.ExitError after 3.0 s (45 of 128 MB used).",
        ),
        (f"{REPORT}128 MB", "WARNING", "The request used all its memory (128 of 128 MB used)."),
        (
            "INIT_REPORT Init Duration: 9999.99 ms\tPhase: init\tStatus: timeout",
            "ERROR",
            "The start of the function timed out after 10.0 s.",
        ),
    ],
)
def test_an_end_that_somebody_must_know_of_is_said_in_words(text: str, level: str, words: str) -> None:
    line = platform.from_text(text)
    assert line is not None
    assert (line.level, line.words) == (level, words)


def test_the_json_format_says_the_same() -> None:
    metrics = {"durationMs": 3000.0, "memorySizeMB": 128, "maxMemoryUsedMB": 45}
    record = {"requestId": ID, "status": "timeout", "metrics": metrics}
    found = platform.from_json({"time": "2026-11-29T16:00:00Z", "type": "platform.report", "record": record})
    assert found == PlatformLine("report", ID, "ERROR", "The request timed out after 3.0 s (45 of 128 MB used).")
    ended = platform.from_json({"type": "platform.report", "record": {**record, "status": "success"}})
    assert ended == PlatformLine("report", ID)
    assert platform.from_json({"type": "platform.start", "record": {"requestId": ID}}) == PlatformLine("start", ID)


@pytest.mark.parametrize(
    "found",
    [
        {"type": "platform.report"},
        {"type": "platform.report", "record": "x"},
        {"type": 7, "record": {}},
        {"type": "order", "record": {}},
    ],
)
def test_a_functions_own_record_with_a_type_is_not_lambdas(found: dict[str, object]) -> None:
    assert platform.from_json(found) is None


def test_a_record_of_lambda_with_values_of_other_kinds_is_still_read() -> None:
    record = {"requestId": 7, "status": None, "metrics": {"durationMs": "x", "memorySizeMB": [], "maxMemoryUsedMB": {}}}
    assert platform.from_json({"type": "platform.report", "record": record}) == PlatformLine("report", None)
