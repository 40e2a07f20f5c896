"""Lambda's limit on what a zip unpacks to, and how sizes are told."""

from __future__ import annotations

from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from opscore.errors import OpsError

# "Deployment package (.zip file archive) size": 250 MB unzipped, layers included (AWS Lambda quotas).
UNZIPPED_LIMIT = 250 * 1024 * 1024
_WARN_ABOVE = UNZIPPED_LIMIT * 8 // 10
_NAMED = 3


def too_large(what: str, sizes: Mapping[str, int]) -> OpsError:
    """Return the error for something over the limit; `sizes` of its files tell what takes the room."""
    tops: dict[str, int] = {}
    for name, size in sizes.items():
        top = name.partition("/")[0]
        tops[top] = tops.get(top, 0) + size
    largest = sorted(tops, key=lambda top: -tops[top])[:_NAMED]
    return failed(
        f"{what}: unzips to {megabytes(sum(sizes.values()))}; Lambda's limit is 250 MB.",
        f"The largest parts: {', '.join(f'{top} {megabytes(tops[top])}' for top in largest)}.",
    )


def warning(role: str, unzipped: int) -> str:
    """Return a warning for a zip that comes near the limit, else nothing."""
    if unzipped <= _WARN_ABOVE:
        return ""
    return f"{role} unzips to {megabytes(unzipped)}, {unzipped * 100 // UNZIPPED_LIMIT} % of Lambda's 250 MB"


def megabytes(size: int) -> str:
    """Return a size for people, in the megabytes of 1,048,576 bytes that Lambda counts in."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 100 * 1024 else f"{size / 1024:.1f} KB"
