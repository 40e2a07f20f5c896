"""The build of a target in which something changed: plan all, make what is stale, check it, put it in place."""

from __future__ import annotations

import contextlib
import os

from ops_cli.packaging import files, interpreters, manifest, sizes
from ops_cli.packaging.assemble import Assembler, Zip
from ops_cli.packaging.bytecode import Compiler
from ops_cli.packaging.dependencies import Cache
from ops_cli.packaging.plan import Plan, Planner
from ops_cli.packaging.requirements import differences, named
from ops_cli.packaging.result import BuildResult
from ops_cli.packaging.state import MANIFEST, State, output, settings
from ops_cli.packaging.targets import DEPLOY_ARCHITECTURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ops_cli.packaging.index import Index
    from ops_cli.packaging.interpreters import Candidates
    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target


class Rebuild:
    """One run over the functions of a tree for a target; its folder is locked by the caller."""

    def __init__(self, folder: str, target: Target, tree: Tree, index: Index, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._target = target
        self._tree = tree
        self._index = index
        self._report = report

    def run(self, old: State, candidates: Candidates) -> BuildResult:
        """Bring the folder up to the tree; when anything fails, nothing in it was replaced."""
        self._clear()
        new = self._new_state(old, candidates)
        compiler = Compiler(*new.interpreter) if new.interpreter else None
        with compiler.started() if compiler else contextlib.nullcontext():
            cache = Cache(self._target, compiler)
            planner = Planner(self._tree, self._index, self._target, compiler.version if compiler else "", cache)
            plans = planner.plans()
            assembler = Assembler(self._folder, self._index, cache, compiler)
            made = self._make([plan for plan in plans if not old.holds(self._folder, plan.role, plan.key)], assembler)
        new.functions = {plan.role: old.functions[plan.role] for plan in plans if plan.role in old.functions}
        removed = self._publish(old, new, made, plans)
        assembler.remember(plans)
        new.warnings = (*self._size_warnings(new), *self._resolution_warnings(plans))
        new.store(self._folder)
        return BuildResult(self._target, self._folder, new, sorted(one.plan.role for one in made), removed)

    def _new_state(self, old: State, candidates: Candidates) -> State:
        new = State()
        new.settings = settings(self._target)
        new.tree_hash = self._index.tree_hash
        new.candidates = candidates
        same = old.candidates == candidates and old.settings == new.settings
        new.interpreter = old.interpreter if same else interpreters.choose(candidates, self._target)
        return new

    def _make(self, plans: list[Plan], assembler: Assembler) -> list[Zip]:
        assembler.prepare(plans)
        try:
            made = [assembler.write(plan) for plan in plans]
            if self._target.native and made:
                from ops_cli.packaging.import_check import check_imports

                check_imports(made)
        except BaseException:
            self._clear()
            raise
        return made

    def _clear(self) -> None:
        for leftover in files.leftovers(self._folder):
            files.remove(leftover)

    def _publish(self, old: State, new: State, made: list[Zip], plans: list[Plan]) -> list[str]:
        """Move the zips into place and write the manifest; return the roles that are gone.

        The manifest goes first when a key changes: a build killed in between must not leave one that names the
        old key for the new zip.
        """
        roles = {plan.role for plan in plans}
        removed = sorted(set(old.functions) - roles)
        if removed or any(old.functions.get(one.plan.role, ("",))[0] != one.plan.key for one in made):
            files.remove(f"{self._folder}/{MANIFEST}")
        for one in made:
            path = f"{self._folder}/{one.plan.role}.zip"
            # ext4 writes a file out to the disk when it is renamed over another; over nothing it does not.
            files.remove(path)
            os.rename(one.path, path)
            written = output(path)
            assert written is not None  # noqa: S101 - it was put there under the lock
            new.functions[one.plan.role] = (one.plan.key, one.size, one.unzipped, written)
            self._report(
                f"built {one.plan.role}: {sizes.megabytes(one.size)}, {sizes.megabytes(one.unzipped)} unzipped"
            )
        for name in os.listdir(self._folder):
            if name.endswith(".zip") and name.removesuffix(".zip") not in roles:
                files.remove(f"{self._folder}/{name}")
        for role in removed:
            self._report(f"removed {role}: its folder is gone")
        manifest.publish(self._folder, self._target, new)
        return removed

    def _size_warnings(self, state: State) -> list[str]:
        found = (sizes.warning(role, record[2]) for role, record in sorted(state.functions.items()))
        return [warning for warning in found if warning]

    def _resolution_warnings(self, plans: list[Plan]) -> list[str]:
        """Say where this machine's interpreter gets other versions than the deployment."""
        users: dict[str, list[str]] = {}
        for plan in plans:
            if self._target.native and plan.locked:
                differing = differences(plan.locked.pins_for(DEPLOY_ARCHITECTURE), plan.pins)
                if differing:
                    users.setdefault(", ".join(differing), []).append(plan.role)
        return [f"deploy and sandbox resolve differently for {named(roles)}: {what}" for what, roles in users.items()]
