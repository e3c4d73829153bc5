"""Files that appear whole or not at all, in formats whose bytes depend on their content only."""

import errno
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from art_transfer.errors import StudyError

_REFUSALS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.EROFS, errno.EACCES, errno.EPERM),
)
_WORDS = {
    **{os.strerror(number): os.strerror(number) for number in _REFUSALS},
    "database or disk is full": "database or disk is full",
    "disk I/O error": "disk I/O error, as of a quota that is used up",
    "attempt to write a readonly database": "attempt to write a readonly database",
    "unable to open database file": "unable to open database file",
}
"""What libraries say of a refusal, and what is told of it."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    The temporary name keeps the suffix, which some writers choose their format by. When the
    block raises, the temporary file is removed and an older ``path`` stays as it was. What a
    killed job left there goes when the next one begins. Each writer has a name of its own: one
    that was believed lost and still writes finds its file gone, and spoils no other's.
    """
    path = Path(path)
    temporary = path.with_name(f".part.{os.urandom(6).hex()}.{path.name}")
    try:
        with told_of_disks(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for left in path.parent.glob(f".part.????????????.{glob.escape(path.name)}"):
                left.unlink(missing_ok=True)
            yield temporary
            temporary.replace(path)
    finally:
        with suppress(OSError):  # of a disk that takes no more changes
            temporary.unlink()


@contextmanager
def told_of_disks(path: str | Path) -> Iterator[None]:
    """Turn a disk's refusal within the block into a StudyError that names ``path``.

    Libraries tell of it in many ways: by a number, or in words alone.
    """
    try:
        yield
    except StudyError:  # which says what was wrong itself, perhaps in the words of a server
        raise
    except Exception as error:
        if not (reason := refusal(error)):
            raise
        forbidden = isinstance(error, PermissionError) and error.filename  # to be read, it may be
        about = path if not forbidden or ".part." in str(forbidden) else forbidden
        raise StudyError(
            f"{about}: {reason} ({_free(path)} bytes are free there). Make room, or give back the "
            "right to write, and start again: what is finished is kept"
        ) from error


def refused(error: BaseException, unnamed: str) -> str:
    """A message where an error is a disk's refusal, empty for any other error.

    ``unnamed`` stands in it where the error names no file.
    """
    if not (reason := refusal(error)):
        return ""
    where = getattr(error, "filename", None) or unnamed
    return f"{where}: {reason}. Make room and start again: what is finished is kept"


def refusal(error: BaseException) -> str:
    """Why a disk refused to write, in its own words; empty for any other error.

    Some libraries stumble over what is left of a file that they could not write: the first error
    of a chain counts.
    """
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        return os.strerror(error.errno)
    found = next((told for words, told in _WORDS.items() if words in str(error)), "")
    return found or (refusal(error.__context__) if error.__context__ else "")


def need(path: str | Path, count: int) -> None:
    """Stop before long work where the disk below ``path`` has not ``count`` bytes free."""
    if (free := _free(path)) < count:
        raise StudyError(
            f"{path}: this file will need {count} bytes, but the disk has {free}. Make room and "
            "start again: what is finished is kept"
        )


def reserve(path: str | Path) -> None:
    """Give a file with holes all the space that it says it has.

    Without it, a file that is mapped into memory ends its job by a signal when the disk is full.
    """
    with Path(path).open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)


def _free(path: str | Path) -> int:
    """The bytes that are free on the disk of ``path``, which need not be there yet."""
    folder = Path(path).absolute().parent
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 with Unix line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as readable JSON, atomically. NaN and infinity raise ValueError."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_yaml(path: str | Path, value: Any) -> None:
    """Write ``value`` as YAML with sorted keys, atomically."""
    write_text(path, yaml.safe_dump(value, sort_keys=True, allow_unicode=True))


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_below(folder: str | Path) -> list[Path]:
    """All files below a folder, sorted by their path; links to folders are followed."""
    tree = os.walk(folder, followlinks=True)
    every = (Path(parent, name) for parent, _, names in tree for name in names)
    return sorted(path for path in every if path.is_file())


def listing(folder: str | Path, without: str = "") -> str:
    """A hash of the names and sizes of the files below a folder, whatever their times.

    ``without`` names one that does not count; nor do those that programs leave behind when people
    look at a folder (``.DS_Store``, ``Thumbs.db``, locks of open documents).
    """
    left_out = os.path.normpath(without)
    sizes = sorted(
        f"{os.path.relpath(entry, folder)}\t{os.path.getsize(entry)}"  # noqa: PTH202
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.startswith((".", "~$")) and name.lower() not in ("thumbs.db", "desktop.ini")
        if os.path.exists(entry := os.path.join(parent, name))  # noqa: PTH110, PTH118
        if os.path.relpath(entry, folder) != left_out
    )
    return hashlib.sha256("\n".join(sizes).encode(errors="surrogateescape")).hexdigest()
