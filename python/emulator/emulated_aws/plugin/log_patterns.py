"""CloudWatch Logs: filter patterns for unstructured text.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

Modelled: terms, which are case-sensitive and must all occur; exact phrases in double quotes; `?` for "any of these";
`-` for exclusion. An unquoted term may hold letters, digits and underscores only. Not modelled, and refused: JSON
patterns (`{ $.level = "ERROR" }`), space-delimited patterns (`[ip, user]`) and regular expressions (`%5..%`).
"""

import re
from collections.abc import Callable

_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))(?=\s|$)')
_WORD = re.compile(r"\w+")


class UnsupportedPatternError(ValueError):
    """The pattern is wrong, or of a kind that the sandbox does not model."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return whether a message matches `pattern`; raises `UnsupportedPatternError` for what is not modelled."""
    if pattern.lstrip()[:1] in ("{", "[", "%"):
        raise UnsupportedPatternError(
            f"The sandbox does not model JSON, space-delimited or regular expression patterns: {pattern}"
        )
    required, optional, excluded = _terms(pattern)

    def matches(message: str) -> bool:
        if any(term in message for term in excluded) or not all(term in message for term in required):
            return False
        # "If you use ? with other terms, the ? is ignored": such terms then decide nothing.
        return bool(required or excluded or not optional) or any(term in message for term in optional)

    return matches


def _terms(pattern: str) -> tuple[list[str], list[str], list[str]]:
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    rest = pattern.strip()
    while rest:
        match = _TERM.match(rest)
        if match is None:
            raise UnsupportedPatternError(f"Unbalanced quotes in filter pattern: {pattern}")
        terms[match["sign"]].append(_text(match))
        rest = rest[match.end() :].lstrip()
    return terms[""], terms["?"], terms["-"]


def _text(match: re.Match[str]) -> str:
    if match["phrase"] is not None:
        return re.sub(r"\\(.)", r"\1", match["phrase"])
    if not _WORD.fullmatch(match["word"]):
        raise UnsupportedPatternError(f"Invalid character(s) in term '{match['word']}'")
    return match["word"]
