"""Numbers with their nouns."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: 1 message, 2 messages; `plural` where an s is not enough (1 match, 2 matches)."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
