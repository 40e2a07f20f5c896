"""Settings of a function: one frozen dataclass, built from an environment in which every name is spelled out."""

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from opscore.errors import OpsError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class BadSettings(OpsError):
    """The environment lacks variables or holds values that cannot be read; the message names all of them."""


def read(kind: type[Settings], environment: Mapping[str, str]) -> Settings:
    """Build `kind` from the variables named like its fields in upper case.

    Fields are str, int, float or bool; one with a default may be absent. Every problem is collected, so that one
    deployment mends them all. An empty variable counts as absent: Terraform turns a null into "".
    """
    types = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(kind):
        name = field.name.upper()
        text = environment.get(name, "")
        if text == "":
            if not _has_default(field):
                problems.append(f"{name} is missing")
            continue
        try:
            values[field.name] = _reader(types[field.name])(text)
        except (KeyError, ValueError):
            problems.append(f"{name} is {text!r}, not {_described(types[field.name])}")
    if problems:
        raise BadSettings(
            f"The function's environment cannot be used: {'; '.join(problems)}.",
            hint="Its module sets these variables; see the `environment` argument there.",
        )
    return kind(**values)


def _has_default(field: "dataclasses.Field[Any]") -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _reader(kind: type) -> Callable[[str], Any]:
    readers: dict[type, Callable[[str], Any]] = {str: str, int: int, float: float, bool: _truth}
    if kind not in readers:
        raise TypeError(f"A setting is a str, int, float or bool, not {kind}.")
    return readers[kind]


def _truth(text: str) -> bool:
    return _TRUTH[text.strip().lower()]


def _described(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a text")
