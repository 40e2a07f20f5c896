"""The writing of one function's zip: its dependencies' bytes as they are, its own files, and their bytecode."""

from __future__ import annotations

from ops_cli.packaging import files, zip_format
from ops_cli.packaging.dependencies import modules
from ops_cli.packaging.inference import missing_modules
from ops_cli.packaging.problems import failed, found
from ops_cli.packaging.sizes import UNZIPPED_LIMIT, too_large
from ops_cli.packaging.sources import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops_cli.packaging.bytecode import Compiler
    from ops_cli.packaging.dependencies import Cache
    from ops_cli.packaging.index import Index
    from ops_cli.packaging.plan import Plan

_FORMAT = 1


class Zip:
    """A written zip and its sizes."""

    __slots__ = ("layer", "path", "plan", "size", "unzipped")

    def __init__(self, plan: Plan, path: str, layer: zip_format.Layer | None) -> None:
        self.plan = plan
        self.path = path
        self.layer = layer
        self.size = 0
        self.unzipped = 0


class Assembler:
    """Writes zips into a target's folder; contents, bytecode and layers that several share are made once."""

    def __init__(self, folder: str, index: Index, cache: Cache, compiler: Compiler | None) -> None:
        self._folder = folder
        self._index = index
        self._cache = cache
        self._compiler = compiler
        self._layers: dict[str, zip_format.Layer] = {}
        self._packed: dict[str, zip_format.Packed] = {}
        self._bytecode_path = f"{folder}/.bytecode"
        remembered = files.load(self._bytecode_path, _FORMAT) if compiler else None
        self._remembered: dict[str, bytes] = remembered if isinstance(remembered, dict) else {}
        self._bytecode: dict[str, bytes] = {}

    def prepare(self, plans: list[Plan]) -> None:
        """Make the dependency layers of these functions, and refuse what cannot go together in one zip."""
        users: dict[str, str] = {}
        for plan in plans:
            if plan.pins:
                users.setdefault(plan.pins, plan.requirements_path)
        if len(users) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(2) as pool:
                self._layers = dict(zip(users, pool.map(self._cache.layer, users, users.values()), strict=True))
        else:
            self._layers = {pins: self._cache.layer(pins, user) for pins, user in users.items()}
        problems = [problem for plan in plans for problem in self._problems(plan)]
        if problems:
            raise found(problems, "Nothing was built.")

    def write(self, plan: Plan) -> Zip:
        """Write a function's zip under a temporary name."""
        made = Zip(plan, files.temporary_beside(f"{self._folder}/{plan.role}.zip"), self._layers.get(plan.pins))
        entries = list(self._entries(plan))
        made.unzipped = sum(packed.size for _, _, packed in entries)
        made.unzipped += sum(made.layer.sizes.values()) if made.layer else 0
        if made.unzipped > UNZIPPED_LIMIT:
            parts = {**(made.layer.sizes if made.layer else {}), **{name: packed.size for name, _, packed in entries}}
            raise too_large(f"{FUNCTIONS}/{plan.function}", parts)
        made.size = zip_format.write(made.path, entries, made.layer)
        return made

    def remember(self, plans: list[Plan]) -> None:
        """Keep the bytecode of the current sources, so that a change compiles only what it touches."""
        if self._compiler is None:
            return
        current = {self._code_key(name, path) for plan in plans for name, _, path in plan.members if _is_code(name)}
        everything = {**self._remembered, **self._bytecode}
        kept = {key: everything[key] for key in current if key in everything}
        if kept != self._remembered:
            files.store(self._bytecode_path, _FORMAT, kept)

    def _problems(self, plan: Plan) -> list[str]:
        layer = self._layers.get(plan.pins)
        provided = modules(layer) if layer else set()
        ours = {name.split("/")[0]: path[: -len(name)] for name, _, path in plan.members}
        clashes = [
            f"{plan.requirements_path}: installs a module {name}, and {ours[name]}{name} is one too"
            for name in sorted(ours.keys() & provided)
        ]
        return clashes + missing_modules(plan.needs, provided, plan.requirements_path)

    def _entries(self, plan: Plan) -> Iterator[tuple[str, bool, zip_format.Packed]]:
        for name, executable, path in plan.members:
            digest = self._index.digest(path)
            if digest not in self._packed:
                self._packed[digest] = zip_format.Packed(self._index.content(path))
            yield name, executable, self._packed[digest]
            if self._compiler is not None and _is_code(name):
                key = self._code_key(name, path)
                if key not in self._packed:
                    self._packed[key] = zip_format.Packed(self._compiled(self._compiler, key, name, path))
                yield self._compiler.place(name), False, self._packed[key]

    def _compiled(self, compiler: Compiler, key: str, name: str, path: str) -> bytes:
        code = self._remembered.get(key) or compiler.compile(name, self._index.content(path))
        if not code:
            raise failed(f"{path}: is not valid for Python {compiler.version}.", "Nothing was built.")
        self._bytecode[key] = code
        return code

    def _code_key(self, name: str, path: str) -> str:
        version = self._compiler.version if self._compiler else ""
        return f"{version} {name} {self._index.digest(path)}"


def _is_code(name: str) -> bool:
    return name.endswith(".py")
