"""Tar files of many small members, read in place: nothing is ever unpacked to disk."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self, cast

from art_transfer.errors import StudyError

_LARGEST_HEADER = 64 * 1024
_MOST_UNPACKED = 200  # a gzip bomb grows a thousandfold; XML in a tar some thirtyfold
_BLOCK = 1 << 16
_GZIP = b"\x1f\x8b"
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError)


class Member(NamedTuple):
    """A file in a tar."""

    name: str
    offset: int  # of its first byte, after unpacking if the tar is packed
    size: int
    trouble: str  # why it is not to be used; empty for a plain file with a safe name


class Tar:
    """A tar file, plain or with gzip; to be used in a ``with`` block.

    Memory does not grow with the number of members, whatever the file says of itself.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; raises StudyError where it is no tar."""
        self._path = path
        self._file = _Frugal(_opened(path))
        self._last = -1  # where the data of the last member began
        self._limit = path.stat().st_size * _MOST_UNPACKED
        try:
            file = cast(BinaryIO, self._file)
            self._tar = tarfile.open(fileobj=file, mode="r:", encoding="utf-8")  # noqa: SIM115
        except _BROKEN as error:
            self._file.close()
            raise self._unreadable(error) from error

    def __enter__(self) -> Self:
        """Use the tar in a ``with`` block, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def members(self) -> Iterator[Member]:
        """All members but folders, in their order; each may be ``read`` meanwhile.

        Raises StudyError where the tar is cut short or broken.
        """
        while (found := self._next()) is not None:
            if not found.isdir():
                trouble = _trouble(found)
                yield Member(found.name, found.offset_data, found.size, trouble)

    def read(self, offset: int, size: int) -> bytes:
        """The bytes of a member. In a packed tar, go forward only, for going back is slow."""
        try:
            self._file.seek(offset)
            data = self._file.read_all(size)
        except _BROKEN as error:
            raise self._unreadable(error) from error
        if len(data) < size:
            raise self._unreadable("it ends in the middle of a member")
        return data

    def _next(self) -> tarfile.TarInfo | None:
        self._file.allowance = _LARGEST_HEADER
        try:
            found = self._tar.next()
            if found is None:
                self._check_end()
        except _BROKEN as error:
            raise self._unreadable(error) from error
        # Tarfile would remember all members, and all that is said of those that follow.
        self._tar.members = []  # type: ignore[attr-defined]
        self._tar.pax_headers = {}
        if found is not None and (found.size < 0 or found.offset_data <= self._last):
            raise self._unreadable(f"the size of {found.name!r} is wrong")
        if max(self._tar.offset, self._file.tell()) > self._limit:
            raise self._unreadable(f"it unpacks to more than {_MOST_UNPACKED} times its size")
        self._last = found.offset_data if found is not None else self._last
        return found

    def _check_end(self) -> None:
        """Tarfile takes a broken header for the end; after the true end there are zeros only."""
        block = self._file.last
        while not block.strip(b"\0"):
            block = self._file.read_all(_BLOCK)
            if not block or self._file.tell() > self._limit:
                return
        raise tarfile.ReadError("before its end comes something that is no member")

    def _unreadable(self, reason: object) -> StudyError:
        return StudyError(
            f"{self._path}: expected a tar file that can be read to its end, but {reason}"
        )


class _Frugal:
    """A file for tarfile, which would read headers of any length into memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.allowance = _LARGEST_HEADER  # bytes that may be read before the next member
        self.last = b""  # what was read last
        self.read_all, self.seek, self.tell = file.read, file.seek, file.tell
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        self.allowance -= size
        if size < 0 or self.allowance < 0:
            raise tarfile.ReadError(f"a header has more than {_LARGEST_HEADER} bytes")
        self.last = self._file.read(size)
        return self.last


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


def _trouble(found: tarfile.TarInfo) -> str:
    name = found.name
    if found.issym() or found.islnk():
        return "a link"
    if not found.isreg():
        return "a device or the like"
    if found.issparse():
        return "a sparse file"
    if name.startswith("/") or ".." in name.split("/") or "\\" in name:
        return "a path that leads out of the archive"
    if not name.isprintable():
        return "a name with control characters or not in UTF-8"
    return ""
