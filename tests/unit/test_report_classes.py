"""Counts by class, class size, probability and confusion: by hand, and as scikit-learn has them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from art_transfer.report.class_tables import calibration_table, scores_table, sizes_table
from art_transfer.report.classes import (
    CALIBRATION,
    CLASS_SIZES,
    CLASSES,
    CONFUSIONS,
    calibration,
    class_scores,
    class_sizes,
    confusions,
    largest,
    per_class,
    train_objects,
)
from art_transfer.report.grid import markdown
from art_transfer.report.runs import CELL, OTHERS, SCORES, read_runs
from art_transfer.settings import Run
from builders import used
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from test_report_runs import RUN, write_run

NAMES = ["a", "b", "c", "$d$", OTHERS]
CELL_OF = dict(zip(CELL, ["museum", "artist", "vgg19", "imagenet", "fine_tuning"], strict=True))


def predicted(pairs, probability=0.5) -> pd.DataFrame:
    """Predictions of (true, predicted) pairs."""
    table = pd.DataFrame(pairs, columns=["label", "predicted"])
    return table.assign(probability=probability, right=table["label"] == table["predicted"])


def test_recall_precision_and_f1_by_hand():
    pairs = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("c", "b")]
    train = pd.Series({"c": 2.0, "a": 20.0, "b": 10.0, "never": 5.0})
    table = class_scores(predicted(pairs), train).set_index("class")
    assert list(table.index) == ["a", "b", "never", "c"], "the largest first"
    assert table.loc["a"].tolist() == pytest.approx([20, 3, 2, 3, 2 / 3, 2 / 3, 2 / 3])
    assert table.loc["b"].tolist() == [10, 1, 0, 2, 0, 0, 0]
    assert table.loc["c", ["recall", "f1"]].tolist() == [0, 0]
    assert np.isnan(table.loc["c", "precision"]), "it is never predicted"
    assert table.loc["never", ["recall", "precision", "f1"]].isna().all()


pairs_of_names = st.lists(st.tuples(*[st.sampled_from(NAMES)] * 2), min_size=1, max_size=60)


@given(pairs_of_names)
def test_scores_are_those_of_scikit_learn(pairs):
    found = predicted(pairs)
    table = class_scores(found, pd.Series(1.0, NAMES)).set_index("class").loc[NAMES]
    precision, recall, f1, support = precision_recall_fscore_support(
        found["label"], found["predicted"], labels=NAMES, zero_division=np.nan
    )
    assert table["test"].tolist() == support.tolist()
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    occurs = (table["test"] + table["predicted"] > 0).to_numpy()
    np.testing.assert_allclose(table["f1"][occurs], f1[occurs])


@pytest.mark.filterwarnings("ignore:A single label")
@given(pairs_of_names, st.lists(st.sampled_from(NAMES), unique=True))
def test_confusions_are_those_of_scikit_learn(pairs, classes):
    shown = [name for name in classes if name != OTHERS]
    table = confusions(predicted(pairs), shown)
    names = [*shown, OTHERS]
    merged = [[name if name in shown else OTHERS for name in pair] for pair in pairs]
    matrix = confusion_matrix(*zip(*merged, strict=True), labels=names)
    counts = table.set_index(["label", "predicted"])["n"]
    expected = {(names[row], names[column]): n for (row, column), n in np.ndenumerate(matrix) if n}
    assert counts.to_dict() == expected
    assert list(table["label"]) == sorted(table["label"], key=names.index), "the largest first"


def test_the_largest_classes_are_in_one_order_and_never_called_as_the_rest():
    train = pd.Series({"b": 5.0, "a": 5.0, OTHERS: 9.0, "c": 7.0, "d": 1.0})
    assert largest(train, 3) == ["c", "a", "b"]


def test_accuracy_by_class_size_by_hand():
    sizes = {"big": 900.0, "ten": 10.0, "nine": 9.0, "five": 5.0, "four": 4.0}
    pairs = [("big", "big")] * 8 + [("big", "ten")] * 2
    pairs += [("ten", "ten"), ("nine", "ten"), ("five", "five"), ("four", "big")]
    classes = class_scores(predicted(pairs), pd.Series(sizes)).assign(**CELL_OF)
    table = class_sizes(classes)
    assert list(table) == CLASS_SIZES
    rows = table.set_index("at_least")
    assert rows.index.tolist() == [0, 5, 10, 500], "bins without test objects are left out"
    assert rows["below"].tolist() == [5, 10, 20, np.inf]
    assert rows["classes"].tolist() == [1, 2, 1, 1]
    assert rows["n"].tolist() == [1, 2, 1, 10]
    assert rows["accuracy"].tolist() == [0, 0.5, 1, 0.8]
    assert rows.loc[5, "train"] == 7
    # Wilson (1927) for 8 of 10: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert rows.loc[500, ["low", "high"]].tolist() == pytest.approx([0.490162, 0.943318], abs=1e-6)
    assert rows["share_of_objects"].tolist() == pytest.approx([1 / 14, 2 / 14, 1 / 14, 10 / 14])
    assert rows["share_of_errors"].tolist() == pytest.approx([1 / 4, 1 / 4, 0, 2 / 4])


def test_without_errors_no_bin_has_a_share_of_them():
    classes = class_scores(predicted([("a", "a")]), pd.Series({"a": 3.0})).assign(**CELL_OF)
    assert class_sizes(classes)["share_of_errors"].isna().all()


def test_calibration_by_hand():
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("b", "a")]
    probability = np.float32([0.55, 0.6, 0.9, 1.0, 0.05])
    table = calibration(predicted(pairs, probability)).set_index("up_to")
    assert table.index.tolist() == pytest.approx([0.1, 0.6, 0.9, 1.0])
    assert table["over"].tolist() == pytest.approx([0, 0.5, 0.8, 0.9])
    assert table["n"].tolist() == [1, 2, 1, 1]
    assert table["probability"].tolist() == pytest.approx([0.05, 0.575, 0.9, 1.0])
    assert table["accuracy"].tolist() == [0, 0.5, 1, 1]
    by_hand = (1 * 0.05 + 2 * 0.075 + 1 * 0.1 + 0) / 5
    assert table["ece"].tolist() == pytest.approx([by_hand] * 4)


def study(tmp_path):
    """Two cells of two seeds each, as settings name them, and their splits."""
    head = Run("museum", "type", "vgg19", "imagenet", "off_the_shelf", 1)
    runs = [RUN, Run(*[getattr(RUN, name) for name in CELL], 2), head]
    right = ([True] * 8 + [False] * 2, [True] * 9 + [False], [True] * 5 + [False] * 5)
    return {run: used(write_run(tmp_path, run, ok)) for run, ok in zip(runs, right, strict=True)}


def test_seeds_are_pooled_and_cells_are_not(tmp_path):
    runs = study(tmp_path)
    classes, bins, pairs = per_class(runs, tmp_path)
    assert (list(classes), list(bins), list(pairs)) == (CLASSES, CALIBRATION, CONFUSIONS)
    sums = classes.groupby("method", sort=False)[["train", "test", "right", "predicted"]].sum()
    assert sums.loc["fine_tuning"].tolist() == [6, 20, 17, 20]
    assert sums.loc["off_the_shelf"].tolist() == [6, 10, 5, 10]
    tuned = classes[classes["method"] == "fine_tuning"].set_index("class")
    assert tuned["recall"].tolist() == pytest.approx([9 / 10, 8 / 10])
    assert bins["n"].tolist() == [20, 10]
    assert bins["ece"].tolist() == pytest.approx([0.85 - 0.75, 0.75 - 0.5])
    right = pairs[pairs["label"] == pairs["predicted"]]
    assert right.groupby("method", sort=False)["n"].sum().tolist() == [17, 5]


def test_a_class_is_as_large_as_in_the_splits_that_have_it():
    tables = [
        pd.DataFrame({"label": labels, "split": "train"})
        for labels in (["a", "a", "b"], ["a", "a", "a", "a"])
    ]
    assert train_objects(tables).to_dict() == {"a": 3, "b": 1}


def test_a_class_is_as_large_as_what_a_run_was_trained_on(tmp_path):
    few = {run: replace(split, share=0.5) for run, split in study(tmp_path).items()}
    classes, _, _ = per_class(few, tmp_path)
    assert classes.groupby("method")["train"].sum().to_dict() == {
        "fine_tuning": 4,  # half of three of a class, rounded, in each of two
        "off_the_shelf": 4,
    }


def test_every_score_can_be_read_in_a_table(tmp_path):
    runs = study(tmp_path)
    table = read_runs(runs, tmp_path, [split.path for split in runs.values()])
    for number, name in enumerate(SCORES):
        table[name] = 0.1 * (number + 1)
    text = markdown(scores_table(table, {"museum": "Museum"}, {"vgg19": "VGG19"}))
    for title in ("accuracy", "top-5 accuracy", "balanced accuracy", "macro F1"):
        assert title in text
    row = next(line for line in text.splitlines() if "off the shelf" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:] == [
        "VGG19",
        "imagenet + off the shelf",
        *["10.00", "20.00", "30.00", "40.00", "10"],
    ]
    assert "Mean ± standard deviation over 2 seeds" in text


def test_tables_say_what_is_rare_and_how_sure_a_network_is(tmp_path):
    runs = study(tmp_path)
    classes, bins, _ = per_class(runs, tmp_path)
    titles, networks = {"museum": "Museum"}, {"vgg19": "VGG19"}
    text = markdown(sizes_table(class_sizes(classes), titles, networks))
    header, _, counts, tuned, counted_anew, head = [
        line for line in text.splitlines() if line.startswith("|")
    ]
    assert "under 5" in header and "in classes under 50" in header
    assert "20 (2)" in counts and "100.0 % of objects" in counts
    assert "85.0 (64.0–94.8)" in tuned and "100.0 % of errors" in tuned
    assert "10 (2)" in counted_anew, "the head has one seed, and so half of the objects"
    assert "50.0 (23.7–76.3)" in head
    text = markdown(calibration_table(bins, titles, networks))
    assert "−10.00" in text and "+25.00" in text
