"""What a build tells those who asked for it."""

from __future__ import annotations

from ops_cli.packaging.state import MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.state import State
    from ops_cli.packaging.targets import Target


class BuildResult:
    """What a build did, by role, and where its manifest is."""

    __slots__ = ("built", "bytecode", "manifest_path", "removed", "target", "unchanged", "warnings")

    def __init__(self, target: Target, folder: str, state: State, built: list[str], removed: list[str]) -> None:
        self.target = target
        self.manifest_path = f"{folder}/{MANIFEST}"
        self.built = built
        self.removed = removed
        self.unchanged = sorted(set(state.functions) - set(built))
        self.bytecode = state.interpreter[1] if state.interpreter else None
        self.warnings = list(state.warnings)

    def summary(self) -> str:
        """Say in one line how much was built, for what, and whether bytecode is in it."""
        counts = [f"{len(self.built)} built", f"{len(self.unchanged)} unchanged"]
        counts += [f"{len(self.removed)} removed"] if self.removed else []
        if self.bytecode:
            bytecode = f"bytecode of {self.bytecode}"
        elif self.target.bytecode:
            bytecode = f"no bytecode: there is no Python {self.target.version} on this machine"
        else:
            bytecode = "no bytecode, as asked"
        where = f"{self.target.runtime} {self.target.architecture}"
        return f"{self.target.name}: {', '.join(counts)} ({where}; {bytecode})"
