"""Which dead letters an operator means, and what is changed about them: JMESPath, or a Python file."""

from collections.abc import Callable
from typing import Any

from opscore import exact_json
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.admission import NotApplicable
from opscore.dead_letters.sending.outgoing import Unsendable
from opscore.errors import UsageProblem

Selected = Callable[[DeadLetter], bool]
Edited = Callable[[DeadLetter], str | None]

_LONGEST_REASON = 200


def matching(expression: str) -> Selected:
    """Return a filter by a JMESPath `expression` over the document that `dlq show --output json` prints."""
    search = _compiled("--filter", expression)

    def selected(letter: DeadLetter) -> bool:
        try:
            return _is_true(search(letter.document()))
        except ValueError as error:
            raise NotApplicable(f"--filter does not apply: {error}") from error

    return selected


def _is_true(found: Any) -> bool:
    """Say whether JMESPath takes a value for true; 0 is."""
    return not (found is None or found is False or (isinstance(found, str | list | dict) and not found))


def editing(expression: str) -> Edited:
    """Return an edit by a JMESPath `expression` over the body, such as merge(@, `{"formats": ["csv"]}`).

    What the expression takes over from the body keeps its digits and escapes. A body of JSON that is taken for text,
    for its equal keys or its depth, is refused unless the expression leaves it whole.
    """
    search = _compiled("--edit", expression)

    def edited(letter: DeadLetter) -> str:
        try:
            body = _as_body(search(letter.content(escapes=True)))
            if body != letter.body and isinstance(letter.why_text(), exact_json.Unreadable):
                raise Unsendable("--edit cannot keep what it does not change")
            return body
        except Unsendable as error:
            raise Unsendable(f"{error}{_because(letter)}") from None
        except (ValueError, TypeError, RecursionError) as error:
            raise Unsendable(f"--edit does not apply: {error}{_because(letter)}") from error

    return edited


def editing_with(source: str, name: str) -> Edited:
    """Return an edit by the function `edit(body)` in the Python text `source`.

    It gets the body, decoded when that is JSON, and returns the new one.
    """
    namespace: dict[str, Any] = {"__name__": "edit_with"}
    try:
        exec(compile(source, name, "exec"), namespace)  # noqa: S102  It is the operator's own program.
        edit = namespace["edit"]
    except KeyError:
        raise UsageProblem(f"{name} has no function edit(body).") from None
    except Exception as error:
        raise UsageProblem(f"{name} cannot be used: {type(error).__name__}: {error}") from error

    def edited(letter: DeadLetter) -> str:
        try:
            return _as_body(edit(letter.content(escapes=True)))
        except Unsendable:
            raise
        except Exception as error:
            why = " ".join(str(error).split())[:_LONGEST_REASON]
            raise Unsendable(f"edit() raised {type(error).__name__}: {why}{_because(letter)}") from error

    return edited


def _as_body(value: Any) -> str:
    """Return the body that an edit's result makes; raises what `exact_json.write` does."""
    if value is None:
        raise Unsendable("the edit made nothing of it")
    return str(value) if isinstance(value, str) else exact_json.write(value)


def _because(letter: DeadLetter) -> str:
    """Return, for what an edit could not be applied to, why the body is text although it looks like JSON.

    Without places in the body: messages of one kind have one reason.
    """
    why = letter.why_text()
    if not why:
        return ""
    return f" (the body is taken for text: {why if isinstance(why, exact_json.Unreadable) else 'it is no JSON'})"


def _compiled(option: str, expression: str) -> Callable[[Any], Any]:
    from opscore import expressions

    try:
        return expressions.compiled(expression)
    except expressions.WrongExpression as error:
        hint = "https://jmespath.org shows the syntax; `opsctl dlq show QUEUE --output json` shows the fields."
        raise UsageProblem(f"{option} {expression!r}: {error}", hint=hint) from None
