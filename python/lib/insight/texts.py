"""What a text that comes from outside may hold before it goes into a key, a page or a cell."""

import re

# Controls break lines and cells; half of a surrogate pair, which JSON can spell, cannot be written to any file.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_one_line(text: str) -> bool:
    """Say whether `text` has neither control characters, line breaks among them, nor halves of characters."""
    return _CONTROLS.search(text) is None
