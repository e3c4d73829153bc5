"""A sealed study as one file, to be unpacked into a clone of the project anywhere."""

import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from art_transfer.archive.locks import restore_locks
from art_transfer.archive.manifest import CHECKPOINTS, MANIFEST, RECORDS
from art_transfer.archive.records import restore_records
from art_transfer.archive.stale_runs import JOINT_FOLDERS, RUN_FOLDERS
from art_transfer.archive.verify import read_manifest
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path, read_json, sha256, write_text
from art_transfer.study import CHECKPOINT

KEEP = ("none", "parents", "all")
"""Which checkpoints are packed; ``parents`` are those that other runs come from."""
_THEN = 315532800  # seconds; the first day of 1980, so that equal files give equal archives


def pack(results: str | Path, archive: str | Path, checkpoints: str = "none") -> int:
    """Pack what ``MANIFEST.sha256`` seals, and checkpoints; say how many files.

    The hashes of checkpoints go into ``CHECKPOINTS.sha256`` in the archive. Raises StudyError where
    a file is missing or is not the sealed one.
    """
    root = Path(results)
    if not (root / MANIFEST).is_file():
        raise StudyError(f"{root}: there is no {MANIFEST}; `snakemake archive` writes it")
    sealed = read_manifest(root / MANIFEST)
    changed = [n for n, digest in sealed.items() if _differs(root / n, digest)]
    if changed:
        raise StudyError(
            f"{root}: {len(changed)} files are not as sealed, such as {changed[0]}; run "
            "`snakemake archive` again, or `make verify` to see which"
        )
    models = _checkpoints(root, checkpoints)
    with (
        atomic_path(archive) as temporary,
        tempfile.TemporaryDirectory() as folder,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in [*sealed, MANIFEST, *models]:
            _add(tar, root / name, f"results/{root.name}/{name}")
        if models:
            lines = [f"{sha256(root / name)}  {name}\n" for name in models]
            write_text(Path(folder) / CHECKPOINTS, "".join(lines))
            _add(tar, Path(folder) / CHECKPOINTS, f"results/{root.name}/{CHECKPOINTS}")
    return len(sealed) + len(models)


def unpack(archive: str | Path, project: str | Path) -> Path:
    """Unpack into ``project/results`` and give Snakemake its records, and museums their locks; the
    study's folder.

    Raises StudyError where the study is there already, the archive is none of ours, or a file is
    not the sealed one; nothing is left then.
    """
    top = Path(project) / "results"
    top.mkdir(exist_ok=True)
    with _opened(archive) as tar, tempfile.TemporaryDirectory(dir=top, prefix=".") as folder:
        names = {tuple(Path(name).parts[:2]) for name in tar.getnames()}
        if len(names) != 1 or next(iter(names))[0] != "results":
            raise StudyError(f"{archive}: expected one folder results/STUDY, found {sorted(names)}")
        study = next(iter(names))[1]
        if (top / study).exists():
            raise StudyError(f"{top / study} is there already; move it away first")
        tar.extractall(folder, filter="data")
        unpacked = Path(folder) / "results" / study
        if not (unpacked / MANIFEST).is_file():
            raise StudyError(f"{archive}: there is no {MANIFEST} in it")
        sealed = read_manifest(unpacked / MANIFEST)
        if (unpacked / CHECKPOINTS).is_file():
            sealed |= read_manifest(unpacked / CHECKPOINTS)
        changed = [n for n, digest in sealed.items() if _differs(unpacked / n, digest)]
        if changed:
            raise StudyError(f"{archive}: {len(changed)} files are damaged, such as {changed[0]}")
        known = {*sealed, MANIFEST, CHECKPOINTS}
        found = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")]
        foreign = [n for n in found if n not in known and not (unpacked / n).is_dir()]
        if foreign:
            raise StudyError(
                f"{archive}: {len(foreign)} files are not sealed, such as {foreign[0]}"
            )
        _same_time([*map(unpacked.joinpath, sealed), unpacked / MANIFEST])
        shutil.move(unpacked, top / study)
    restore_records(top / study / RECORDS, project)
    restore_locks(top / study, project)
    return top / study


@contextmanager
def _opened(archive: str | Path) -> Iterator[tarfile.TarFile]:
    """The archive, if it is a plain tar of plain files with names that stay inside."""
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                parts = Path(member.name).parts
                plain = member.isreg() and not member.issparse()
                if not plain or ".." in parts or Path(member.name).is_absolute():
                    raise StudyError(
                        f"{archive}: {member.name!r} is no plain file, or leads out of the "
                        "archive; `make pack` writes no such thing"
                    )
            yield tar
    except FileNotFoundError as error:
        raise StudyError(f"{archive}: there is no such file") from error
    except (tarfile.TarError, EOFError) as error:
        raise StudyError(f"{archive}: expected a tar file that is whole: {error}") from error


def _differs(path: Path, digest: str) -> bool:
    return not path.is_file() or sha256(path) != digest


def _checkpoints(root: Path, which: str) -> list[str]:
    """Paths of the checkpoints to keep, relative to the study's folder."""
    if which == "none":
        return []
    folders = sorted([*root.glob(RUN_FOLDERS), *root.glob(JOINT_FOLDERS)])
    finished = [folder for folder in folders if (folder / "run.json").is_file()]
    runs = {folder: read_json(folder / "run.json") for folder in finished}
    found = [
        f"{folder.relative_to(root).as_posix()}/{CHECKPOINT}"
        for folder, run in runs.items()
        if run["settings"]["method"]["kind"] != "classifier"  # which leaves no network
    ]
    if which == "parents":
        inputs = {name for run in runs.values() for name in run["inputs"]}
        found = [name for name in found if f"results/{root.name}/{name}" in inputs]
    missing = [name for name in found if not (root / name).is_file()]
    if missing:
        raise StudyError(
            f"{root}: {len(missing)} of the checkpoints to pack are missing, such as {missing[0]}"
        )
    return found


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = path.stat().st_size, _THEN, 0o644
    with path.open("rb") as stream:
        tar.addfile(member, stream)


def _same_time(paths: Iterable[Path]) -> None:
    """Give all files the present time, so that none looks newer than what was made from it."""
    now = time.time()
    for path in paths:
        os.utime(path, (now, now))
