"""CloudWatch: alarms on a metric math expression over metrics of the account.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html

Modelled: one expression that is returned, over metrics with one period; numbers, + - * /, comparisons, AND, OR, IF and
FILL with a number. A period in which a metric has no datum has no value. Anything else is refused when the alarm is
put.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = Mapping[str, float | None]
"""What each metric of an expression was in one period, by its id."""

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_WORDS = {"AND": "and", "OR": "or", "IF": "IF_"}


class NotModelled(Exception):
    """An alarm that the emulator cannot evaluate; the message says what in it."""


def parse(expression: str) -> ast.expr:
    """Read an expression; raises NotModelled."""
    python = re.sub(r"\b(AND|OR|IF)\b", lambda found: _WORDS[found[0]], expression)
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError:
        raise NotModelled(f"the expression {expression}") from None
    _value(tree, dict.fromkeys({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}, 1.0))
    return tree


def evaluate(tree: ast.expr, values: Values) -> float | None:
    """Return what an expression comes to in one period; None when a metric that it needs has no value."""
    return _value(tree, values)


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _combined(_BINARY[type(op)], _value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _combined(_COMPARISONS[type(op)], _value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            found = [_value(part, values) for part in parts]
            if None in found:
                return None
            return float(all(found) if isinstance(op, ast.And) else any(found))
        case ast.Call(func=ast.Name(id="IF_"), args=[condition, then, otherwise]):
            held = _value(condition, values)
            both = _value(then, values), _value(otherwise, values)
            return None if held is None else both[0] if held else both[1]
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, ast.Constant(value=int() | float() as number)]):
            found_one = _value(inner, values)
            return float(number) if found_one is None else found_one
    raise NotModelled(f"{ast.unparse(node).replace('IF_', 'IF')} in metric math")


def _combined(do: Callable[[float, float], float], left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(do(left, right))
    except ZeroDivisionError:
        return None


def check(metrics: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the expression and the metrics of an alarm's `Metrics`; raises NotModelled."""
    expressions = [query for query in metrics if query.get("Expression")]
    sources = [query for query in metrics if query.get("MetricStat")]
    if len(expressions) != 1 or len(sources) != len(metrics) - 1:
        raise NotModelled("an alarm on more than one expression, or on none")
    tree, ids = parse(expressions[0]["Expression"]), {query["Id"] for query in sources}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"IF_", "FILL"}
    if used - ids:
        raise NotModelled(f"an expression over {', '.join(sorted(used - ids))}, which is no metric of the alarm")
    if len({query["MetricStat"]["Period"] for query in sources}) != 1:
        raise NotModelled("metrics of different periods in one alarm")
    return expressions[0], sources


def from_query(params: Mapping[str, Any], word: Callable[[Mapping[str, Any], str], str]) -> list[dict[str, Any]]:
    """Return the `Metrics` of a request in the Query protocol, as JSON has them."""
    found: list[dict[str, Any]] = []
    while name := word(params, f"{(at := f'Metrics.member.{len(found) + 1}')}.Id"):
        query: dict[str, Any] = {"Id": name}
        for field in ("Expression", "Label"):
            if text := word(params, f"{at}.{field}"):
                query[field] = text
        if stat := word(params, f"{at}.MetricStat.Stat"):
            query["MetricStat"] = {
                "Metric": _metric(params, word, f"{at}.MetricStat.Metric"),
                "Period": int(word(params, f"{at}.MetricStat.Period")),
                "Stat": stat,
            }
        query["ReturnData"] = word(params, f"{at}.ReturnData") != "false"
        found.append(query)
    return found


def _metric(params: Mapping[str, Any], word: Callable[[Mapping[str, Any], str], str], at: str) -> dict[str, Any]:
    dimensions: list[dict[str, str]] = []
    while name := word(params, f"{at}.Dimensions.member.{len(dimensions) + 1}.Name"):
        value = word(params, f"{at}.Dimensions.member.{len(dimensions) + 1}.Value")
        dimensions.append({"Name": name, "Value": value})
    named = {field: word(params, f"{at}.{field}") for field in ("Namespace", "MetricName")}
    return {**named, "Dimensions": dimensions}
