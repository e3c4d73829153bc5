"""A study that starts from networks which others trained and published as whole files."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from builders import small_config
from keras_2_files import blob_hash, trained, whole, write
from museum_server import NOT_FOUND, MuseumServer, Reply

from .conftest import copy_project, planned, snakemake

NETWORKS = ("demo_plain", "demo_residual")
TASKS = ("type", "artist")
SHORT = {"optimizer": {"name": "sgd", "learning_rate": 0.01}, "epochs": 2}


def file_name(network: str, task: str) -> str:
    return f"/models/{task}/{network}_weights.h5"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the server of those others has: a network for each task."""
    path, found = tmp_path_factory.mktemp("files") / "weights.h5", {}
    for network in NETWORKS:
        for seed, task in enumerate(TASKS):
            model = trained(network, seed)
            small = [w * 0.02 for w in model.get_weights()]  # else features of this depth overflow
            model.set_weights(small)
            write(whole(model, classes=7 + seed), path)
            found[file_name(network, task)] = path.read_bytes()
    return found


def config(address: str, files: dict[str, bytes]) -> dict[str, object]:
    """A small study on one museum, with its table."""
    study = small_config(inits__files=None, tasks__artist={"field": "creators"})
    museum = {"source": "synthetic", "objects": 120, "tasks": list(TASKS)}
    study["collections"] = {
        "museum": {**museum, "museum": "small_museum"},
        "other": {**museum, "museum": "large_museum"},
    }
    study["backbones"]["demo_residual"] = {"size": 32}
    study["methods"] = {name: {**block, **SHORT} for name, block in study["methods"].items()}
    weights = {
        network: {
            "expects": "unit",
            "layout": "keras_2_1",
            "tasks": {
                task: {
                    "address": address + file_name(network, task),
                    "hash": f"git:{blob_hash(files[file_name(network, task)])}",
                }
                for task in TASKS
            },
        }
        for network in NETWORKS
    }
    study["inits"] = {"theirs": {"saw": ["other"], "weights": weights}}
    table = {"tasks": list(TASKS), "backbones": list(NETWORKS), "inits": ["theirs"]}
    study["experiments"]["table"] |= table
    return study


def test_a_study_from_published_networks_runs_and_is_refused_where_they_were_trained(
    files, tmp_path
):
    project = copy_project(tmp_path / "project")
    with MuseumServer(lambda path, query: NOT_FOUND) as server:
        server.answer = lambda path, query: (
            Reply(files[path], type="application/octet-stream") if path in files else NOT_FOUND
        )
        study = config(server.address, files)
        (project / "config" / "small.yaml").write_text(yaml.safe_dump(study))
        given = ["--configfile", "config/small.yaml"]
        fetched = snakemake(project, "fetch", "--cores", "2", *given)
        assert fetched.returncode == 0, fetched.stdout[-3000:]
        assert sorted(server.asked) == sorted(files)
    # from here on there is no network
    for network in NETWORKS:
        for task in TASKS:
            path = project / f"resources/weights/theirs-{network}-{task}.h5"
            assert path.read_bytes() == files[file_name(network, task)]
    done = snakemake(project, "tables", "--cores", "2", *given)
    assert done.returncode == 0, done.stdout[-3000:]
    assert planned(snakemake(project, "-n", "tables", *given).stdout) == {}
    table = pd.read_csv(project / "results/small/tables/table.csv")
    assert len(table) == 8 and table["accuracy"].between(0, 1).all()
    features = project / "results/small/features/museum/demo_plain/theirs"
    type_, artist = (np.load(features / task / "seed-1/unit.npy") for task in TASKS)
    assert type_.shape == artist.shape == (120, 96) and not np.allclose(type_, artist)
    folder = project / "results/small/runs/museum/artist/demo_residual/theirs/fine_tuning/seed-1"
    inputs = json.loads((folder / "run.json").read_text())["inputs"]
    assert "resources/weights/theirs-demo_residual-artist.h5" in inputs

    study["experiments"]["table"]["collections"].append("other")
    (project / "config" / "small.yaml").write_text(yaml.safe_dump(study))
    refused = snakemake(project, "-n", *given)
    assert refused.returncode != 0 and "Traceback" not in refused.stdout
    assert "weights that have seen other, as `inits.theirs.saw` says" in refused.stdout


def test_the_authors_networks_plan_table_3_without_training_on_the_rijksmuseum(project):
    plan = snakemake(project, "-n", "--configfile", "config/beyond/published.yaml")
    assert plan.returncode == 0, plan.stdout[-3000:]
    jobs = planned(plan.stdout)
    assert (jobs["objects"], jobs["head"], jobs["fine_tune"]) == (1, 16, 16)
    assert jobs["weights"] == 4 + 8
    assert "resources/weights/rijksnet-vgg19-artist.h5" in plan.stdout
    assert "results/published/runs/rijksmuseum" not in plan.stdout
    assert "rijksnet-vgg19-material" not in plan.stdout
