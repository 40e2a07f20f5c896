"""Every printing command, with what is said to it; a file of tests for each world."""

from tests.contracts.hostile.showing import Case
from tests.contracts.hostile.worlds import REQUEST

Q, R = "report-requests", REQUEST.report_id
Cases = dict[str, list[Case]]

DEAD_LETTERS: Cases = {
    "dlq analyse": [Case([Q]), Case(["{}"], 4)],
    "dlq export": [Case([Q, "out {first}.ndjson"]), Case([Q, "in {first}.ndjson"], 1)],
    "dlq history": [Case(["--limit", "100"], shows="journals"), Case(["{}"], 4)],
    "dlq import": [Case([Q, "in {first}.ndjson", "--yes"], 3)],
    "dlq list": [Case()],
    "dlq purge": [Case([Q, "--export", "out {first}.ndjson", "--yes"], changes=True), Case(["{}"], 4)],
    "dlq resume": [Case(["{}"], 4)],
    "dlq show": [Case([Q, "--limit", "100"], shows="letters"), Case(["{}"], 4)],
    "dlq undo": [Case(["{}"], 4)],
    "replay-dlq": [Case([Q, "--to", Q, "--dry-run"]), Case([Q, "--to", Q, "--yes"], changes=True), Case(["{}"], 4)],
}
REPORTS: Cases = {
    "report diff": [Case([R, R], 1), Case(["{}", "{}"], 4)],
    "report explain": [Case([R, "sessions"], 1), Case(["{}", "{}"], 4)],
    "report link": [Case([R], 1), Case(["{}"], 4)],
    "report list": [Case(shows="reasons"), Case(["--account", "{}"], 2)],
    "report month": [Case(["2026-10"], shows="problems"), Case(["{}"], 2)],
    "report plan": [Case(["--month", "2026-10", "--seconds", "1"], 4), Case(["--month", "{}"], 2)],
    "report show": [Case([R], shows="reasons"), Case(["{}"], 4)],
    "report start": [Case(["--account", "{}", "--from", "2026-13"], 2)],
    "report verify": [Case([R], 1), Case(["{}"], 4)],
}
PLATFORM: Cases = {
    "doctor": [Case()],
    "env add": [Case(["{}"], 2)],
    "env list": [Case(shows="environment")],
    "env remove": [Case(["{}"], 4)],
    "logs": [Case(["report-generator", "--since", "1h"], shows="log"), Case(["{}"], 4)],
    "sandbox list": [Case()],
    "sandbox logs": [Case(["--lines", "1000"], shows="emulator's log")],
    "sandbox publish-image": [Case([], 4), Case(["--flaw", "{}"], 2)],
    "sandbox status": [Case()],
    "services": [Case(shows="roles"), Case(["report-generator"], shows="variables"), Case(["{}"], 4)],
    "stack": [Case(shows="description")],
    "state list": [Case(["--terraform-dir", "."], shows="resources")],
    "state show": [Case(["{}", "--terraform-dir", "."], 4), Case(["{first}", "--terraform-dir", "."])],
    "status": [Case(shows="alarms")],
}
FLEETS: Cases = {
    "drain show": [Case(["i-1"], shows="why"), Case(["{}"], 4)],
    "drain start": [Case(["i-1", "--yes"]), Case(["{}"], 4)],
    "drained": [Case(shows="why")],
    "fleet": [Case(), Case(["web"]), Case(["{}"], 4)],
    "undrain": [Case(["{}"], 4)],
}
