"""How the plug-in takes hold of the emulator: one place that replaces, and that fails by name when it cannot."""

from collections.abc import Callable
from types import ModuleType
from typing import Any


def replace(owner: ModuleType | type, name: str, build: Callable[[Any], Any]) -> None:
    """Set `owner.name` to `build(original)`; raises `RuntimeError` when the emulator has no such name."""
    if not hasattr(owner, name):
        raise RuntimeError(f"{owner.__name__}.{name} is gone: this plug-in is written for another ministack")
    setattr(owner, name, build(getattr(owner, name)))
