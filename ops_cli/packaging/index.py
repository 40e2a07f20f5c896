"""What is known of every source file's content, so that an unchanged file is not read again.

Works as git's index does: a file whose stat signature is the remembered one has the remembered content. A file
touched so shortly before it was read that a second change could hide in the same tick of the file system's clock
is remembered without a signature, and read again next time.
"""

from __future__ import annotations

from ops_cli.packaging import files
from ops_cli.packaging.problems import found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.imports import Import
    from ops_cli.packaging.sources import Signature, Tree

    Entry = tuple[Signature | None, str, tuple[Import, ...]]

_FORMAT = 1
# FAT keeps dates to two seconds, the coarsest of the file systems that a checkout may lie on.
_CLOCK_TICK_NS = 2_000_000_000
_EXECUTABLE = 0o100


class Index:
    """The content hash and the imports of every file of a tree, and one hash of the whole tree."""

    __slots__ = ("_entries", "_old", "_path", "_root", "tree_hash")

    def __init__(self, root: str, path: str) -> None:
        self._root = root
        self._path = path
        self._entries: dict[str, Entry] = {}
        self._old: dict[str, Entry] = {}
        self.tree_hash = ""

    def refresh(self, tree: Tree, now_ns: int) -> None:
        """Bring the index up to `tree`, reading what changed; `now_ns` is a time before the tree was scanned."""
        stored = files.load(self._path, _FORMAT)
        if stored is not None:
            self.tree_hash, self._old = stored
        old = self._old
        changed = {path for path, seen in tree.signatures.items() if path not in old or old[path][0] != seen}
        if not changed and len(self._old) == len(tree.signatures):
            self._entries = self._old
            return
        self._entries = {path: self._old[path] for path in tree.signatures if path not in changed}
        self._read(sorted(changed), tree, now_ns - _CLOCK_TICK_NS)
        self.tree_hash = self._hash_tree(tree)
        files.store(self._path, _FORMAT, (self.tree_hash, self._entries))

    def digest(self, path: str) -> str:
        """Return the hash of a file's content."""
        return self._entries[path][1]

    def imports(self, path: str) -> tuple[Import, ...]:
        """Return what a Python file imports."""
        return self._entries[path][2]

    def content(self, path: str) -> bytes:
        """Read a file that must still hold what was hashed."""
        import hashlib

        content = files.read(f"{self._root}/{path}")
        if hashlib.sha256(content).hexdigest() != self.digest(path):
            raise found([f"{path}: changed while it was being packed."], "Run the build again.")
        return content

    def _read(self, changed: list[str], tree: Tree, settled_ns: int) -> None:
        import hashlib

        problems = []
        for path in changed:
            content = files.read(f"{self._root}/{path}")
            digest = hashlib.sha256(content).hexdigest()
            seen = tree.signatures[path]
            kept = seen if max(seen[1], seen[2]) < settled_ns else None
            old = self._old.get(path)
            if old is not None and old[1] == digest:
                self._entries[path] = (kept, digest, old[2])
                continue
            try:
                self._entries[path] = (kept, digest, _imports(path, content))
            except SyntaxError as error:
                problems.append(f"{path}:{error.lineno or 1}: {error.msg}")
        if problems:
            raise found(problems, "Mend the syntax; nothing was built.")

    def _hash_tree(self, tree: Tree) -> str:
        import hashlib

        digest = hashlib.sha256()
        for path in sorted(self._entries):
            executable = bool(tree.signatures[path][4] & _EXECUTABLE)
            digest.update(f"{path}\0{executable}\0{self._entries[path][1]}\n".encode())
        return digest.hexdigest()


def _imports(path: str, content: bytes) -> tuple[Import, ...]:
    if not path.endswith(".py"):
        return ()
    from ops_cli.packaging.imports import imports

    return imports(content, path)
