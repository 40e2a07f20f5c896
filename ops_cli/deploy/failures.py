"""What Terraform's error output means for an operator: one sentence and one next step."""

import re
from collections.abc import Sequence

from opscore.errors import OpsError

_HINTS = (
    (
        r"acquiring the state lock",
        "Another run holds the lock, or one was killed: `opsctl deploy unlock` shows whose it is, and releases it.",
    ),
    (r"NoSuchBucket|bucket does not exist", "`opsctl deploy bootstrap` makes the account's buckets."),
    (
        r"ExpiredToken|No valid credential|InvalidClientTokenId|SSO session|failed to refresh cached credentials",
        "Sign in again (`aws sso login --profile NAME`); `opsctl doctor` checks the credentials.",
    ),
    (
        r"Failed to query available provider packages|Could not retrieve the list of available versions",
        "Terraform could not reach the provider registry, and no local mirror holds hashicorp/aws.",
    ),
    (r"[Cc]onnection refused|no such host", "Is the endpoint up? `opsctl doctor` checks it."),
)

_FRAME = "╷│╵ "
_LOCATION = re.compile(r"(with \S+,$)|(on .+ line \d+)|(\d+: )|├|(│ )")


def failure(verb: str, lines: Sequence[str]) -> OpsError:
    """Return the error for a `terraform verb` that failed, from the last error among its output `lines`."""
    block = _last_error(lines)
    if not block:
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return OpsError(f"terraform {verb} failed: {said}")
    hint = next((text for pattern, text in _HINTS if re.search(pattern, " ".join(block))), "")
    return OpsError(f"terraform {verb} failed: {_sentence(block)}", hint=hint)


def _last_error(lines: Sequence[str]) -> list[str]:
    plain = [line.strip(_FRAME) for line in lines]
    starts = [number for number, line in enumerate(plain) if line.startswith("Error: ")]
    return plain[starts[-1] :] if starts else []


def _sentence(block: Sequence[str]) -> str:
    """Join an error's headline with its explanation, without the excerpt of the source that stands between."""
    paragraphs = "\n".join(block).removeprefix("Error: ").split("\n\n")
    told = [_flat(paragraph) for paragraph in paragraphs if not _LOCATION.match(paragraph)]
    headline, *rest = [text for text in told if text] or [""]
    where = re.search(r"^with (\S+),$", "\n".join(block), re.MULTILINE)
    explained = f"{headline.rstrip('.:')}: {rest[0]}" if rest else headline
    return f"{explained} ({where[1]})" if where else explained


def _flat(paragraph: str) -> str:
    return " ".join(line for line in paragraph.split("\n") if not _LOCATION.match(line)).strip()
