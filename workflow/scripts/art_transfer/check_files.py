"""Whether the files that a config names are there, before anything runs."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from art_transfer.config import read_files
from art_transfer.errors import StudyError
from art_transfer.settings import canonical
from art_transfer.study import Study


def check_configs(paths: Iterable[str]) -> None:
    """Stop where a key stands twice in a config, of which Snakemake takes the last, unasked."""
    read_files(map(Path, paths))


def check_definitions(study: Study, resources: Path) -> None:
    """Stop where another study has defined a collection of the same name in another way.

    What is below ``resources/{collection}`` is shared by all studies, so its name must mean one
    museum. A study that changes its own definition just has the museum collected again.
    """
    for name in study.used_collections:
        path = resources / name / "collection.yaml"
        if not path.is_file():
            continue
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(known, dict) or "study" not in known:
            raise StudyError(
                f"{path}: expected the definition that the collection was made from, with the keys "
                "study and source; remove the file, and the collection is read again"
            )
        ours = study.source(name)
        if known["study"] != study.settings.study and canonical(known["source"]) != canonical(ours):
            raise StudyError(
                f"the collection {name!r} means two museums: the study {known['study']!r} made "
                f"{path.parent} from {canonical(known['source'])}, but the study "
                f"{study.settings.study!r} defines it as {canonical(ours)}. Give one of them "
                "another name."
            )


def check_folders(study: Study) -> None:
    """Stop where a museum's folder holds the project: its results would be the museum's files."""
    for name in study.used_collections:
        folder = study.source(name).options.get("folder")
        if folder and Path.cwd().resolve().is_relative_to(Path(folder).resolve()):
            raise StudyError(
                f"`collections.{name}.folder` is {folder!r}, which has this project in it: each "
                "new result would change the museum. Put the museum's files into a folder alone"
            )


def check_mappings(study: Study) -> None:
    """Stop where the mapping table of a task is no file; what is in it, the labels job checks."""
    for name, task in study.settings.tasks.items():
        if task.mapping and not Path(task.mapping).is_file():
            raise StudyError(
                f"`tasks.{name}.mapping` is {task.mapping!r}, but there is no such file; expected "
                "a CSV with the columns value,concept, relative to where Snakemake is started"
            )


def check_published(study: Study) -> None:
    """Stop where the folder of published numbers and claims is none, or has nothing to read."""
    folder = study.settings.published
    if folder and not any(Path(folder).glob("*.csv")):
        raise StudyError(
            f"`published` is {folder!r}, but there is no such folder with a CSV in it; expected "
            "one with claims.csv or published tables, relative to where Snakemake is started"
        )
