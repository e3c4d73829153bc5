"""What was fetched from the museums of a study, for the archive, and back from there."""

import zipfile
from pathlib import Path

from art_transfer.collect.lock import LOCK
from art_transfer.files import atomic_path

LOCKS = "sources"
"""The folder of a study that holds the locks of its museums, ``{collection}.lock.zip``."""


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


def restore_locks(results: str | Path, project: str | Path) -> None:
    """Put the locks of an unpacked study where a fetch compares with them.

    A museum that was fetched here has its own lock, which stays.
    """
    for packed in sorted((Path(results) / LOCKS).glob("*.lock.zip")):
        museum = Path(project) / "resources" / packed.name.removesuffix(".lock.zip")
        if not (museum / LOCK).is_file():
            with zipfile.ZipFile(packed) as archive:
                for name in filter(_is_of_a_lock, archive.namelist()):
                    archive.extract(name, museum)


def _is_of_a_lock(name: str) -> bool:
    """Whether a member is what ``pack_lock`` packs: a stranger's archive brings nothing else."""
    folder, _, file = name.rpartition("/")
    return name == LOCK or (folder == "source.lock" and file.endswith(".csv") and "\\" not in file)
