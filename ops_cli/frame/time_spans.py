"""Time spans in words."""


def spoken(seconds: int | None) -> str | None:
    """Return a time span as people say it, in its two largest units: `3d 4h`, `12m 5s`."""
    if seconds is None:
        return None
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, length in units:
        count, seconds = divmod(seconds, length)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0") or len(parts) == 1)
