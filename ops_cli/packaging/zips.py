"""Files written whole or not at all, and zips whose bytes depend on names, contents and executable bits alone."""

import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from ops_cli.packaging.sources import failed

# "Deployment package (.zip file archive) size": 250 MB unzipped, layers included (AWS Lambda quotas).
UNZIPPED_LIMIT = 250 * 1024 * 1024
WARN_ABOVE = UNZIPPED_LIMIT * 8 // 10
_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE = 0o100000
_LEVEL = 6
_NAMED = 3


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """Give a name beside `path`, for this process alone; what is written there takes the place of `path` at the end."""
    folder, name = os.path.split(path)
    temporary = f"{folder}/.{name}.{os.getpid()}.tmp"
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def write_file(path: str, content: bytes) -> None:
    """Write a file beside its place and move it there whole."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)


def remove(path: str) -> None:
    """Remove a file that may already be gone."""
    with suppress(FileNotFoundError):
        os.unlink(path)


class Zip:
    """A zip that was written here: what is in it, and where others that begin with it go on."""

    def __init__(self, path: str) -> None:
        with zipfile.ZipFile(path) as archive:
            self.path = path
            self.members = archive.infolist()
            self.comment = archive.comment.decode()
            self.end = archive.start_dir
        self.sizes = {member.filename: member.file_size for member in self.members}


def whole(path: str) -> Zip | None:
    """Return a zip; None when it is absent or not whole."""
    try:
        return Zip(path)
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


def write(
    path: str, entries: Iterable[tuple[str, bool, bytes]], base: Zip | None = None, comment: str = ""
) -> dict[str, int]:
    """Write a zip of `entries` (name, executable, content) on top of a copy of the zip `base`, whole or not at all.

    Return the unzipped size of every file in it by name.
    """
    with replacing(path) as temporary:
        if base:
            shutil.copyfile(base.path, temporary)
        with open(temporary, "r+b" if base else "wb") as file:
            # What lies before the directory of a copied zip is neither read nor compressed again.
            file.truncate(file.seek(base.end if base else 0))
            with zipfile.ZipFile(file, "w") as archive:
                archive.filelist += base.members if base else []
                for name, executable, content in entries:
                    member = zipfile.ZipInfo(name, _EARLIEST_DATE)
                    member.create_system = _UNIX
                    member.external_attr = (_REGULAR_FILE | (0o755 if executable else 0o644)) << 16
                    archive.writestr(member, content, zipfile.ZIP_DEFLATED, _LEVEL)
                # The directory at a zip's end is written from this list when the archive is closed.
                archive.filelist.sort(key=lambda member: member.filename)
                archive.comment = comment.encode()
    return {member.filename: member.file_size for member in archive.filelist}


def refuse_too_large(what: str, sizes: Mapping[str, int]) -> None:
    """Raise for files that are over the limit together, naming the parts that take the room."""
    total = sum(sizes.values())
    if total > UNZIPPED_LIMIT:
        parts: Counter[str] = Counter()
        for name, size in sizes.items():
            parts[name.partition("/")[0]] += size
        raise failed(
            f"{what}: unzips to {megabytes(total)}; Lambda's limit is 250 MB.",
            f"The largest parts: {', '.join(f'{top} {megabytes(size)}' for top, size in parts.most_common(_NAMED))}.",
        )


def megabytes(size: int) -> str:
    """Return a size for people, in the megabytes of 1,048,576 bytes that Lambda counts in."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 100 * 1024 else f"{size / 1024:.1f} KB"
