"""What a build did."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.imports import Import
    from ops_cli.packaging.targets import Target

    # Size of a zip, time of its last change in ns, size of what it unzips to.
    Output = tuple[int, int, int]


class BuildResult:
    """What a build did, by role, where its manifest is, and what the next build may take over."""

    def __init__(self, target: Target, folder: str) -> None:
        self.target = target
        self.folder = folder
        self.manifest_path = f"{folder}/manifest.json"
        self.bytecode: str | None = None
        self.built: list[str] = []
        self.removed: list[str] = []
        self.warnings: list[str] = []
        self.outputs: dict[str, Output] = {}
        # By the hash of a source.
        self.imports: dict[str, tuple[Import, ...]] = {}

    @property
    def unchanged(self) -> list[str]:
        """The roles whose zip was there already."""
        return sorted({name.rpartition("-")[0] for name in self.outputs} - set(self.built))

    def summary(self) -> str:
        """Say in one line how much was built, for what, and whether bytecode is in it."""
        counts = [f"{len(self.built)} built", f"{len(self.unchanged)} unchanged"]
        counts += [f"{len(self.removed)} removed"] if self.removed else []
        bytecode = f"bytecode of {self.bytecode}" if self.bytecode else "no bytecode"
        asked = "" if self.bytecode or self.target.bytecode else ", as asked"
        where = f"{self.target.runtime} {self.target.architecture}"
        return f"{self.target.name}: {', '.join(counts)} ({where}; {bytecode}{asked})"
