"""How well single classes are told apart, by their size, and how far probabilities can be trusted.

Everything is counted from predictions and splits. The seeds of a cell are pooled: their predictions
count together, and a class is as large as in the mean over the splits that have it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from art_transfer.job_settings import UsedSplit
from art_transfer.prepare.splits import used_split
from art_transfer.report.runs import CELL, OTHERS, read_predictions
from art_transfer.report.statistics import wilson
from art_transfer.settings import Run

SIZES = (0, 5, 10, 20, 50, 100, 500)
"""The fewest training objects of each bin of class sizes; the last bin has no end."""

RARE = 50
"""Classes of fewer training objects are called rare."""

PROBABILITY_BINS = 10

LARGEST = 12
"""How many classes a matrix of confusions shows one by one."""

CLASSES = [*CELL, "class", "train", "test", "right", "predicted", "recall", "precision", "f1"]
"""Columns of ``classes.csv``: ``train`` objects, mean over seeds; ``test`` objects, those that are
``right``, and how often the class is ``predicted``, summed over seeds. Recall is empty for a class
without test objects, precision for one that is never predicted."""

CLASS_SIZES = [
    *[*CELL, "at_least", "below", "train", "classes", "n", "right", "accuracy", "low", "high"],
    *["share_of_objects", "share_of_errors"],
]
"""Columns of ``class_sizes.csv``: a bin of training objects, the mean number of them in its classes
(``train``), how many classes and test objects (``n``) it has, and their accuracy with a 95 % Wilson
interval; which share (0-1) of all test objects and of all errors of the cell is in the bin."""

CALIBRATION = [*CELL, "over", "up_to", "n", "probability", "accuracy", "ece"]
"""Columns of ``calibration.csv``: a bin of the predicted class's probability, its predictions,
their mean probability and accuracy; beside each the cell's expected calibration error (0-1)."""

CONFUSIONS = [*CELL, "label", "predicted", "n"]
"""Columns of ``confusions.csv``; pairs that never occur are left out."""


def per_class(
    runs: Mapping[Run, UsedSplit], results: str | Path
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Count the predictions of runs by class, by probability, and by confusion.

    ``runs`` gives what each run was trained on; ``results`` is the study's folder. Gives three
    tables with the columns CLASSES, CALIBRATION and CONFUSIONS, cells in the runs' order.
    """
    cells: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        cells.setdefault(tuple(getattr(run, name) for name in CELL), []).append(run)
    splits: dict[tuple[UsedSplit, ...], pd.Series] = {}
    found: tuple[list[pd.DataFrame], ...] = ([], [], [])
    for cell, members in cells.items():
        used = tuple(runs[run] for run in members)
        if used not in splits:
            splits[used] = train_objects(map(used_split, used))
        train = splits[used]
        predictions = pd.concat([read_predictions(run, results) for run in members])
        tables = (
            class_scores(predictions, train),
            calibration(predictions),
            confusions(predictions, largest(train)),
        )
        for rows, table in zip(found, tables, strict=True):
            rows.append(table.assign(**dict(zip(CELL, cell, strict=True))))
    columns = (CLASSES, CALIBRATION, CONFUSIONS)
    classes, bins, pairs = (
        pd.concat(rows, ignore_index=True)[names]
        for rows, names in zip(found, columns, strict=True)
    )
    return classes, bins, pairs


def train_objects(splits: Iterable[pd.DataFrame]) -> pd.Series:
    """Training objects by class, the mean over those splits that have the class."""
    counts = [table.loc[table["split"] == "train", "label"].value_counts() for table in splits]
    return pd.concat(counts, axis=1).mean(axis=1)


def class_scores(predictions: pd.DataFrame, train: pd.Series) -> pd.DataFrame:
    """Recall, precision and F1 (0-1) of each class, the largest first: CLASSES without the cell.

    ``predictions`` as ``runs.read_predictions`` gives them, ``train`` as ``train_objects``.
    """
    table = pd.DataFrame(
        {
            "train": train,
            "test": predictions["label"].value_counts(),
            "right": predictions.loc[predictions["right"], "label"].value_counts(),
            "predicted": predictions["predicted"].value_counts(),
        }
    ).fillna(0)
    counts = ["test", "right", "predicted"]
    table[counts] = table[counts].astype(int)
    table["recall"] = table["right"] / table["test"].where(table["test"] > 0)
    table["precision"] = table["right"] / table["predicted"].where(table["predicted"] > 0)
    either = table["test"] + table["predicted"]
    table["f1"] = 2 * table["right"] / either.where(either > 0)
    table = table.rename_axis("class").reset_index()
    return table.sort_values(["train", "class"], ascending=[False, True], ignore_index=True)


def class_sizes(classes: pd.DataFrame) -> pd.DataFrame:
    """Accuracy by class size: the bins of each cell that have test objects; see CLASS_SIZES.

    ``classes`` has the columns CLASSES. The interval takes each prediction for an object of its own
    and speaks of other objects of the same classes.
    """
    ends = [*SIZES[1:], np.inf]
    tested = classes[classes["test"] > 0]
    which = pd.cut(tested["train"], [*SIZES, np.inf], right=False, labels=False)
    table = (
        tested.assign(size=which)
        .groupby([*CELL, "size"], sort=False)
        .agg(
            train=("train", "mean"),
            classes=("class", "size"),
            n=("test", "sum"),
            right=("right", "sum"),
        )
        .reset_index()
    )
    table["at_least"] = [SIZES[number] for number in table["size"]]
    table["below"] = [ends[number] for number in table["size"]]
    table["accuracy"] = table["right"] / table["n"]
    table["low"], table["high"] = wilson(table["right"], table["n"])
    table["wrong"] = table["n"] - table["right"]
    totals = table.groupby(CELL)[["n", "wrong"]].transform("sum")
    table["share_of_objects"] = table["n"] / totals["n"]
    table["share_of_errors"] = table["wrong"] / totals["wrong"].where(totals["wrong"] > 0)
    order = {cell: number for number, cell in enumerate(map(tuple, tested[CELL].to_numpy()))}
    table["cell"] = [order[tuple(cell)] for cell in table[CELL].to_numpy()]
    return table.sort_values(["cell", "at_least"], ignore_index=True)[CLASS_SIZES]


def calibration(predictions: pd.DataFrame) -> pd.DataFrame:
    """Probability and accuracy in bins of equal width that have predictions; see CALIBRATION.

    The expected calibration error is the mean distance of the two over all predictions (Naeini,
    Cooper and Hauskrecht 2015, AAAI; of the predicted class alone as in Guo et al. 2017, ICML). A
    bin holds the probabilities over its first end and up to its second.
    """
    probability = predictions["probability"].astype("float32")  # as written, so that 0.6 is 0.6
    number = np.ceil(probability * PROBABILITY_BINS).clip(1, PROBABILITY_BINS).astype(int)
    table = (
        pd.DataFrame({"bin": number, "p": probability.astype(float), "right": predictions["right"]})
        .groupby("bin")
        .agg(n=("p", "size"), probability=("p", "mean"), accuracy=("right", "mean"))
        .reset_index()
    )
    table["over"] = (table["bin"] - 1) / PROBABILITY_BINS
    table["up_to"] = table["bin"] / PROBABILITY_BINS
    distances = (table["accuracy"] - table["probability"]).abs()
    table["ece"] = (distances * table["n"]).sum() / table["n"].sum()
    return table.drop(columns="bin")


def largest(train: pd.Series, n: int = LARGEST) -> list[str]:
    """The ``n`` classes of the most training objects; of equally large ones the first by name."""
    listed = sorted(train.items(), key=lambda item: (-item[1], item[0]))
    return [str(name) for name, _ in listed if name != OTHERS][:n]


def confusions(predictions: pd.DataFrame, shown: Sequence[str]) -> pd.DataFrame:
    """How often each class is taken for which; all but the ``shown`` classes count as OTHERS.

    A museum's own class of that name is never among those shown (``largest``), so that it counts
    where it belongs. In the order of ``shown``, the rest last.
    """
    order = {name: number for number, name in enumerate([*shown, OTHERS])}
    pairs = pd.DataFrame(
        {
            name: predictions[name].where(predictions[name].isin(shown), OTHERS)
            for name in ("label", "predicted")
        }
    )
    table = pairs.value_counts(sort=False).reset_index(name="n")
    return table.sort_values(["label", "predicted"], key=lambda c: c.map(order), ignore_index=True)
