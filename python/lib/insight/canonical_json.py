"""The one JSON text of a value: equal values give equal bytes, so that hashes and files can be compared."""

import json


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no blanks, ASCII only, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
