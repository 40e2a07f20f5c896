"""JMESPath expressions (https://jmespath.org) over data of strangers: digits stay, and what cannot be is said."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from jmespath import exceptions
from jmespath.functions import Functions, signature
from jmespath.lexer import Lexer
from jmespath.parser import ParsedResult, Parser
from jmespath.visitor import Options

from opscore import exact_json

Search = Callable[[Any], Any]


class WrongExpression(ValueError):
    """The expression can be applied to nothing: its syntax, a function, or the number of its arguments is wrong."""


class NotApplied(ValueError):
    """The expression cannot be applied to this value; another may do."""


class _ExactLexer(Lexer):
    """Reads the numbers of a literal with all their digits."""

    def _consume_until(self, delimiter: str) -> str:
        self._lexeme = str(super()._consume_until(delimiter))  # type: ignore[misc]  # the stubs show what is public
        return self._lexeme

    def _consume_literal(self) -> Any:
        token = super()._consume_literal()  # type: ignore[misc]
        with contextlib.suppress(ValueError):
            token["value"] = exact_json.read(self._lexeme.replace("\\`", "`"), escapes=True)
        return token


class _ExactParser(Parser):
    _CACHE: ClassVar[dict[str, Any]] = {}  # not the one of all parsers: its literals have lost their digits

    def _parse(self: Any, expression: str) -> ParsedResult:
        self._tokens = list(_ExactLexer().tokenize(expression))
        self._index = 0
        parsed = self._expression(binding_power=0)
        if self._current_token() != "eof":
            self._raise_parse_error_for_token(self._lookahead_token(0), "Unexpected token")
        return ParsedResult(expression, parsed)


class _ExactFunctions(Functions):
    @signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        return value if isinstance(value, str) else exact_json.write(value)

    @signature({"types": []})
    def _func_to_number(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        with contextlib.suppress(ValueError):
            number = exact_json.read(value)
            return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def compiled(expression: str) -> Search:
    """Return the search for `expression`; raises `WrongExpression` now, and `NotApplied` when it searches.

    What it finds may hold parts of what was searched, with their spelling: see `exact_json`.
    """
    options = Options(custom_functions=_ExactFunctions())
    try:
        parsed = _ExactParser().parse(expression)
        _check_calls(parsed.parsed)
    except ValueError as error:  # also of Python's own, for an index of 5,000 digits
        raise WrongExpression(_sentence(error)) from None
    except RecursionError:
        raise WrongExpression("it is nested too deeply") from None

    def search(value: Any) -> Any:
        try:
            return parsed.search(value, options)
        except exceptions.JMESPathTypeError as error:
            raise NotApplied(_wrong_type(error)) from None
        except RecursionError:
            raise NotApplied("what it looks at is nested too deeply") from None
        # A function of JMESPath that meets a value it was not made for may fail in Python's own words.
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise NotApplied(_sentence(error)) from None

    return search


def _check_calls(node: Mapping[str, Any]) -> None:
    """Call every function in a parsed expression for what it says of its name and the number of its arguments."""
    if node["type"] == "function_expression":
        with contextlib.suppress(exceptions.JMESPathTypeError):
            _ExactFunctions().call_function(node["value"], [None] * len(node["children"]))
    for child in node["children"]:
        _check_calls(child)


def _wrong_type(error: Any) -> str:
    """Say what a function got, without the value: that may be a whole body, and another for each message."""
    wanted = " or ".join(error.expected_types)
    return f"{error.function_name}() takes {wanted} and gets {_TYPES.get(error.actual_type, error.actual_type)}"


_TYPES = {"str": "string", "int": "number", "float": "number", "NoneType": "null", "dict": "object", "list": "array"}


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
