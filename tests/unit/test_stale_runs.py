"""Cleaning up lists and removes run folders that no run of the study has, and nothing else."""

import os
from argparse import ArgumentParser
from pathlib import Path

import pytest
from art_transfer import config
from art_transfer.archive.stale_runs import (
    add_configfile,
    remove_runs,
    size_of,
    stale_runs,
    study_of,
)
from art_transfer.errors import StudyError
from art_transfer.study import Study
from builders import CONFIG, small_config


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return Study(config.typed(config.load(small_config(), tmp_path)))


@pytest.fixture
def results(study: Study) -> Path:
    """The study's runs, all made, and other files of the study."""
    for run in study.runs:
        make(Path(study.results) / run.folder)
    for name in (
        "splits/museum/type/seed-1.csv",
        "tables/table.csv",
        "features/a/b/c/type/seed-9/x",
    ):
        path = Path(study.results) / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
    return Path(study.results)


def test_values_that_the_study_was_run_with_count(tmp_path: Path) -> None:
    parser = ArgumentParser()
    add_configfile(parser)
    file = ["--configfile", str(CONFIG / "demo.yaml")]
    assert study_of(parser.parse_args(file)).settings.seeds == (1,)
    given = parser.parse_args([*file, "--config", "seeds=[1,2,3]"])
    assert study_of(given).settings.seeds == (1, 2, 3)
    with pytest.raises(StudyError, match="--config: Invalid config definition"):
        study_of(parser.parse_args([*file, "--config", "seeds"]))


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    return folder


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_finished_study_has_no_stale_runs(study, results):
    assert stale_runs(study, results) == []


@pytest.mark.parametrize(
    "name",
    [
        "museum/type/demo_plain/random/fine_tuning/seed-2",
        "museum/type/demo_plain/random/older/seed-1",
        "gone/type/demo_plain/random/fine_tuning/seed-1",
    ],
)
def test_a_run_that_the_config_does_not_name_goes_and_nothing_else(study, results, name):
    before = files(results)
    folder = make(results / "runs" / name)
    assert stale_runs(study, results) == [folder] and size_of(folder) == 2
    remove_runs([folder], results)
    assert files(results) == before and not folder.exists()


def test_folders_that_became_empty_go_too(study, results):
    folder = make(results / "runs/gone/type/demo_plain/random/fine_tuning/seed-1")
    remove_runs(stale_runs(study, results), results)
    assert not (results / "runs" / "gone").exists() and not folder.exists()


def test_the_run_that_another_starts_from_is_not_stale(study, results):
    parent = results / "runs/photos/type/demo_plain/random/fine_tuning/seed-1"
    assert parent.is_dir() and parent not in stale_runs(study, results)


def test_a_training_of_several_tasks_that_the_config_does_not_name_goes(study, results):
    folder = make(results / "joint/museum/demo_plain/random/both/seed-1")
    assert stale_runs(study, results) == [folder]
    remove_runs([folder], results)
    assert list((results / "joint").iterdir()) == []


def test_a_training_of_several_tasks_that_the_config_names_stays(study, results, tmp_path):
    both = {**small_config()["methods"]["fine_tuning"], "kind": "multitask"}
    both["loss_weights"] = {"material": 1, "type": 1}
    table = {**small_config()["experiments"]["table"], "inits": ["random"], "methods": ["both"]}
    changes = {"methods__both": both, "experiments__more": table}
    more = Study(config.typed(config.load(small_config(**changes), tmp_path)))
    folder = make(results / "joint/museum/demo_plain/random/both/seed-1")
    assert stale_runs(study, results) == [folder] and stale_runs(more, results) == []


def test_links_are_left_alone(study, results, tmp_path):
    elsewhere = make(tmp_path / "elsewhere" / "seed-7").parent
    for link in (
        results / "runs/museum/type/demo_plain/random/fine_tuning/seed-7",
        results / "runs/museum/type/demo_plain/random/linked",
    ):
        os.symlink(elsewhere, link)
    assert stale_runs(study, results) == []


def test_a_study_without_results_has_nothing_stale(study):
    assert stale_runs(study, "results/none") == []
