"""Which message ids were seen, and one small number for each: exact for millions of them in little memory."""

from array import array
from collections.abc import Iterator
from hashlib import blake2b

_WIDTH = 16
_FREE = bytes(_WIDTH)


class IdMap:
    """A mapping from strings to small numbers: a 128-bit digest of each key in one flat table, about 60 bytes a key.

    Two ids with one digest would make a message count as sent that was not; at 128 bits that does not happen.
    """

    def __init__(self) -> None:
        self._slots = 1024
        self._keys = bytearray(self._slots * _WIDTH)
        self._values = array("I", bytes(4 * self._slots))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: str) -> bool:
        return self._find(_digest(key))[1]

    def get(self, key: str) -> int | None:
        """Return the number of a key, None when it is not there."""
        slot, present = self._find(_digest(key))
        return self._values[slot] if present else None

    def put(self, key: str, value: int) -> None:
        """Set the number of a key."""
        digest = _digest(key)
        slot, present = self._find(digest)
        self._values[slot] = value
        if not present:
            self._keys[slot * _WIDTH : (slot + 1) * _WIDTH] = digest
            self._count += 1
            if self._count * 2 > self._slots:
                self._grow()

    def _find(self, digest: bytes) -> tuple[int, bool]:
        """Return the slot where `digest` is or belongs, and whether it is there (open addressing, linear probing)."""
        keys, slots = self._keys, self._slots
        slot = int.from_bytes(digest[:8], "little") % slots
        while True:
            found = keys[slot * _WIDTH : (slot + 1) * _WIDTH]
            if found == digest:
                return slot, True
            if found == _FREE:
                return slot, False
            slot = (slot + 1) % slots

    def _items(self) -> Iterator[tuple[bytes, int]]:
        for slot in range(self._slots):
            digest = bytes(self._keys[slot * _WIDTH : (slot + 1) * _WIDTH])
            if digest != _FREE:
                yield digest, self._values[slot]

    def _grow(self) -> None:
        # Copied over before the old table goes: one and a half times the memory for a moment.
        bigger = IdMap.__new__(IdMap)
        bigger._slots = self._slots * 2
        bigger._keys = bytearray(bigger._slots * _WIDTH)
        bigger._values = array("I", bytes(4 * bigger._slots))
        for digest, value in self._items():
            slot, _ = bigger._find(digest)
            bigger._keys[slot * _WIDTH : (slot + 1) * _WIDTH] = digest
            bigger._values[slot] = value
        self._slots, self._keys, self._values = bigger._slots, bigger._keys, bigger._values


class IdSet(IdMap):
    """A set of ids."""

    def add(self, key: str) -> None:
        """Put an id in; it may be in already."""
        self.put(key, 0)


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_WIDTH).digest()
