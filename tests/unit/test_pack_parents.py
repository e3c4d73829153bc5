"""`make pack CHECKPOINTS=parents` packs every network that a run comes from, and no other."""

import gzip
from pathlib import Path

import pytest
from art_transfer.archive.manifest import write_manifest
from art_transfer.archive.pack import pack, unpack
from art_transfer.checks import load_study
from art_transfer.errors import StudyError
from art_transfer.files import write_json, write_text, write_yaml
from builders import small_config

TUNED = {
    "kind": "fine_tuning",
    "preprocessing": "unit",
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}
OF_PHOTOS = {"collection": "photos", "init": "random", "method": "fine_tuning", "task": "type"}
CHANGES = {
    "backbones": {"demo_residual": {"size": 32}},
    "collections__photos__tasks": ["type", "material"],
    "methods__probe": {"kind": "classifier", "classifier": "k_nearest", "preprocessing": "unit"},
    "methods__longer": TUNED | {"epochs": 3},
    "methods__last": TUNED | {"epochs": 4},
    "methods__both": TUNED | {"kind": "multitask", "loss_weights": {"material": 1, "type": 1}},
    "inits": {
        "random": {"random": "he_uniform"},
        "read": OF_PHOTOS,  # by a classifier alone
        "tuned": OF_PHOTOS | {"method": "longer"},
        "measured": OF_PHOTOS | {"method": "last", "seed": 1},
        "again": {"init": "measured", "batch_norm": "reestimated", "preprocessing": "unit"},
        "joined": {"collection": "photos", "init": "random", "method": "both"},
    },
}
EXPERIMENT = {
    "collections": ["museum"],
    "tasks": ["material", "type"],
    "backbones": ["demo_residual"],
}


def made(folder: Path, inits: list[str], methods: list[str]) -> Path:
    """A sealed study that has these runs, each with a stand-in for its network."""
    experiments = {"table": EXPERIMENT | {"inits": inits, "methods": methods}}
    study, loaded = load_study(small_config(**CHANGES, experiments=experiments), folder)
    results = folder / study.results
    for run in [*study.runs, *study.joint_runs]:
        kind = study.settings.methods[run.method].kind
        # What a run read by way of features or of other statistics stands in no run.json.
        about = {"settings": {"method": {"kind": kind}}, "inputs": {}}
        write_json(results / run.folder / "run.json", about)
        if kind != "classifier":
            write_text(results / run.folder / "model.keras", run.folder)
    write_yaml(results / "run_config.yaml", loaded)
    (results / "records.jsonl.gz").write_bytes(gzip.compress(b""))
    write_manifest(results)
    return results


PHOTOS = "photos/type/demo_residual/random"
JOINT = "demo_residual/random/both/seed-1"


@pytest.mark.parametrize(
    ("inits", "methods", "kept"),
    [
        (["random"], ["probe", "fine_tuning"], set()),
        (["random", "read"], ["probe"], {f"runs/{PHOTOS}/fine_tuning/seed-1"}),
        (["random", "again"], ["probe"], {f"runs/{PHOTOS}/last/seed-1"}),
        (["random", "tuned"], ["longer"], {f"runs/{PHOTOS}/longer/seed-1"}),
        (["random"], ["both"], {f"joint/museum/{JOINT}"}),
        (
            ["joined"],
            ["fine_tuning"],
            {
                f"joint/photos/{JOINT}",
                f"runs/photos/material/{JOINT}",
                f"runs/photos/type/{JOINT}",
            },
        ),
        (
            ["joined"],
            ["both"],
            {f"joint/photos/{JOINT}", "joint/museum/demo_residual/joined/both/seed-1"},
        ),
    ],
)
def test_the_networks_that_runs_come_from_are_packed(inits, methods, kept, tmp_path):
    results = made(tmp_path / "here", inits, methods)
    pack(results, tmp_path / "small.tar", "parents")
    (tmp_path / "there").mkdir()
    unpacked = unpack(tmp_path / "small.tar", tmp_path / "there")
    found = {path.parent.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.keras")}
    assert found == kept


def test_a_parent_that_is_missing_is_named(tmp_path):
    results = made(tmp_path, ["read"], ["probe"])
    lost = f"runs/{PHOTOS}/fine_tuning/seed-1/model.keras"
    (results / lost).unlink()
    with pytest.raises(
        StudyError, match=f"1 of the checkpoints to pack are missing, such as {lost}"
    ):
        pack(results, tmp_path / "small.tar", "parents")
    assert not (tmp_path / "small.tar").exists()


def test_a_config_of_another_version_is_named_with_what_to_do(tmp_path):
    results = made(tmp_path, ["read"], ["probe"])
    with (results / "run_config.yaml").open("a") as stream:
        stream.write("colour: red\n")
    write_manifest(results)
    with pytest.raises(StudyError, match=r"run_config\.yaml: .*CHECKPOINTS=all.*\n.*`colour`"):
        pack(results, tmp_path / "small.tar", "parents")
    assert pack(results, tmp_path / "small.tar", "all")
