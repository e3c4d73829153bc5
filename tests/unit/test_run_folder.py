"""What a run leaves behind, and that it is all one needs."""

import hashlib
import io
import json
import os
import time
import zipfile

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.files import read_json
from art_transfer.formats import HISTORY, PREDICTIONS, SPLITS, read_csv, read_parquet, write_csv
from art_transfer.provenance import hashes, write_sha256
from art_transfer.train.evaluation import predictions, scores
from art_transfer.train.run_folder import write_model, write_run
from art_transfer.train.training import fine_tune
from builders import file_of
from PIL import Image
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from training_data import SGD, painted, pixel_store, split_table, training

TABLE = split_table(train=45, validation=15, test=13)
IMAGES = {name: image[:40] for name, image in painted(TABLE, 25, size=50).items()}
HOW = training("demo_residual", scaling="tf", epochs=4)
MACHINE = {"device": {"kind": "cpu"}, "seconds": 1.5, "images_per_second": 9.0}


def trained_in(folder):
    return fine_tune(HOW, TABLE, pixel_store(folder / "pixels", IMAGES), "")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's folder; what it read lies two folders above."""
    folder = tmp_path_factory.mktemp("study")
    write_csv(folder / "split.csv", TABLE, SPLITS)
    trained = trained_in(folder)
    write_sha256(folder / "pixels/0000.npy")
    inputs = hashes([folder / "split.csv", *sorted((folder / "pixels").glob("*.npy"))])
    write_run(folder / "runs/one", trained.model, trained.tested, HOW, inputs, MACHINE, "c0de")
    return folder / "runs/one"


def test_a_run_leaves_the_files_of_the_contract_and_no_other(run):
    assert sorted(path.name for path in run.iterdir()) == [
        "calibration.json",
        "history.csv",
        "labels.json",
        "metrics.json",
        "model.keras",
        "predictions.parquet",
        "preprocessing.json",
        "run.json",
    ]
    history = read_csv(run / "history.csv", HISTORY)
    header = (run / "history.csv").read_text().splitlines()[0]
    assert header == "epoch,loss,accuracy,val_loss,val_accuracy"
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    table = read_parquet(run / "predictions.parquet", PREDICTIONS)
    tested = TABLE[TABLE["split"] == "test"].sort_values("object_id")
    assert table["object_id"].tolist() == tested["object_id"].tolist()
    assert table["label"].tolist() == tested["label"].tolist()
    assert table["probability"].between(1 / 3 - 1e-6, 1).all()
    wanted = {"size": 32, "fit": "stretch", "filter": "nearest", "scaling": "tf", "layer": "last"}
    assert read_json(run / "preprocessing.json") == wanted
    assert read_json(run / "labels.json") == ["class 0", "class 1", "class 2"]


def test_the_three_files_beside_each_other_are_all_that_a_prediction_needs(run):
    model = keras.models.load_model(run / "model.keras", safe_mode=True)
    labels = json.loads((run / "labels.json").read_text())
    todo = json.loads((run / "preprocessing.json").read_text())
    table = pd.read_parquet(run / "predictions.parquet").set_index("object_id")
    assert table["predicted"].nunique() == 3
    for object_id, row in table.iterrows():
        image = Image.open(io.BytesIO(file_of(IMAGES[object_id])))
        assert image.size == (50, 40) and todo["fit"] == "stretch"
        side = image.resize((todo["size"],) * 2, Image.Resampling[todo["filter"].upper()])
        pixels = np.asarray(side, np.float32)[None]
        scaled = keras.applications.imagenet_utils.preprocess_input(pixels, mode=todo["scaling"])
        probability = model.predict_on_batch(scaled)[0]
        assert labels[probability.argmax()] == row["predicted"]
        assert probability.max() == pytest.approx(row["probability"], rel=1e-4)
        rank = 1 + (probability > probability[labels.index(row["label"])]).sum()
        assert rank == row["rank"]


def test_the_checkpoint_holds_no_optimiser(run):
    assert getattr(keras.models.load_model(run / "model.keras"), "optimizer", None) is None
    with zipfile.ZipFile(run / "model.keras") as archive:
        assert not json.loads(archive.read("config.json")).get("compile_config")
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            assert "optimizer" not in file and "layers" in file


def test_the_same_run_again_is_the_same_bytes_though_time_has_passed(run, tmp_path):
    again = trained_in(tmp_path)
    time.sleep(1.1)  # Keras would write the second of saving
    write_run(tmp_path / "again", again.model, again.tested, HOW, {}, MACHINE, "c0de")
    for path in run.iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    again.model.layers[-1].bias.assign_add([0, 0, 1e-6])
    write_model(again.model, tmp_path / "other.keras")
    assert (tmp_path / "other.keras").read_bytes() != (run / "model.keras").read_bytes()


def test_a_noted_hash_is_of_the_file_as_it_is(tmp_path):
    path = tmp_path / "0000.npy"
    path.write_bytes(b"one")
    write_sha256(path)
    before = path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=(before + 10**9, before + 10**9))
    assert hashes([path]) == {str(path): hashlib.sha256(b"two").hexdigest()}


def test_run_json_leads_back_to_what_the_run_read_and_was_told(run):
    record = read_json(run / "run.json")
    study = run.parents[1]
    read = [study / "split.csv", study / "pixels/0000.npy", study / "pixels/0001.npy"]
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in read}
    assert record["inputs"] == digests
    assert record["code"] == "c0de" and record["seconds"] == 1.5
    assert record["run"]["backbone"] == "demo_residual" and record["run"]["seed"] == 1
    method = record["settings"]["method"]
    assert method["epochs"] == 4 and method["optimizer"]["learning_rate"] == SGD.learning_rate
    assert record["settings"]["threads"] == 1 and record["settings"]["scaling"] == "tf"
    model = keras.models.load_model(run / "model.keras")
    assert record["parameters"] == sum(int(np.prod(w.shape)) for w in model.get_weights())
    assert record["features"] == model.get_layer("head").kernel.shape[0]


def test_metrics_are_those_of_the_predictions_and_of_the_best_epoch(run):
    found = read_json(run / "metrics.json")
    table = pd.read_parquet(run / "predictions.parquet")
    truth, predicted = table["label"], table["predicted"]
    assert found["test"] == {
        "accuracy": pytest.approx(accuracy_score(truth, predicted)),
        "top5_accuracy": 1.0,  # of three classes
        "balanced_accuracy": pytest.approx(balanced_accuracy_score(truth, predicted)),
        "macro_f1": pytest.approx(f1_score(truth, predicted, average="macro")),
        "n": 13,
    }
    history = pd.read_csv(run / "history.csv").set_index("epoch")
    best = history.loc[history["val_loss"].idxmin()]
    assert found["best_epoch"] == best.name and found["epochs"] == 4
    assert found["train"] == {"accuracy": pytest.approx(best["accuracy"]), "n": 45}
    wanted = {"accuracy": best["val_accuracy"], "loss": best["val_loss"], "n": 15}
    assert found["validation"] == pytest.approx(wanted)


SEVEN = list("abcdefg")


@pytest.mark.filterwarnings("ignore::UserWarning")  # one object has not all classes
@pytest.mark.parametrize(
    ("label", "probability", "rank", "predicted"),
    [
        ("c", [0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1], 1, "c"),
        ("a", [0.02, 0.3, 0.2, 0.16, 0.14, 0.1, 0.08], 7, "b"),
        ("f", [0.3, 0.02, 0.2, 0.16, 0.14, 0.1, 0.08], 5, "a"),
        ("g", [0.3, 0.02, 0.2, 0.16, 0.14, 0.1, 0.08], 6, "a"),
        # of equally likely classes the first is predicted; another truth is behind its equals
        ("a", [1 / 7] * 7, 1, "a"),
        ("e", [1 / 7] * 7, 7, "a"),
        ("b", [0, 0, 0, 0, 0, 0, 1], 7, "g"),
        ("d", [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1], 1, "d"),
        ("e", [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1], 3, "d"),
        ("g", [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1], 7, "d"),
    ],
)
def test_the_rank_of_the_true_class(label, probability, rank, predicted):
    table = predictions(["one"], [label], SEVEN, np.array([probability], np.float32))
    row = table.iloc[0]
    assert (row["rank"], row["predicted"]) == (rank, predicted)
    assert row["probability"] == np.float32(max(probability))
    assert scores(table)["top5_accuracy"] == (rank <= 5)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_scores_by_hand_and_predictions_sorted_by_id():
    probability = np.eye(7, dtype=np.float32)[[0, 0, 1, 6]]  # says a, a, b and g
    table = predictions(["z", "y", "x", "w"], ["a", "a", "a", "b"], SEVEN, probability)
    assert table["object_id"].tolist() == ["w", "x", "y", "z"]
    assert table["predicted"].tolist() == ["g", "b", "a", "a"]
    assert table["rank"].tolist() == [7, 7, 1, 1]
    found = scores(table)
    assert found["accuracy"] == 0.5 and found["n"] == 4 and found["top5_accuracy"] == 0.5
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["macro_f1"] == pytest.approx((0.8 + 0) / 2)  # over the classes there are
