"""What a trained network is worth: its predictions on the test split, and scores of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from art_transfer.train.calibration import fit_calibration


@dataclass(frozen=True)
class Tested:
    """What is left of a finished run beside its network."""

    history: pd.DataFrame
    predictions: pd.DataFrame
    metrics: dict[str, object]
    calibration: dict[str, object]
    classes: list[str]
    images: int  # how many passed through what was trained


def tested(
    split: pd.DataFrame,
    probability: Mapping[str, NDArray[np.float32]],
    history: pd.DataFrame,
    best: int,
    epochs: int,
) -> Tested:
    """Score what was chosen in epoch ``best`` of a ``history`` on every test object.

    ``split`` (formats.SPLITS) in the order of its objects; ``probability`` has an array
    (n, classes) of its test and one of its validation objects, the classes in alphabetical order;
    ``epochs`` is how many of the history the job itself has trained.
    """
    classes, count = sorted(split["label"].unique()), Counter(split["split"])
    test, validation = (split[split["split"] == name] for name in ("test", "validation"))
    ids, labels = test["object_id"].tolist(), test["label"].tolist()
    table = predictions(ids, labels, classes, probability["test"])
    truth = pd.Index(classes).get_indexer(pd.Index(validation["label"])).astype(np.int64)
    per_epoch = count["train"] + count["validation"]
    return Tested(
        history=history,
        predictions=table,
        metrics=metrics(table, history, best, count),
        calibration=fit_calibration(probability["validation"], truth),
        classes=classes,
        images=per_epoch * epochs + count["test"],
    )


def predictions(
    object_ids: list[str], labels: list[str], classes: list[str], probability: NDArray[np.float32]
) -> pd.DataFrame:
    """One row per object with the columns of ``formats.PREDICTIONS``, sorted by id.

    ``probability`` is (n, classes). Of equally likely classes the earlier one is predicted. The
    rank of the true class counts from 1; if it was not predicted, it ranks behind its equals:
    neighbours and trees give most classes nothing, whose names must not decide who is among five.
    """
    truth = np.array([classes.index(label) for label in labels])[:, None]
    first = np.argmax(probability, axis=1, keepdims=True)
    rank = (probability >= np.take_along_axis(probability, truth, axis=1)).sum(axis=1)
    table = pd.DataFrame(
        {
            "object_id": object_ids,
            "label": labels,
            "predicted": np.array(classes, dtype=object)[first[:, 0]],
            "probability": np.take_along_axis(probability, first, axis=1)[:, 0],
            "rank": np.where(first == truth, 1, rank[:, None])[:, 0],
        }
    )
    return table.sort_values("object_id", ignore_index=True)


def scores(table: pd.DataFrame) -> dict[str, Any]:
    """Scores of predictions, each 0-1, and how many objects they are of."""
    truth, predicted = table["label"], table["predicted"]
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "top5_accuracy": float((table["rank"] <= 5).mean()),
        "balanced_accuracy": float(balanced_accuracy_score(truth, predicted)),
        "macro_f1": float(
            f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0)
        ),
        "n": len(table),
    }


def metrics(
    table: pd.DataFrame, history: pd.DataFrame, best: int, count: Mapping[str, int]
) -> dict[str, Any]:
    """The contents of ``metrics.json``.

    ``table`` are the predictions, ``best`` is the chosen epoch, and ``count`` how many objects
    ``train`` and ``validation`` have.
    """
    chosen = history[history["epoch"] == best].iloc[0].to_dict()
    return {
        "test": scores(table),
        "validation": {
            "accuracy": chosen["val_accuracy"],
            "loss": chosen["val_loss"],
            "n": count["validation"],
        },
        "train": {"accuracy": chosen["accuracy"], "n": count["train"]},
        "best_epoch": best,
        "epochs": int(history["epoch"].max()),
    }
