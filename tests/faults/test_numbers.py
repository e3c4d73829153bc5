"""Broken and edited tables, features and losses: the job stops and says so; no number of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.files import read_json
from art_transfer.formats import (
    PREDICTIONS,
    SPLITS,
    read_csv,
    read_parquet,
    write_csv,
    write_parquet,
)
from art_transfer.prepare.splits import checked_split
from art_transfer.report.runs import read_baselines, read_histories, read_runs
from test_report_runs import RUN, write_run

# Fixes TensorFlow's threads, which must be before any test of this process, of any file, computes.
from training_data import (
    CHECKPOINT,
    RANDOM,
    architecture,
    museum,
    normal,
    split_table,
    training,
)

from .conftest import WrongError


def table_of(results: Path, split: Path) -> None:
    """What the jobs of tables and curves read of a run."""
    read_runs([RUN], results, [split])
    read_histories([RUN], results)
    read_baselines([RUN], results)


def set_cell(column: str, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{column: [value, *table[column].iloc[1:]]})

    return change


PREDICTED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "an object twice": lambda t: pd.concat([t, t.iloc[:1]]),
    "an object twice for another": lambda t: pd.concat([t.iloc[:-1], t.iloc[:1]]),
    "an object missing": lambda t: t.iloc[1:],
    "no object": lambda t: t.iloc[:0],
    "an object more": lambda t: pd.concat([t, t.iloc[:1].assign(object_id="stranger")]),
    "an object of the train split": set_cell("object_id", "1-0014"),
    "another object": set_cell("object_id", "stranger"),
    "another case of an id": set_cell("object_id", "1-0000 "),
    "another label": set_cell("label", "class 1"),
    "an unknown label": set_cell("label", "class 9"),
    "another prediction": set_cell("predicted", "class 1"),
    "an unknown prediction": set_cell("predicted", "class 9"),
    "no prediction": set_cell("predicted", None),
    "rank of nobody": set_cell("rank", 0),
    "rank of another": set_cell("rank", 2),
    "a probability that is none": set_cell("probability", np.nan),
    "an infinite probability": set_cell("probability", np.inf),
    "a probability of more than one": set_cell("probability", 1.5),
    "a probability of less than nothing": set_cell("probability", -0.1),
    "all right": lambda t: t.assign(predicted=t["label"], rank=1),
    "labels and predictions shifted": lambda t: t.assign(
        label=[*t["label"].iloc[1:], t["label"].iloc[0]]
    ),
}


@pytest.mark.parametrize("kind", PREDICTED)
def test_tampered_predictions_make_no_table(kind, tmp_path):
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    table_of(tmp_path, split)
    path = tmp_path / RUN.folder / "predictions.parquet"
    write_parquet(path, PREDICTED[kind](read_parquet(path, PREDICTIONS)), PREDICTIONS)
    refused(tmp_path, split, kind)


def refused(results: Path, split: Path, kind: str) -> None:
    try:
        table_of(results, split)
    except StudyError as told:
        assert str(results) in str(told), "the message must name the file"
        return
    raise WrongError(f"{kind}: a table was made")


METRICS: dict[str, Callable[[dict[str, Any]], Any]] = {
    f"{name} is {value!r}": lambda m, n=name, v=value: m["test"].update({n: v})
    for name in ("accuracy", "top5_accuracy", "balanced_accuracy", "macro_f1", "n")
    for value in (0.99, -1, float("nan"), float("inf"), None, "0.8", [0.8])
}
METRICS |= {
    "no test": lambda m: m.pop("test"),
    "no score": lambda m: m["test"].pop("macro_f1"),
    "no epoch": lambda m: m.pop("best_epoch"),
    "an epoch that never was": lambda m: m.update(best_epoch=9),
    "epoch 0": lambda m: m.update(best_epoch=0),
    "validation that is no number": lambda m: m["validation"].update(loss=float("nan")),
    "validation that is a text": lambda m: m["validation"].update(accuracy="high"),
}


@pytest.mark.parametrize("kind", METRICS)
def test_tampered_metrics_make_no_table(kind, tmp_path):
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    path = tmp_path / RUN.folder / "metrics.json"
    metrics = read_json(path)
    METRICS[kind](metrics)
    path.write_text(json.dumps(metrics))
    refused(tmp_path, split, kind)


@pytest.mark.parametrize("name", ["metrics.json", "run.json", "history.csv", "predictions.parquet"])
@pytest.mark.parametrize("kind", ["gone", "empty", "cut", "zeros", "a web page"])
def test_a_broken_file_of_a_run_makes_no_table(name, kind, tmp_path):
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    path = tmp_path / RUN.folder / name
    data = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": data[: len(data) // 2], "zeros": bytes(len(data))}.get(
            kind, b"<html>"
        )
    )
    if kind == "gone":
        path.unlink()
    if (name, kind) == ("history.csv", "cut"):  # the cut is in the row that was tested
        assert b"2,.8,.5" not in path.read_bytes() or b"\n2,.8,.5,.7,.5\n" in path.read_bytes()
    refused(tmp_path, split, kind)


SPLIT = pd.DataFrame(
    [
        (f"{label}{n}", label, part)
        for label in ("clay", "ink")
        for n, part in enumerate(["train"] * 3 + ["validation", "test"])
    ],
    columns=SPLITS,
)


def without(**values: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        mask = pd.Series(True, index=table.index)
        for column, value in values.items():
            mask &= table[column] == value
        return table[~mask]

    return change


EDITED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "class not in train": without(label="clay", split="train"),
    "class not in validation": without(label="clay", split="validation"),
    "class not in test": without(label="clay", split="test"),
    "no test at all": without(split="test"),
    "one class": without(label="clay"),
    "nothing": lambda t: t.iloc[:0],
    "an object twice": lambda t: pd.concat([t, t.iloc[:1]]),
    "an object in two splits": lambda t: pd.concat([t, t.iloc[:1].assign(split="test")]),
    "an unknown split": set_cell("split", "Test"),
    "no split": set_cell("split", ""),
    "no label": set_cell("label", ""),
    "no id": set_cell("object_id", ""),
    "a class of one object": set_cell("label", "new"),
    "test moved to train": lambda t: t.assign(split=t["split"].replace("test", "train")),
    "no column": lambda t: t.rename(columns={"split": "part"}),
}


@pytest.mark.parametrize("kind", EDITED)
def test_an_edited_split_is_not_trained_on(kind, tmp_path):
    path = tmp_path / "seed-1.csv"
    write_csv(path, EDITED[kind](SPLIT))
    with pytest.raises(StudyError, match=r"seed-1\.csv"):
        checked_split(read_csv(path, SPLITS), path)
        raise WrongError(kind)


def test_the_split_is_right_before_it_is_edited(tmp_path):
    write_csv(tmp_path / "s.csv", SPLIT)
    assert checked_split(read_csv(tmp_path / "s.csv", SPLITS), "s.csv").equals(SPLIT)


def test_an_object_moved_after_the_run_makes_no_table(tmp_path):
    """Moved from test to train and back: the run was tested on other objects than the split's."""
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    table = read_csv(split, SPLITS)
    table.loc[table["object_id"] == "1-0000", "split"] = "train"
    write_csv(split, table)
    refused(tmp_path, split, "moved")


FEATURES = ["longer", "shorter", "empty", "cut", "a pickle", "texts", "of one axis", "not finite"]


@pytest.mark.full
@pytest.mark.parametrize("kind", FEATURES)
def test_features_of_another_kind_train_no_head(kind, tmp_path):
    from art_transfer.train.features import read_features

    path, ids = tmp_path / "unit.npy", tmp_path / "unit.ids.csv"
    good = np.ones((4, 3), np.float32)
    np.save(path, good)
    write_csv(ids, pd.DataFrame({"object_id": list("abcd")}))
    assert (read_features(path, ids, ["c"]) == 1).all()
    if kind == "a pickle":
        np.save(path, np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    elif kind in ("empty", "cut"):
        path.write_bytes(b"" if kind == "empty" else path.read_bytes()[:-8])
    else:
        broken = good.copy()
        broken[0, 0] = np.nan
        made = {"longer": np.ones((5, 3)), "shorter": np.ones((3, 3)), "not finite": broken}
        made |= {"texts": np.full((4, 3), "x"), "of one axis": np.ones(4)}
        np.save(path, made[kind])
    with pytest.raises(StudyError, match=r"unit\.npy"):
        read_features(path, ids, list("abcd"))
        raise WrongError(kind)


PIXELS = ["longer", "shorter", "empty", "cut", "a pickle", "floats", "grey"]


@pytest.mark.parametrize("kind", PIXELS)
def test_pixels_of_another_kind_are_not_trained_on(kind, tmp_path):
    from art_transfer.prepare.pixels import PixelStore
    from builders import images_of

    path, tables = tmp_path / "0000.npy", [images_of(dict.fromkeys("abcd", "ok"))]
    np.save(path, np.ones((4, 2, 2, 3), np.uint8))
    assert PixelStore(tables, [path]).object_ids == list("abcd")
    if kind == "a pickle":
        np.save(path, np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    elif kind in ("empty", "cut"):
        path.write_bytes(b"" if kind == "empty" else path.read_bytes()[:-8])
    else:
        count = {"longer": 5, "shorter": 3}.get(kind, 4)
        shape = (count, 2, 2) if kind == "grey" else (count, 2, 2, 3)
        np.save(path, np.ones(shape, np.float64 if kind == "floats" else np.uint8))
    with pytest.raises(StudyError, match=r"0000\.npy"):
        PixelStore(tables, [path])
        raise WrongError(kind)


RATES = [("sgd", 1e30), ("rmsprop", 1e30), ("adam", 1e30)]


@pytest.mark.full
@pytest.mark.parametrize("kind", ["head", "fine_tuning", "float16", "bfloat16"])
@pytest.mark.parametrize(("name", "rate"), RATES)
def test_a_loss_that_explodes_leaves_no_run(kind, name, rate, tmp_path):
    """It may overflow in any epoch; where it never does, all that is left is finite."""
    from art_transfer.settings import Optimizer
    from art_transfer.train.training import fine_tune, train_head

    table = split_table(24, 9, 9)
    precision = kind if kind.endswith("16") else "none"
    method = "head" if kind == "head" else "fine_tuning"
    how = training(
        kind=method,
        optimizer=Optimizer(name, rate, 0.9, False, 0.9, 1e-8, 0.0),
        mixed_precision=precision,
    )
    try:
        if kind == "head":
            done = train_head(how, table, normal(table, 96, 0.5), "")
        else:
            done = fine_tune(how, table, museum(tmp_path, table), "")
    except StudyError as told:
        assert "no longer a number" in str(told) and f"{rate}" in str(told)
        return
    finite = all(np.isfinite(weights).all() for weights in done.model.get_weights())
    if not finite or not np.isfinite(done.tested.predictions["probability"]).all():
        raise WrongError("numbers of a network that has none")


CHECKPOINTS = ["of another network", "of random bytes", "cut", "empty", "a pickle", "a lambda"]


@pytest.mark.full
@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_a_checkpoint_of_another_kind_starts_no_run(kind, tmp_path):
    import pickle

    import keras
    from art_transfer.train.backbones import build, with_head
    from art_transfer.train.run_folder import write_model

    path = tmp_path / "model.keras"
    other = "demo_residual" if kind == "of another network" else "demo_plain"
    write_model(with_head(build(architecture(other), RANDOM, ""), 3, 1), path)
    data = path.read_bytes()
    if kind == "a lambda":
        inputs = keras.Input((32, 32, 3))
        owned = keras.layers.Lambda(lambda x: x)(inputs)
        keras.Model(inputs, owned).save(path)
    elif kind != "of another network":
        made = {"cut": data[: len(data) // 2], "a pickle": pickle.dumps({"a": 1})}
        path.write_bytes({**made, "empty": b"", "of random bytes": bytes(range(256)) * 9}[kind])
    with pytest.raises(StudyError, match=r"model\.keras"):
        build(architecture("demo_plain"), CHECKPOINT, path)


@pytest.mark.full
@pytest.mark.parametrize("classes", [2, 5])
def test_a_checkpoint_of_other_classes_gives_its_body_and_no_head(classes, tmp_path):
    from art_transfer.train.backbones import build, with_head
    from art_transfer.train.run_folder import write_model

    body = build(architecture("demo_plain"), RANDOM, "")
    write_model(with_head(body, classes, 1), tmp_path / "model.keras")
    taken = build(architecture("demo_plain"), CHECKPOINT, tmp_path / "model.keras")
    pairs = zip(taken.get_weights(), build(architecture(), RANDOM, "").get_weights(), strict=True)
    assert all((a == b).all() for a, b in pairs)
    assert with_head(taken, 3, 1).output_shape[-1] == 3
