"""The cluster query language: which container instances an expression chooses.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html

Modelled: `subject operator argument` with == != > >= < <= in, not_in (`!in`), exists, !exists, =~ !~, and `and`, `or`,
`not`, parentheses; the subjects agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt,
runningTasksCount, status and task:group. Anything else raises `BadExpression`, which callers turn into the error that
AWS gives.
"""

import operator as operators
import re
from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]
"""Subject -> value; a missing subject does not exist, a set or list (task:group) is matched member by member."""

Predicate = Callable[[Facts], bool]

_TOKENS = re.compile(r"""\s*(?:(?P<word>"[^"]*"|'[^']*'|\(|\)|\[|\]|,|==|!=|>=|<=|=~|!~|>|<|[^\s()\[\],=<>!~]+|!))""")
_SUBJECT = re.compile(
    r"attribute:\S+|agentConnected|agentVersion|ec2InstanceId|registeredAt|runningTasksCount|status|task:group"
)
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
}


class BadExpression(ValueError):
    """An expression that the cluster query language does not have."""


def compile_expression(text: str) -> Predicate:
    """Return the predicate that `text` stands for; an empty text chooses everything."""
    words = _words(text)
    if not words:
        return lambda _facts: True
    parser = _Parser(words)
    predicate = parser.alternatives()
    if parser.words:
        raise BadExpression(f"cannot read {' '.join(parser.words)!r}")
    return predicate


def _words(text: str) -> list[str]:
    words, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKENS.match(text, at)
        if found is None:
            raise BadExpression(f"cannot read {text[at:]!r}")
        words.append(found["word"])
        at = found.end()
    return words


class _Parser:
    """Recursive descent over the words that are left: or binds weakest, then and, then not."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def alternatives(self) -> Predicate:
        parts = [self._conjunction()]
        while self._accept("or", "||"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda facts: any(part(facts) for part in parts)

    def _conjunction(self) -> Predicate:
        parts = [self._negation()]
        while self._accept("and", "&&"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)

    def _negation(self) -> Predicate:
        if self._accept("not", "!"):
            inner = self._negation()
            return lambda facts: not inner(facts)
        if self._accept("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        subject = self._next()
        if not _SUBJECT.fullmatch(subject):
            raise BadExpression(f"no subject is called {subject!r}")
        operator = self._next()
        if operator == "!":
            operator += self._next()
        if operator in ("exists", "!exists"):
            return lambda facts: (subject in facts) == (operator == "exists")
        if operator in ("in", "not_in", "!in"):
            wanted = self._list()
            return lambda facts: _any(facts, subject, lambda value: value in wanted) == (operator == "in")
        return _compare(subject, operator, _bare(self._next()))

    def _list(self) -> set[str]:
        self._expect("[")
        members = {_bare(self._next())}
        while self._accept(","):
            members.add(_bare(self._next()))
        self._expect("]")
        return members

    def _next(self) -> str:
        if not self.words:
            raise BadExpression("the expression ends too early")
        return self.words.pop(0)

    def _accept(self, *words: str) -> bool:
        if self.words and self.words[0].lower() in words:
            self.words.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise BadExpression(f"{word!r} is missing")


def _compare(subject: str, operator: str, wanted: str) -> Predicate:
    if operator in ("==", "!="):
        return lambda facts: _any(facts, subject, lambda value: value == wanted) == (operator == "==")
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise BadExpression(f"{wanted!r} is no pattern: {error}") from None
        return lambda facts: _any(facts, subject, lambda value: bool(pattern.fullmatch(value))) == (operator == "=~")
    if operator in _ORDER:
        holds = _ORDER[operator]
        return lambda facts: _any(facts, subject, lambda value: holds(*_numbers(value, wanted)))
    raise BadExpression(f"no operator is called {operator!r}")


def _any(facts: Facts, subject: str, holds: Callable[[str], bool]) -> bool:
    if subject not in facts:
        return False
    value = facts[subject]
    members = value if isinstance(value, list | set | tuple) else [value]
    return any(holds(_text(member)) for member in members)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numbers(left: str, right: str) -> tuple[Any, Any]:
    try:
        return float(left), float(right)
    except ValueError:
        return left, right


def _bare(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
