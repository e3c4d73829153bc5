"""A sealed study as one file, to be unpacked into a clone of the project anywhere."""

import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from art_transfer.archive.locks import check_locks, restore_locks
from art_transfer.archive.manifest import CHECKPOINTS, MANIFEST, RECORDS
from art_transfer.archive.records import read_records, restore_records
from art_transfer.archive.stale_runs import JOINT_FOLDERS, RUN_FOLDERS
from art_transfer.archive.verify import read_manifest, read_seals, unsealed
from art_transfer.checks import load_study
from art_transfer.config import read_files
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path, read_json, sha256, write_text
from art_transfer.study import CHECKPOINT

KEEP = ("none", "parents", "all")
"""Which checkpoints are packed; ``parents`` are those that other runs come from."""
_THEN = 315532800  # seconds; the first day of 1980, so that equal files give equal archives


def pack(results: str | Path, archive: str | Path, checkpoints: str = "none") -> int:
    """Pack what ``MANIFEST.sha256`` seals, and checkpoints; say how many files.

    The hashes of checkpoints go into ``CHECKPOINTS.sha256`` in the archive. Raises StudyError where
    a file is missing, is not the sealed one, or came after the seal.
    """
    root = Path(results)
    _no_folder(archive)
    if not (root / MANIFEST).is_file():
        raise StudyError(f"{root}: there is no {MANIFEST}; `snakemake archive` writes it")
    sealed = read_manifest(root / MANIFEST)
    changed = [n for n, digest in sealed.items() if _differs(root / n, digest)]
    if changed:
        raise StudyError(
            f"{root}: {len(changed)} files are not as sealed, such as {changed[0]}; `make verify` "
            "names them. Remove what is to be made again; `snakemake archive --forcerun crate` "
            "then seals all as it is"
        )
    more = unsealed(root, sealed)
    if more:
        raise StudyError(
            f"{root}: {len(more)} files were made after the seal, such as {more[0].name}; "
            "`snakemake archive --forcerun crate` seals all as it is"
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
    _no_folder(archive)
    with tempfile.TemporaryDirectory(dir=top, prefix=".") as folder:
        with _opened(archive) as tar:
            names = {tuple(Path(name).parts[:2]) for name in tar.getnames()}
            tops = [Path(*parts).as_posix() for parts in sorted(names)]
            if len(tops) != 1 or not tops[0].startswith("results/"):
                raise StudyError(f"{archive}: expected one folder results/STUDY, found {tops}")
            study = tops[0].removeprefix("results/")
            if (top / study).exists():
                raise StudyError(f"{top / study} is there already; move it away first")
            for member in tar:
                # Contents alone: Python 3.11.0 to 3.11.3, of Debian 12, know no filters of modes.
                _write(tar.extractfile(member), Path(folder) / member.name)
        unpacked = Path(folder) / "results" / study
        try:
            sealed = _checked(unpacked)
        except StudyError as error:  # which tells of a folder that goes
            raise StudyError(str(error).replace(str(unpacked), str(archive))) from error
        _same_time([*map(unpacked.joinpath, sealed), unpacked / MANIFEST])
        # The study last: without records, which a second try writes again, no change is noticed.
        restore_records(unpacked / RECORDS, project)
        restore_locks(unpacked, project)
        shutil.move(unpacked, top / study)
    return top / study


def _no_folder(archive: str | Path) -> None:
    if Path(archive).is_dir():
        raise StudyError(f"{archive} is a folder; expected the name of a file, such as demo.tar")


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
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise StudyError(
            f"{archive}: one of its files is there twice, or lies where another needs a folder; "
            "`make pack` writes no such thing"
        ) from error


def _checked(root: Path) -> dict[str, str]:
    """The seals of an unpacked study. Raises StudyError where it is not as sealed, or not whole."""
    if not (root / MANIFEST).is_file():
        raise StudyError(f"{root}: there is no {MANIFEST} in it")
    sealed = read_seals(root)
    if RECORDS not in sealed:
        raise StudyError(f"{root}: {MANIFEST} has no {RECORDS}; expected what `make pack` packs")
    changed = [n for n, digest in sealed.items() if _differs(root / n, digest)]
    if changed:
        raise StudyError(f"{root}: {len(changed)} files are damaged, such as {changed[0]}")
    known = {*sealed, MANIFEST, CHECKPOINTS}
    found = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    foreign = [n for n in found if n not in known and not (root / n).is_dir()]
    if foreign:
        raise StudyError(f"{root}: {len(foreign)} files are not sealed, such as {foreign[0]}")
    read_records(root / RECORDS)
    check_locks(root)
    return sealed


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
    if which == "parents" and found:
        parents = _parents(root)
        found = [name for name in found if name in parents]
    missing = [name for name in found if not (root / name).is_file()]
    if missing:
        raise StudyError(
            f"{root}: {len(missing)} of the checkpoints to pack are missing, such as {missing[0]}"
        )
    return found


def _parents(root: Path) -> set[str]:
    """The checkpoints that runs come from, by the study's sealed config.

    What a run read does not tell: classifiers read features, and others batch-norm statistics.
    """
    config = root / "run_config.yaml"
    try:
        study = load_study(read_files([config]), root)[0]
    except StudyError as error:
        raise StudyError(
            f"{config}: which runs others come from is not to be found out here, as with a config "
            f"of another version; pack with CHECKPOINTS=all, or where the study was made: {error}"
        ) from error
    trained = [run for run in study.runs if not study.at_once(run)] + study.joint_runs
    parents = {parent for run in trained if (parent := study.parent(run))}
    return {f"{run.folder}/{CHECKPOINT}" for run in [*parents, *study.joint_runs]}


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = path.stat().st_size, _THEN, 0o644
    with path.open("rb") as stream:
        tar.addfile(member, stream)


def _write(stream: IO[bytes] | None, path: Path) -> None:
    assert stream is not None  # as of all plain files
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        shutil.copyfileobj(stream, out)


def _same_time(paths: Iterable[Path]) -> None:
    """Give all files the present time, so that none looks newer than what was made from it."""
    now = time.time()
    for path in paths:
        os.utime(path, (now, now))
