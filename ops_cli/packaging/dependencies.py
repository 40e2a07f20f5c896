"""Third-party code, resolved and installed and compressed once per distinct lock, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import sys

from ops_cli.packaging import files, zip_format
from ops_cli.packaging.problems import failed
from ops_cli.packaging.sizes import UNZIPPED_LIMIT, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops_cli.packaging.bytecode import Compiler
    from ops_cli.packaging.requirements import Lock
    from ops_cli.packaging.targets import Target

_FORMAT = "1"
# Console scripts begin with the path of an interpreter of this machine; RECORD lists the scripts with their hashes.
_NOT_SHIPPED = re.compile(
    r"(bin/|\.lock$|.*\.py[co]$|.*(^|/)__pycache__/|[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_.*)$)"
)
_MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(/|\.py$|\.[\w-]*\.?so$)")
_EXECUTABLE = 0o100


class Cache:
    """The dependency zips and resolutions that every checkout on this machine shares."""

    def __init__(self, target: Target, compiler: Compiler | None) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.folder = os.path.join(home, "opsctl", "packaging")
        self._target = target
        self._compiler = compiler

    def pins(self, requirements: tuple[str, ...], lock: Lock, user: str) -> str:
        """Return what a lock installs on the target; on this machine's own, the nearest that has wheels for it."""
        locked = lock.pins_for(self._target.architecture)
        if not self._target.native:
            return locked
        key = self._key("resolved", sys.version, *requirements, "", locked)
        path = self._path(key, "txt")
        if not os.path.exists(path):
            from ops_cli.packaging import resolve

            with self._locked(key) as scratch:
                pins = resolve.resolve(requirements, self._target, scratch, user, preferred=locked)
                files.write(path, pins.encode())
        return files.read(path).decode()

    def layer(self, pins: str, user: str) -> zip_format.Layer:
        """Return the zip of everything that `pins` installs; `user` names it in an error."""
        key = self._key("installed", self._compiler.version if self._compiler else "", pins)
        path = self._path(key, "zip")
        if layer := zip_format.open_layer(path):
            return layer
        from ops_cli.packaging import resolve

        with self._locked(key) as scratch:
            if not (layer := zip_format.open_layer(path)):
                resolve.install(pins, self._target, scratch, f"{scratch}/tree", user)
                zip_format.write(path, self._entries(f"{scratch}/tree", user))
                layer = zip_format.open_layer(path)
        if layer is None:
            raise failed(f"{path} cannot be read back.", "Look at the disk: is it full?")
        return layer

    def _entries(self, tree: str, user: str) -> Iterator[tuple[str, bool, zip_format.Packed]]:
        installed = _installed(tree)
        if sum(status.st_size for status in installed.values()) > UNZIPPED_LIMIT:
            raise too_large(user, {name: status.st_size for name, status in installed.items()})
        for name, status in installed.items():
            content = files.read(f"{tree}/{name}")
            yield name, bool(status.st_mode & _EXECUTABLE), zip_format.Packed(content)
            if self._compiler and name.endswith(".py") and (code := self._compiler.compile(name, content)):
                yield self._compiler.place(name), False, zip_format.Packed(code)

    def _key(self, *parts: str) -> str:
        text = "\0".join((_FORMAT, self._target.runtime, self._target.platform, *parts))
        return hashlib.sha256(text.encode()).hexdigest()

    def _path(self, key: str, suffix: str) -> str:
        os.makedirs(self.folder, exist_ok=True)
        return os.path.join(self.folder, f"{key}.{suffix}")

    def _locked(self, key: str) -> _Scratch:
        return _Scratch(self.folder, key)


class _Scratch:
    """The lock of one key with a scratch folder; what a killed build left under the same key is removed first."""

    def __init__(self, folder: str, key: str) -> None:
        self._lock = files.Lock(os.path.join(folder, f"{key}.lock"))
        self._scratch = os.path.join(folder, f".{key}.tmp")

    def __enter__(self) -> str:
        import shutil

        self._lock.__enter__()
        shutil.rmtree(self._scratch, ignore_errors=True)
        os.makedirs(self._scratch)
        return self._scratch

    def __exit__(self, *raised: object) -> None:
        import shutil

        shutil.rmtree(self._scratch, ignore_errors=True)
        self._lock.__exit__(None, None, None)


def _installed(tree: str) -> dict[str, os.stat_result]:
    """Return the files to ship of an installation, by their name in the zip."""
    names = (
        os.path.relpath(os.path.join(folder, file), tree).replace(os.sep, "/")
        for folder, _, inside in os.walk(tree)
        for file in inside
    )
    return {name: os.stat(f"{tree}/{name}") for name in sorted(names) if not _NOT_SHIPPED.match(name)}


def modules(layer: zip_format.Layer) -> set[str]:
    """Return the top-level modules and packages in a dependency zip."""
    return {match["name"] for name in layer.records if (match := _MODULE.match(name))}
