"""The emulator's fixtures: what starts and stops it here is tested with the same ones."""

from tests.emulator.conftest import account, places

__all__ = ["account", "places"]
