"""Failures of a build, in the one error model of the project; imported only once there is one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from opscore.errors import OpsError


def failed(message: str, hint: str = "") -> OpsError:
    """Return the error to raise for one thing that is wrong."""
    from opscore.errors import OpsError

    return OpsError(message, hint=hint)


def found(problems: Sequence[str], hint: str = "") -> OpsError:
    """Return the error to raise for everything wrong in the sources, one `file:line: what` a line."""
    return failed("\n".join(dict.fromkeys(problems)), hint)
