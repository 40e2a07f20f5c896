"""Which dead letters an operator means, and what is changed about them: JMESPath, or a Python file."""

import json
from collections.abc import Callable
from typing import Any

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.admission import NotApplicable
from opscore.dead_letters.sending.outgoing import Unsendable
from opscore.errors import UsageProblem

Selected = Callable[[DeadLetter], bool]
Edited = Callable[[DeadLetter], str | None]


def matching(expression: str) -> Selected:
    """Return a filter by a JMESPath `expression` over the document that `dlq show --output json` prints."""
    search = _compiled("--filter", expression)

    def selected(letter: DeadLetter) -> bool:
        try:
            found = search(letter.document())
        except Exception as error:
            raise NotApplicable(f"--filter does not apply: {_sentence(error)}") from error
        return found not in (None, False, "", [], {})

    return selected


def editing(expression: str) -> Edited:
    """Return an edit by a JMESPath `expression` over the body, such as merge(@, `{"formats": ["csv"]}`)."""
    search = _compiled("--edit", expression)

    def edited(letter: DeadLetter) -> str:
        try:
            return _as_body(search(letter.content()))
        except Unsendable:
            raise
        except Exception as error:
            raise Unsendable(f"--edit does not apply: {_sentence(error)}") from error

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
            return _as_body(edit(letter.content()))
        except Unsendable:
            raise
        except Exception as error:
            raise Unsendable(f"edit() raised {type(error).__name__}: {error}") from error

    return edited


def _as_body(value: Any) -> str:
    if value is None:
        raise Unsendable("the edit made nothing of it")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _compiled(option: str, expression: str) -> Callable[[Any], Any]:
    import jmespath

    try:
        return jmespath.compile(expression).search
    except jmespath.exceptions.JMESPathError as error:
        hint = "https://jmespath.org shows the syntax; `opsctl dlq show QUEUE --output json` shows the fields."
        raise UsageProblem(f"{option} {expression!r}: {_sentence(error)}", hint=hint) from None


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
