"""What was fetched from the museums of a study, for the archive, and back from there."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from art_transfer.collect.lock import LOCK
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path

LOCKS = "sources"
"""The folder of a study that holds the locks of its museums, ``{collection}.lock.zip``."""
_NAME = re.compile(r"([a-z0-9_]+)\.lock\.zip")


def pack_lock(museum: str | Path, path: str | Path) -> None:
    """Put the lock of ``resources/{collection}`` and its hashes into one zip file."""
    folder = Path(museum)
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for file in sorted([folder / LOCK, *(folder / "source.lock").glob("*.csv")]):
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED)


def check_locks(results: str | Path) -> None:
    """Raise StudyError where ``restore_locks`` could not put each lock in its museum's folder."""
    for packed, _ in _locks(results):
        try:
            with zipfile.ZipFile(packed) as archive:
                broken = archive.testzip()
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise StudyError(f"{packed}: expected a zip file that is whole: {error}") from error
        if broken:
            raise StudyError(f"{packed}: expected a zip file that is whole; {broken} is damaged")


def restore_locks(results: str | Path, project: str | Path) -> None:
    """Put the locks of an unpacked study where a fetch compares with them.

    A museum that was fetched here has its own lock, which stays.
    """
    for packed, name in _locks(results):
        museum = Path(project) / "resources" / name
        if not (museum / LOCK).is_file():
            with zipfile.ZipFile(packed) as archive:
                for member in filter(_is_of_a_lock, archive.namelist()):
                    archive.extract(member, museum)


def _locks(results: str | Path) -> Iterator[tuple[Path, str]]:
    """The packed locks of a study, each with its museum, which becomes the name of a folder."""
    for packed in sorted((Path(results) / LOCKS).glob("*.lock.zip")):
        named = _NAME.fullmatch(packed.name)
        if named is None:
            raise StudyError(
                f"{packed}: expected the name of a museum (lower-case letters, digits and _) "
                "before .lock.zip; `make pack` writes no such file"
            )
        yield packed, named[1]


def _is_of_a_lock(name: str) -> bool:
    """Whether a member is what ``pack_lock`` packs: a stranger's archive brings nothing else."""
    folder, _, file = name.rpartition("/")
    return name == LOCK or (folder == "source.lock" and file.endswith(".csv") and "\\" not in file)
