"""Zip files whose bytes depend on nothing but names, contents and executable bits.

Written here rather than with `zipfile` because a service's zip is its dependencies' zip, copied as it is, plus a
few entries: nothing is parsed or deflated twice. The format is PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import struct
import zlib

from ops_cli.packaging import files
from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_MADE_BY_UNIX = 3 << 8 | 20
_NEEDS_VERSION = 20
_UTF8_NAME = 0x800
_STORED, _DEFLATED = 0, 8
_LEVEL = 6
_JANUARY_1980 = 0x21  # 1980-01-01, the earliest date the format knows
_REGULAR_FILE = 0o100000
_MOST_ENTRIES = 0xFFFF  # more, or more than 4 GB, would need the 64-bit format; Lambda's limit comes far earlier


class Packed:
    """A file's content as it stands in a zip."""

    __slots__ = ("checksum", "data", "method", "size")

    def __init__(self, content: bytes) -> None:
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = compressor.compress(content) + compressor.flush()
        smaller = len(data) < len(content)
        self.method = _DEFLATED if smaller else _STORED
        self.data = data if smaller else content
        self.checksum = zlib.crc32(content)
        self.size = len(content)


class Layer:
    """A zip made by `write`, opened so that others can begin with its bytes."""

    __slots__ = ("path", "payload", "records", "sizes")

    def __init__(self, path: str, content: memoryview) -> None:
        signature, *_, count, length, start, _ = _END.unpack(content[-_END.size :])
        if signature != b"PK\5\6" or start + length + _END.size != len(content):
            raise ValueError("not a zip that was written here")
        self.path = path
        self.payload = content[:start]
        self.records: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        for _ in range(count):
            fields = _CENTRAL.unpack_from(content, start)
            end = start + _CENTRAL.size + fields[10]
            name = str(content[start + _CENTRAL.size : end], "utf-8")
            self.records[name] = bytes(content[start:end])
            self.sizes[name] = fields[9]
            start = end


def open_layer(path: str) -> Layer | None:
    """Map a zip into memory; None when it is absent or not whole."""
    import mmap

    try:
        with open(path, "rb") as file:
            return Layer(path, memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    except (FileNotFoundError, ValueError, struct.error):
        return None


def write(path: str, entries: Iterable[tuple[str, bool, Packed]], base: Layer | None = None) -> int:
    """Write a zip of `base` and `entries` (name, executable, content); return its size in bytes."""
    parts: list[bytes | memoryview] = [base.payload] if base else []
    records = dict(base.records) if base else {}
    offset = len(base.payload) if base else 0
    for name, executable, packed in sorted(entries, key=lambda entry: entry[0]):
        encoded = name.encode()
        fields = _fields(encoded, name, packed)
        mode = _REGULAR_FILE | (0o755 if executable else 0o644)
        records[name] = _CENTRAL.pack(b"PK\1\2", _MADE_BY_UNIX, *fields, 0, 0, 0, 0, mode << 16, offset) + encoded
        parts += [_LOCAL.pack(b"PK\3\4", *fields, 0) + encoded, packed.data]
        offset += _LOCAL.size + len(encoded) + len(packed.data)
    if len(records) > _MOST_ENTRIES:
        raise failed(f"{path} would hold {len(records)} files; a zip holds {_MOST_ENTRIES} at most.")
    directory = b"".join(records[name] for name in sorted(records))
    end = _END.pack(b"PK\5\6", 0, 0, len(records), len(records), len(directory), offset, 0)
    files.write(path, *parts, directory, end)
    return offset + len(directory) + len(end)


def _fields(encoded: bytes, name: str, packed: Packed) -> tuple[int, ...]:
    """Return what the local header and the central directory say alike."""
    flags = 0 if name.isascii() else _UTF8_NAME
    sizes = (len(packed.data), packed.size)
    return (_NEEDS_VERSION, flags, packed.method, 0, _JANUARY_1980, packed.checksum, *sizes, len(encoded))
