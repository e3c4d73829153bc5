"""A run folder is read only if it is whole and was tested on the split's test objects."""

import dataclasses
import shutil
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.files import read_json, sha256, write_json
from art_transfer.formats import PREDICTIONS, SPLITS, read_parquet, write_csv, write_parquet
from art_transfer.report.runs import (
    read_baselines,
    read_histories,
    read_predictions,
    read_runs,
    read_tested,
)
from art_transfer.settings import Run
from art_transfer.train.evaluation import scores

RUN = Run("museum", "type", "vgg19", "imagenet", "fine_tuning", 1)


def write_split(results: Path, run: Run, n: int = 10) -> Path:
    """A split with ``n`` test objects, whose ids say the seed; labels alternate."""
    path = results / f"splits/{run.collection}/{run.task}/seed-{run.seed}.csv"
    names = ["test"] * n + ["validation"] * 2 + ["train"] * 6
    rows = [(f"{run.seed}-{i:04d}", f"class {i % 2}", name) for i, name in enumerate(names)]
    write_csv(path, pd.DataFrame(rows, columns=SPLITS))
    return path


def write_run(results: Path, run: Run, right: list[bool], first: str = "weights", **record) -> Path:
    """A run folder and its split and baselines; the first test objects are right as listed."""
    split = write_split(results, run, len(right))
    folder = results / run.folder
    table = pd.read_csv(split, dtype=str).query("split == 'test'").drop(columns="split")
    other = {"class 0": "class 1", "class 1": "class 0"}
    predicted = [
        label if ok else other[label] for label, ok in zip(table["label"], right, strict=True)
    ]
    table = table.assign(predicted=predicted, probability=0.75, rank=[2 - ok for ok in right])
    write_parquet(folder / "predictions.parquet", table, PREDICTIONS)
    metrics = {
        "test": scores(table),
        "validation": {"accuracy": 0.5, "loss": 0.7, "n": 2},
        "train": {"accuracy": 0.9, "n": 80},
        "best_epoch": 2,
        "epochs": 3,
    }
    write_json(folder / "metrics.json", metrics)
    head = run.method == "off_the_shelf"
    settings = {
        "method": {"kind": "head" if head else "fine_tuning"},
        "architecture": {"network": run.backbone},
        "first": {"kind": first},
        "scaling": "unit",
        "expected_scaling": "unit",
    }
    found = {"run": dataclasses.asdict(run), "parameters": 20_024_384, "features": 512}
    write_json(folder / "run.json", found | {"settings": settings | record})
    history = (
        "epoch,loss,accuracy,val_loss,val_accuracy\n1,1,.3,.9,.4\n2,.8,.5,.7,.5\n3,.7,.9,.8,.6\n"
    )
    (folder / "history.csv").write_text(history)
    baselines = {
        "largest_class": {"accuracy": 0.5, "n": 10},
        "thumbnail": {"accuracy": 0.6, "n": 10},
    }
    write_json(results / f"baselines/{run.collection}/{run.task}/seed-{run.seed}.json", baselines)
    return split


def test_a_row_has_the_scores_and_the_way_back_to_the_folder(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    (row,) = read_runs([RUN, RUN], tmp_path, [split, split]).to_dict("records")
    assert row["accuracy"] == 0.8
    assert (row["n"], row["best_epoch"], row["epochs"]) == (10, 2, 3)
    assert (row["network"], row["kind"], row["first"]) == ("vgg19", "fine_tuning", "weights")
    assert row["run"] == "runs/museum/type/vgg19/imagenet/fine_tuning/seed-1"
    assert row["metrics_sha256"] == sha256(tmp_path / RUN.folder / "metrics.json")
    assert read_predictions(RUN, tmp_path)["right"].sum() == 8


def test_histories_mark_the_epoch_that_was_tested(tmp_path):
    write_run(tmp_path, RUN, [True] * 10)
    histories = read_histories([RUN], tmp_path)
    assert histories.loc[histories["chosen"], ["epoch", "val_accuracy"]].values.tolist() == [
        [2, 0.5]
    ]


def test_baselines_have_one_row_for_each_split(tmp_path):
    write_run(tmp_path, RUN, [True] * 10)
    (row,) = read_baselines([RUN, RUN], tmp_path).to_dict("records")
    assert (row["largest_class"], row["thumbnail"]) == (0.5, 0.6)


def refused(results: Path, split: Path, message: str) -> None:
    with pytest.raises(StudyError, match=message) as caught:
        read_runs([RUN], results, [split])
    assert str(results) in str(caught.value), "the message must name the file"


def test_a_run_that_was_tested_on_another_split_is_refused(tmp_path):
    write_run(tmp_path, RUN, [True] * 10)
    other = write_split(tmp_path, dataclasses.replace(RUN, seed=2))
    refused(tmp_path, other, r"10 of its 10 objects are missing \('2-0000'.* 10 do not belong")


def test_an_object_left_out_is_named(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 9)
    split = write_split(tmp_path, RUN, 10)
    refused(tmp_path, split, r"1 of its 10 objects are missing \('1-0009'\) and 0 do not")


def test_an_object_tested_twice_is_named(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 10)
    path = tmp_path / RUN.folder / "predictions.parquet"
    table = read_parquet(path, PREDICTIONS)
    write_parquet(path, pd.concat([table, table[3:4]]), PREDICTIONS)
    refused(tmp_path, split, "'1-0003' occur more than once")


def test_another_label_than_the_split_s_is_named(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 10)
    path = tmp_path / RUN.folder / "predictions.parquet"
    table = read_parquet(path, PREDICTIONS)
    table.loc[4, "label"] = "class 1"
    write_parquet(path, table, PREDICTIONS)
    refused(tmp_path, split, "labels of 1 objects .* '1-0004': 'class 1' instead of 'class 0'")


def test_an_accuracy_that_is_not_that_of_the_predictions_is_refused(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 8 + [False] * 2)
    path = tmp_path / RUN.folder / "metrics.json"
    metrics = read_json(path)
    metrics["test"]["accuracy"] = 0.9
    write_json(path, metrics)
    refused(tmp_path, split, r"metrics.json: test.accuracy is 0.9, but the predictions .* give 0.8")


def test_a_copied_folder_is_refused(tmp_path):
    other = dataclasses.replace(RUN, init="rijksnet")
    split = write_run(tmp_path, other, [True] * 10)
    shutil.copytree(tmp_path / other.folder, tmp_path / RUN.folder)
    refused(tmp_path, split, "record of another run: .*rijksnet")


@pytest.mark.parametrize("name", ["metrics.json", "run.json", "predictions.parquet"])
def test_a_missing_or_truncated_file_is_named(tmp_path, name):
    split = write_run(tmp_path, RUN, [True] * 10)
    path = tmp_path / RUN.folder / name
    path.write_bytes(path.read_bytes()[:40])
    refused(tmp_path, split, f"{name}: this file cannot be read")
    path.unlink()
    refused(tmp_path, split, f"{name}: this file is missing")


def test_a_missing_folder_is_named(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 10)
    shutil.rmtree(tmp_path / RUN.folder)
    refused(tmp_path, split, f"{RUN.folder}/metrics.json: this file is missing")


def test_rows_in_another_order_are_the_same_predictions(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 3 + [False] * 7)
    (before,) = read_runs([RUN], tmp_path, [split])["tested"]
    path = tmp_path / RUN.folder / "predictions.parquet"
    write_parquet(path, read_parquet(path, PREDICTIONS)[::-1], PREDICTIONS)
    (after,) = read_runs([RUN], tmp_path, [split])["tested"]
    assert after.right.tolist() == before.right.tolist() == [True] * 3 + [False] * 7
    assert after.objects == before.objects == read_tested(RUN, tmp_path).objects


def test_runs_of_other_objects_are_told_apart(tmp_path):
    other = dataclasses.replace(RUN, seed=2)
    write_run(tmp_path, RUN, [True] * 10)
    write_run(tmp_path, other, [True] * 10)
    assert read_tested(RUN, tmp_path).objects != read_tested(other, tmp_path).objects


def test_a_key_left_out_is_named(tmp_path):
    split = write_run(tmp_path, RUN, [True] * 10)
    path = tmp_path / RUN.folder / "metrics.json"
    write_json(
        path, {name: value for name, value in read_json(path).items() if name != "validation"}
    )
    refused(tmp_path, split, "the key `validation.accuracy` is missing")
