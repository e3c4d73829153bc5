"""What was rerun after changes is what a run from nothing gives, byte for byte."""

from pathlib import Path

import pytest
from workflow.conftest import same_files, snakemake

from .conftest import copied, prepared
from .test_archive import clone, command

CHANGES = """
methods: {shelf: {epochs: 3}}
tasks: {artist: {min_objects: 5}}
collections: {own: {title: Ours}}
experiments: {second: {inits: [net, files]}}
figures: {curves: {epochs: {tasks: [type]}}}
"""
SAME = ["splits/**/*", "labels/**/*", "baselines/**/*", "tables/*", "figures/*", "rights/*"]
SAME += [f"runs/**/{name}" for name in ("predictions.parquet", "metrics.json", "history.csv")]


def changed(project: Path, *targets: str) -> Path:
    """The project after the changes have been made and run."""
    (project / "change.yaml").write_text(CHANGES)
    for target in targets:
        files = ["--configfile", "small.yaml", "change.yaml"]
        done = snakemake(project, target, "--cores", "2", *files)
        assert done.returncode == 0, done.stdout[-5000:]
    return project / "results" / "small"


@pytest.fixture(scope="module")
def from_nothing(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    project = prepared(tmp_path_factory.mktemp("nothing"))
    (project / "small.yaml").write_text((finished / "small.yaml").read_text())
    (project / "museum/small.weights.h5").write_bytes(
        (finished / "museum/small.weights.h5").read_bytes()
    )
    return changed(project, "archive")


@pytest.mark.full
def test_rerun_in_the_finished_study(finished, from_nothing, tmp_path):
    results = changed(copied(finished, tmp_path / "small"), "archive")
    assert same_files(from_nothing, results, SAME) == []


@pytest.mark.full
def test_rerun_in_an_unpacked_archive(finished, from_nothing, tmp_path):
    archive = tmp_path / "small.tar"
    packed = command(finished, "pack", "results/small", archive, "--checkpoints", "parents")
    assert packed.returncode == 0, packed.stderr
    results = changed(clone(finished, tmp_path / "clone", archive), "shared", "archive")
    assert same_files(from_nothing, results, SAME) == []
