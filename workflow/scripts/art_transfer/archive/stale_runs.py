"""Run folders that the config no longer names: what a study leaves behind when it changes."""

import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from snakemake.cli import parse_config

from art_transfer.checks import load_study
from art_transfer.config import read_files, with_arguments
from art_transfer.errors import StudyError
from art_transfer.study import Study

RUN_FOLDERS, JOINT_FOLDERS = "runs/*/*/*/*/*/seed-*", "joint/*/*/*/*/seed-*"
"""Where run folders, and those of trainings of several tasks, lie below a study's results, as
``settings.Run.folder`` names them."""


def add_configfile(parser: ArgumentParser) -> None:
    """Give a command Snakemake's options ``--configfile`` and ``--config``."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        help="the study, as for Snakemake; the paper if none is given",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="values that the study was run with, as for Snakemake",
    )


def study_of(arguments: Namespace) -> Study:
    """The study of ``--configfile`` and ``--config``. Raises StudyError that lists each mistake."""
    files = arguments.configfile
    try:
        values = parse_config(arguments.config)
    except ValueError as error:
        raise StudyError(f"--config: {error}") from error
    given = with_arguments(read_files(files), values)
    return load_study(given, files[0].parent if files else Path("config"))[0]


def stale_runs(study: Study, results: str | Path) -> list[Path]:
    """The run folders below ``results`` that are none of the study's runs, sorted.

    Folders of trainings of several tasks are among them. A run that another one starts from is one
    of the study's. Links are left alone, since what they lead to may belong to others.
    """
    root = Path(results)
    named = {root / run.folder for run in [*study.runs, *study.joint_runs]}
    return sorted(
        path
        for kind in (RUN_FOLDERS, JOINT_FOLDERS)
        for path in root.glob(kind)
        if path not in named and path.is_dir() and not _through_link(path, root)
    )


def remove_runs(folders: list[Path], results: str | Path) -> None:
    """Remove these run folders, and the folders above them that are empty then."""
    tops = [Path(results) / kind.split("/")[0] for kind in (RUN_FOLDERS, JOINT_FOLDERS)]
    for folder in folders:
        shutil.rmtree(folder)
        above = folder.parent
        while above not in tops and not any(above.iterdir()):
            above.rmdir()
            above = above.parent


def size_of(folder: str | Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in Path(folder).rglob("*") if path.is_file())


def _through_link(path: Path, root: Path) -> bool:
    return any(part.is_symlink() for part in (path, *path.parents) if root in part.parents)
