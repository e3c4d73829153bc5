"""What one way of training gains over another, object by object on the same test sets."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from art_transfer.report import statistics
from art_transfer.report.estimates import (
    difference,
    discordant,
    folders,
    p_unlike,
    tested_of,
)
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import Groups, read_tested
from art_transfer.report.tables import words
from art_transfer.settings import Run

GAINS = [
    *["collection", "task", "backbone", "of", "over", "seeds", "n"],
    *["accuracy_of", "accuracy_over", "gain", "low", "high", "only_of", "only_over"],
    *["p", "p_holm", "cohens_h", "runs_of", "runs_over"],
]

FAMILY = ("collection", "task")
"""Holm's correction is for the comparisons that have these in common: a block of the table."""


def pairs(runs: Iterable[Run]) -> list[tuple[Run, Run]]:
    """The comparisons that an experiment's runs allow, as (run, run that it is compared with).

    First every other init against the first one, method by method; then every other method
    against the first one, init by init. Both runs of a pair have the same collection, task,
    backbone and seed, and so the same test objects.
    """
    listed = list(dict.fromkeys(runs))
    inits = list(dict.fromkeys(run.init for run in listed))
    methods = list(dict.fromkeys(run.method for run in listed))
    known = set(listed)
    found = []
    for run in listed:
        other = Run(run.collection, run.task, run.backbone, inits[0], run.method, run.seed)
        if run.init != inits[0] and other in known:
            found.append((run, other))
    for run in listed:
        other = Run(run.collection, run.task, run.backbone, run.init, methods[0], run.seed)
        if run.method != methods[0] and other in known:
            found.append((run, other))
    return found


def gains(
    compared: Iterable[tuple[Run, Run]],
    results: str | Path,
    groups: Groups | None = None,
    family: Sequence[str] = FAMILY,
) -> pd.DataFrame:
    """How many more test objects one run gets right than another; one row per pair of cells.

    ``compared`` as ``pairs`` gives it: the runs of a pair must have the same collection, task and
    seed; pairs that differ in the seed alone make one row. Where two cells are compared both ways,
    the one row is the other's mirror image, and both are one comparison. ``groups`` are the
    near-duplicates of each museum. Columns: collection, task, backbone, ``of`` and ``over``
    (init/method), seeds, ``n`` (pairs of predictions, over all seeds), ``accuracy_of``,
    ``accuracy_over`` and ``gain``, their difference (-1 to 1), means over seeds, ``low`` and
    ``high`` (95 % interval of the gain, ``statistics.difference``), ``only_of`` and ``only_over``
    (predictions that only one gets right), ``p`` (see ``p_unlike``), ``p_holm`` (Holm's correction
    within a ``family``), ``cohens_h`` (effect size) and the run folders.
    """
    grouped: dict[tuple[str, ...], list[tuple[Run, Run]]] = {}
    for of, over in compared:
        sides = [f"{run.init}/{run.method}" for run in (of, over)]
        key = (of.collection, of.task, of.backbone, *sides)
        grouped.setdefault(key, []).append((of, over))
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    read = cache(lambda run: read_tested(run, results, groups))
    for key, members in grouped.items():
        other = (*key[:3], *key[:2:-1])
        if other in rows:
            rows[key] = _mirrored(rows[other])
            continue
        ours, theirs = tested_of(members, read)
        names = folders(members)
        gain = difference(ours, theirs, *names)
        only_of, only_over = discordant(ours, theirs)
        means = [sum(t.right.mean() for t in side) / len(side) for side in (ours, theirs)]
        low, high = gain.interval()
        rows[key] = dict(zip(GAINS[:5], key, strict=True)) | {
            "seeds": len(members),
            "n": sum(len(t.right) for t in ours),
            "accuracy_of": means[0],
            "accuracy_over": means[1],
            "gain": gain.value,
            "low": low,
            "high": high,
            "only_of": only_of,
            "only_over": only_over,
            "p": p_unlike(gain, ours, theirs),
            "cohens_h": statistics.cohens_h(*means),
            "runs_of": names[0],
            "runs_over": names[1],
        }
    table = pd.DataFrame(rows.values()).reindex(columns=GAINS)
    paired = table.assign(pair=[" ".join([*key[:3], *sorted(key[3:])]) for key in rows])
    once = paired.drop_duplicates("pair").set_index("pair")
    holm = once.groupby(list(family))["p"].transform(lambda p: statistics.holm(p.tolist()))
    return table.assign(p_holm=paired["pair"].map(holm.to_dict()))


def _mirrored(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same comparison told from the other side."""
    swapped = {"of": "over", "accuracy_of": "accuracy_over", "only_of": "only_over"}
    swapped |= {"runs_of": "runs_over"}
    swapped |= {there: here for here, there in swapped.items()}
    told = {name: row[swapped.get(name, name)] for name in row}
    return told | {
        "gain": -row["gain"],
        "low": -row["high"],
        "high": -row["low"],
        "cohens_h": -row["cohens_h"],
    }


def gains_table(
    table: pd.DataFrame, caption: str, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """The gains for readers; ``titles`` of the collections, ``networks`` of the backbones."""
    several = table["collection"].nunique() > 1
    header = ["Collection"] * several + ["Task", "Network", "Gain of", "over"]
    header += ["accuracy", "over", "gain", "95 % interval", "p (Holm)", "h", "n"]
    groups = []
    for _, block in table.groupby(["collection", "task"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [titles[row["collection"]]] * several
            names += [words(row["task"]), networks[row["backbone"]]]
            names += [words(row[side].replace("/", " + ")) for side in ("of", "over")]
            span = f"{points(row['low'])} to {points(row['high'])}"
            numbers = [percent(row["accuracy_of"]), percent(row["accuracy_over"])]
            numbers += [points(row["gain"]), span, p_value(row["p_holm"])]
            numbers += [f"{row['cohens_h']:+.2f}".replace("-", "\u2212"), str(row["n"])]
            clear = row["low"] > 0 or row["high"] < 0
            bold = [False] * len(names) + [False, False, clear, clear, False, False, False]
            rows.append([Cell(*parts) for parts in zip(names + numbers, bold, strict=True)])
        groups.append(rows)
    one = bool((table["seeds"] == 1).all())
    notes = [
        "Accuracies in percent and gains in percentage points, on the same test objects; bold "
        "where the interval leaves out zero. p after Holm's correction for the comparisons of a "
        "collection and task. h: Cohen's effect size (0.2 small, 0.5 medium, 0.8 large).",
        "Intervals: bootstrap over test objects, groups of near-duplicates as one; p: McNemar's "
        "test (mid-p), or the bootstrap's where there are such groups. The networks are taken as "
        "they are: training them anew would add its own spread."
        if one
        else "Intervals and p: bootstrap over seeds and the test objects of each, groups of "
        "near-duplicates as one.",
    ]
    inits = table[["of", "over"]].map(lambda side: side.split("/")[0])
    if (inits["of"] != inits["over"]).any():
        notes.append(
            "A gain of weights from another museum is not yet knowledge of art: statistics of "
            "batches taken anew, any further training, and shared classes can give one too. "
            "config/beyond/collapse.yaml has the controls."
        )
    return Grid(caption, header, 4 + several, groups, notes)


def p_value(p: float) -> str:
    """A p value for readers."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
