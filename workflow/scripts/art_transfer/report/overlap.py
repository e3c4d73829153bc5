"""Whether theta-hat gains only on the classes that its own museum has too.

Classes are shared where source and target have one of the same name, without regard to case, in
all three splits. Shared classes may be large ones, and large classes may gain more or less. So the
same is told once more, matched by class size: training objects of the class are put into bins of
doubling size (1, 2-3, 4-7, ...), only bins with shared and unshared test objects count, and each
bin has the same weight in both groups: its share of their test objects together.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from art_transfer.formats import SPLITS, read_csv
from art_transfer.job_settings import Transfer
from art_transfer.prepare.values import key as class_key
from art_transfer.report.grid import THETA, THETA_HAT, Cell, Grid, percent, points
from art_transfer.report.runs import read_predictions
from art_transfer.report.statistics import generator, weighted_mean
from art_transfer.report.tables import words

GROUPS = ("all", "shared", "unshared")

OVERLAP = [
    *["collection", "source", "task", "backbone", "method", "of", "over", "seeds"],
    *["classes", "matched", "number_of_classes", "n", "accuracy_of", "accuracy_over"],
    *["gain", "low", "high", "runs_of", "runs_over"],
]
"""Columns of the table."""


def overlap(transfers: Iterable[Transfer], results: str, seed: int) -> pd.DataFrame:
    """Gains of theta-hat over theta on all, shared and unshared classes; columns: OVERLAP.

    Transfers that differ in the seed alone are pooled. ``of`` and ``over`` are the inits of
    theta-hat and theta; ``n`` counts pairs of predictions; accuracies (0-1) and ``gain`` (-1 to 1)
    are weighted where ``matched``. ``low`` and ``high`` are the 95 % percentile interval of a
    bootstrap over test objects; empty with fewer than two objects.
    """
    pooled: dict[tuple[str, ...], list[Transfer]] = {}
    for one in transfers:
        run = one.of
        key = (run.collection, one.source, run.task, run.backbone, run.method)
        pooled.setdefault((*key, run.init, one.over.init), []).append(one)
    rows = []
    for names, members in pooled.items():
        table = pd.concat([_predictions(one, results) for one in members], ignore_index=True)
        start: dict[str, Any] = dict(zip(OVERLAP[:7], names, strict=True))
        start["seeds"] = len(members)
        for side in ("of", "over"):
            start[f"runs_{side}"] = " ".join(getattr(one, side).folder for one in members)
        for matched in (False, True):
            weighted = table.assign(weight=_matching(table) if matched else 1.0)
            for group in GROUPS[matched:]:
                chosen = weighted[(weighted["shared"] == (group == "shared")) | (group == "all")]
                row = _gain(chosen[chosen["weight"] > 0], f"{seed}/{names}/{group}/{matched}")
                rows.append(start | {"classes": group, "matched": matched} | row)
    return pd.DataFrame(rows, columns=OVERLAP)


def _predictions(one: Transfer, results: str) -> pd.DataFrame:
    """Each test object: object_id, label, of and over (right?), shared, size (in training)."""
    target, source = read_csv(one.split, SPLITS), read_csv(one.source_split, SPLITS)
    known = set(source["label"].map(class_key))
    sizes = target.loc[target["split"] == "train", "label"].value_counts()
    of, over = (read_predictions(run, results) for run in (one.of, one.over))
    both = of[["object_id", "label", "right"]].merge(
        over[["object_id", "right"]],
        on="object_id",
        suffixes=("_of", "_over"),
        validate="one_to_one",
    )
    shared = both["label"].map(class_key).isin(known)
    return both.assign(shared=shared, size=both["label"].map(sizes))


def _matching(table: pd.DataFrame) -> pd.Series:
    """The weight of each prediction, so that shared and unshared have the same class sizes."""
    bins = np.floor(np.log2(table["size"]))
    both = bins.map(table.groupby(bins)["shared"].nunique()) == 2
    of_bin = bins.map(bins.value_counts())
    of_group = table.groupby([bins, "shared"])["size"].transform("size")
    return (of_bin / of_group).where(both, 0.0)


def _gain(table: pd.DataFrame, key: str) -> dict[str, Any]:
    """One row's numbers; objects that several seeds tested are drawn together."""
    row: dict[str, Any] = {"number_of_classes": table["label"].nunique(), "n": len(table)}
    if table.empty:
        return row
    weight = table["weight"].to_numpy()
    for side in ("of", "over"):
        row[f"accuracy_{side}"] = np.average(table[f"right_{side}"], weights=weight)
    difference = table["right_of"].astype(float) - table["right_over"].astype(float)
    per_object = pd.DataFrame({"d": weight * difference, "w": weight}).groupby(table["object_id"])
    sums = per_object.sum()
    gain = weighted_mean(sums["d"].to_numpy(), sums["w"].to_numpy(), generator(key))
    return row | {"gain": gain.value, "low": gain.low, "high": gain.high}


def overlap_table(table: pd.DataFrame, titles: Mapping[str, str]) -> Grid:
    """The same for readers; ``titles`` of the collections."""
    header = ["Collection", "Trained on", "Task", "Network", "Method", "Classes"]
    header += ["number", "n", THETA, THETA_HAT, "gain", "95 % interval"]
    keys = OVERLAP[:7]
    groups = []
    for _, block in table[table["n"] > 0].groupby(keys, sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [titles[row["collection"]], titles[row["source"]]]
            names += [words(row[name]) for name in ("task", "backbone", "method")]
            names.append(f"{row['classes']}, same sizes" if row["matched"] else row["classes"])
            scores = [percent(row["accuracy_over"]), percent(row["accuracy_of"])]
            one = pd.isna(row["low"])
            span = "–" if one else f"{points(row['low'])} to {points(row['high'])}"
            scores += [points(row["gain"]), span]
            texts = [*names, f"{row['number_of_classes']:,}", f"{row['n']:,}", *scores]
            rows.append([Cell(text) for text in texts])
        groups.append(rows)
    notes = [
        "Accuracies in %, gains in points. Shared classes have a namesake in the museum that "
        f"{THETA_HAT} was trained on. A gain on unshared classes whose interval is above zero "
        "cannot come from the overlap of classes.",
        "Same sizes: shared and unshared classes weighted alike in each bin of training objects "
        "(1, 2-3, 4-7, ...) that has both. Rows without test objects are left out.",
    ]
    return Grid("Gains on shared and unshared classes", header, 6, groups, notes)
