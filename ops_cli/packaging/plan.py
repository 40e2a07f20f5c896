"""What goes into each function's zip, and the key that all of it together gives."""

from __future__ import annotations

import hashlib
import sys

from ops_cli.packaging.inference import Inference
from ops_cli.packaging.problems import found
from ops_cli.packaging.requirements import parse, read_lock
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, LOCK, REQUIREMENTS
from ops_cli.packaging.state import BUILDER_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.dependencies import Cache
    from ops_cli.packaging.index import Index
    from ops_cli.packaging.inference import Needs
    from ops_cli.packaging.requirements import Lock
    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target

_EXECUTABLE = 0o100


class Plan:
    """One function: the files of its zip, what it installs, and the key of it all."""

    __slots__ = ("function", "key", "locked", "members", "needs", "pins", "role")

    def __init__(self, function: str, needs: Needs, members: list[tuple[str, bool, str]]) -> None:
        self.function = function
        self.role = function.replace("_", "-")
        self.needs = needs
        self.members = members
        self.locked: Lock | None = None
        self.pins = ""
        self.key = ""

    @property
    def requirements_path(self) -> str:
        """The function's requirements.txt, whether it is there or not."""
        return f"{FUNCTIONS}/{self.function}/{REQUIREMENTS}"


class Planner:
    """Plans the functions of one tree for one target."""

    def __init__(self, tree: Tree, index: Index, target: Target, compiler_version: str, cache: Cache) -> None:
        self._tree = tree
        self._index = index
        self._target = target
        self._compiler_version = compiler_version
        self._cache = cache
        self._resolved: dict[tuple[str, str], tuple[Lock, str]] = {}

    def plans(self) -> list[Plan]:
        """Plan every function, or raise everything that is wrong in their sources at once."""
        inference = Inference(self._tree, self._index, self._target.version)
        plans, problems = [], []
        for function in self._tree.functions:
            needs = inference.needs(function)
            problems += [*self._misplaced(function), *needs.problems]
            plans.append(Plan(function, needs, self._members(function, needs)))
        if problems:
            raise found(problems, "Nothing was built.")
        for plan in plans:
            self._lock(plan)
            plan.key = self._key(plan)
        return plans

    def _members(self, function: str, needs: Needs) -> list[tuple[str, bool, str]]:
        """Return name in the zip, executable and path of every file, in the order of the names."""
        own = ((path.removeprefix(f"{FUNCTIONS}/"), path) for path in self._tree.shipped(function))
        library = ((path.removeprefix(f"{LIBRARY}/"), path) for path in needs.library)
        modes = self._tree.signatures
        return sorted((name, bool(modes[path][4] & _EXECUTABLE), path) for name, path in (*own, *library))

    def _misplaced(self, function: str) -> list[str]:
        folder = f"{FUNCTIONS}/{function}"
        problems = []
        if not function.isidentifier() or function != function.lower():
            problems.append(f"{folder}: a function's folder is a Python package; name it in snake_case")
        if function in sys.stdlib_module_names:
            problems.append(f"{folder}: has the name of a module of the standard library")
        if function in self._tree.library:
            problems.append(f"{folder}: has the name of {LIBRARY}/{function}, and a zip can hold only one of them")
        if f"{folder}/handler.py" not in self._tree.signatures:
            problems.append(f"{folder}: has no handler.py")
        return problems

    def _lock(self, plan: Plan) -> None:
        path = plan.requirements_path
        if path not in self._tree.signatures:
            return
        lock_path = f"{FUNCTIONS}/{plan.function}/{LOCK}"
        there = lock_path in self._tree.signatures
        both = (self._index.digest(path), self._index.digest(lock_path) if there else "")
        if both not in self._resolved:
            requirements = parse(self._index.content(path).decode(errors="replace"), path)
            if not requirements:
                return
            text = self._index.content(lock_path).decode(errors="replace") if there else None
            lock = read_lock(text, requirements, lock_path, None if self._target.native else self._target.runtime)
            self._resolved[both] = (lock, self._cache.pins(requirements, lock, path))
        plan.locked, plan.pins = self._resolved[both]

    def _key(self, plan: Plan) -> str:
        target = self._target
        head = (BUILDER_VERSION, target.runtime, target.architecture, target.platform, self._compiler_version)
        digest = hashlib.sha256("\0".join(map(str, (*head, plan.pins))).encode())
        for name, executable, path in plan.members:
            digest.update(f"\0{name}\0{executable}\0{self._index.digest(path)}".encode())
        return digest.hexdigest()
