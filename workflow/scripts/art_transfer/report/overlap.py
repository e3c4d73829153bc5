"""Whether theta-hat gains only on the classes that its own museum has too.

Classes are shared where source and target have one of the same name, without regard to case, in
all three splits. Shared classes may be large ones, and large classes may gain more or less. So the
same is told once more, matched by class size: training objects of the class are put into bins of
doubling size (1, 2-3, 4-7, ...), only bins with shared and unshared test objects count, and each
bin has the same weight in both groups: its share of their test objects together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.formats import SPLITS, read_csv
from art_transfer.prepare.splits import used_split
from art_transfer.prepare.values import key as class_key
from art_transfer.report.estimates import difference, folders, tested_of
from art_transfer.report.grid import THETA, THETA_HAT, Cell, Grid, percent, points
from art_transfer.report.runs import Groups, Tested, read_predictions, read_tested
from art_transfer.report.tables import trained_on, words
from art_transfer.report_settings import Transfer

GROUPS = ("all", "shared", "unshared")

OVERLAP = [
    *["collection", "source", "task", "backbone", "method", "of", "over", "seeds"],
    *["classes", "matched", "number_of_classes", "n", "accuracy_of", "accuracy_over"],
    *["gain", "low", "high", "runs_of", "runs_over"],
]
"""Columns of the table."""


def overlap(
    transfers: Iterable[Transfer], results: str, groups: Groups | None = None
) -> pd.DataFrame:
    """Gains of theta-hat over theta on all, shared and unshared classes; columns: OVERLAP.

    Transfers that differ in the seed alone make one row. ``source`` has the museums that only
    theta-hat was trained on, parted by spaces, the first first; ``of`` and ``over`` are the inits
    of theta-hat and theta; ``n`` counts pairs of predictions, of as many ``seeds`` as have such
    objects. Accuracies (0-1) and ``gain`` (-1 to 1) are means over seeds with the 95 % interval of
    the table of gains, ``low`` and ``high``; where ``matched``, of each seed's weighted means
    (``_matching``). ``groups`` are the near-duplicates of each museum.
    """
    grouped: dict[tuple[str, ...], list[Transfer]] = {}
    for one in transfers:
        run = one.of
        key = (run.collection, " ".join(one.sources), run.task, run.backbone, run.method)
        grouped.setdefault((*key, run.init, one.over.init), []).append(one)
    rows, read = [], cache(lambda run: read_tested(run, results, groups))
    for names, members in grouped.items():
        objects = [_objects(one, results) for one in members]
        pairs = [(one.of, one.over) for one in members]
        sides = tested_of(pairs, read)
        start: dict[str, Any] = dict(zip(OVERLAP[:7], names, strict=True))
        start["runs_of"], start["runs_over"] = folders(pairs)
        for matched, shown in ((False, GROUPS), (True, GROUPS[1:])):
            weights = [_matching(table) for table in objects] if matched else None
            for group in shown:
                row = _gain(objects, sides, group, weights, start["runs_of"], start["runs_over"])
                rows.append(start | {"classes": group, "matched": matched} | row)
    return pd.DataFrame(rows, columns=OVERLAP)


def _objects(one: Transfer, results: str) -> pd.DataFrame:
    """Each test object: object_id, label, shared, size (in training), in the order of the ids."""
    target = used_split(one.split)
    known = {class_key(n) for path in one.source_splits for n in read_csv(path, SPLITS)["label"]}
    sizes = target.loc[target["split"] == "train", "label"].value_counts()
    table = read_predictions(one.of, results)[["object_id", "label"]]
    shared = table["label"].map(class_key).isin(known)
    return table.assign(shared=shared, size=table["label"].map(sizes))


def _of_group(table: pd.DataFrame, group: str) -> NDArray[np.bool_]:
    return (table["shared"].eq(group == "shared") | (group == "all")).to_numpy()


def _gain(
    objects: Sequence[pd.DataFrame],
    sides: Sequence[Sequence[Tested]],
    group: str,
    weights: Sequence[NDArray[np.float64]] | None,
    *key: str,
) -> dict[str, Any]:
    """One row's numbers; ``weights`` of all objects of each seed, ``key`` of random numbers."""
    weighed = [_of_group(table, group).astype(float) for table in objects]
    if weights is not None:
        weighed = [some * w for some, w in zip(weighed, weights, strict=True)]
    labels = pd.concat([t.loc[w > 0, "label"] for t, w in zip(objects, weighed, strict=True)])
    row: dict[str, Any] = {"number_of_classes": labels.nunique(), "n": len(labels)}
    row["seeds"] = sum(bool(w.any()) for w in weighed)
    if labels.empty:
        return row
    of, over = (
        [_part(tested, w) for tested, w in zip(side, weighed, strict=True) if w.any()]
        for side in sides
    )
    by = None if weights is None else [w[w > 0] for w in weighed if w.any()]
    for name, side in (("of", of), ("over", over)):
        means = [
            np.average(tested.right, weights=None if by is None else by[n])
            for n, tested in enumerate(side)
        ]
        row[f"accuracy_{name}"] = float(np.mean(means))
    gain = difference(of, over, *key, weights=by)
    low, high = gain.interval()
    return row | {"gain": gain.value, "low": low, "high": high}


def _part(tested: Tested, weights: NDArray[np.float64]) -> Tested:
    chosen = weights > 0
    groups = None if tested.groups is None else tested.groups[chosen]
    objects = f"{tested.objects} {weights.tobytes().hex()}"  # seeds may weigh one split anew
    return replace(tested, right=tested.right[chosen], objects=objects, groups=groups)


def _matching(table: pd.DataFrame) -> NDArray[np.float64]:
    """The weight of each object of a seed: shared and unshared then have the same class sizes."""
    bins = np.floor(np.log2(table["size"]))
    both = bins.map(table.groupby(bins)["shared"].nunique()) == 2
    of_bin = bins.map(bins.value_counts())
    of_group = table.groupby([bins, "shared"])["size"].transform("size")
    return (of_bin / of_group).where(both, 0.0).to_numpy()


def overlap_table(table: pd.DataFrame, titles: Mapping[str, str]) -> Grid:
    """The same for readers; ``titles`` of the collections."""
    header = ["Collection", "Trained on", "Task", "Network", "Method", "Classes"]
    header += ["number", "n", THETA, THETA_HAT, "gain", "95 % interval"]
    blocks = [block for _, block in table[table["n"] > 0].groupby(OVERLAP[:7], sort=False)]
    firsts = [block.iloc[0] for block in blocks]
    sources = trained_on(
        [
            (
                [titles[name] for name in first["source"].split()],
                first["of"],
                first["over"],
                tuple(first[["collection", "task", "backbone", "method"]]),
            )
            for first in firsts
        ]
    )
    groups = []
    for source, block in zip(sources, blocks, strict=True):
        rows = []
        for row in block.to_dict("records"):
            names = [titles[row["collection"]], source]
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
        "Accuracies in %, gains in points. Shared classes have a namesake in a museum that only "
        f"{THETA_HAT} was trained on. A gain on unshared classes is no recognition of a namesake; "
        "fewer confusions with shared classes can still be part of it.",
        "Same sizes: shared and unshared classes weighted alike in each bin of training objects "
        "(1, 2-3, 4-7, ...) that has both. Rows without test objects are left out.",
    ]
    return Grid("Gains on shared and unshared classes", header, 6, groups, notes)
