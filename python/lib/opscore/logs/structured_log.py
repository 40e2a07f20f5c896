"""Log lines that machines read: one JSON object a line.

They are written to the stream itself rather than through `logging`, because the runtime's text format puts a prefix
before the message, and a CloudWatch filter pattern on JSON fields matches only when the whole line is JSON.
"""

import json
import sys


def write(level: str, message: str, **fields: object) -> None:
    """Write one line with `level` (INFO, WARNING, ERROR), `message` and `fields`; ids and counts, no personal data."""
    line = {"level": level, "message": message, **fields}
    sys.stdout.write(json.dumps(line, default=str, separators=(",", ":")) + "\n")
    sys.stdout.flush()
