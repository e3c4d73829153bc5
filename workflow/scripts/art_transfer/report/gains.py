"""What one way of training gains over another, object by object on the same test sets."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import read_predictions
from art_transfer.report.tables import words
from art_transfer.settings import Run

RESAMPLES = 10_000


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


def gains(compared: Iterable[tuple[Run, Run]], results: str | Path, seed: int) -> pd.DataFrame:
    """How many more test objects one run gets right than another; one row per pair of cells.

    ``compared`` as ``pairs`` gives it: the runs of a pair must have the same collection, task and
    seed; pairs that differ in the seed alone are pooled. Columns: collection, task, backbone,
    ``of`` and ``over`` (init/method), seeds, ``n`` (pairs of predictions), ``accuracy_of``,
    ``accuracy_over``, ``gain`` (their difference, -1 to 1), ``low`` and ``high`` (95 % interval,
    see ``interval``), ``only_of`` and ``only_over`` (predictions that only one gets right),
    ``p`` (see ``mid_p``) and the run folders. The intervals speak of other test objects, not of
    training anew.
    """
    grouped: dict[tuple[str, ...], list[tuple[Run, Run]]] = {}
    for of, over in compared:
        sides = [f"{run.init}/{run.method}" for run in (of, over)]
        key = (of.collection, of.task, of.backbone, *sides)
        grouped.setdefault(key, []).append((of, over))
    rows = []
    for key, members in grouped.items():
        both = pd.concat([_paired(of, over, Path(results)) for of, over in members])
        right_of, right_over = both["right_of"].to_numpy(), both["right_over"].to_numpy()
        difference = right_of.astype(int) - right_over.astype(int)
        per_object = pd.DataFrame({"id": both["object_id"].to_numpy(), "d": difference})
        sums = per_object.groupby("id", sort=False)["d"].agg(["sum", "size"]).to_numpy()
        low, high = interval(sums, _generator(seed, key))
        rows.append(
            dict(zip(["collection", "task", "backbone", "of", "over"], key, strict=True))
            | {
                "seeds": len(members),
                "n": len(both),
                "accuracy_of": right_of.mean(),
                "accuracy_over": right_over.mean(),
                "gain": difference.mean(),
                "low": low,
                "high": high,
                "only_of": int((difference > 0).sum()),
                "only_over": int((difference < 0).sum()),
                "p": mid_p(int((sums[:, 0] > 0).sum()), int((sums[:, 0] < 0).sum())),
                "runs_of": " ".join(of.folder for of, _ in members),
                "runs_over": " ".join(over.folder for _, over in members),
            }
        )
    return pd.DataFrame(rows, columns=GAINS)


GAINS = [
    *["collection", "task", "backbone", "of", "over", "seeds", "n"],
    *["accuracy_of", "accuracy_over", "gain", "low", "high", "only_of", "only_over", "p"],
    *["runs_of", "runs_over"],
]


def interval(sums: NDArray[np.int64], generator: np.random.Generator) -> tuple[float, float]:
    """95 % interval of a mean paired difference: percentile bootstrap over objects.

    ``sums`` is (objects, 2): an object's differences summed over the seeds that tested it, and
    how many those are. Objects with equal rows are alike, so that drawing objects anew is drawing
    how often each kind of row occurs: a multinomial, however large the test set.
    """
    kinds, counts = np.unique(sums, axis=0, return_counts=True)
    drawn = generator.multinomial(counts.sum(), counts / counts.sum(), size=RESAMPLES)
    means = (drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1])
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def mid_p(better: int, worse: int) -> float:
    """McNemar's mid-p value, two-sided, of so many objects for the one and for the other.

    Fagerland, Lydersen and Laake (2013), doi:10.1186/1471-2288-13-91. With several seeds an
    object counts once, for the run that gets it right more often.
    """
    n, fewer = better + worse, min(better, worse)
    return float(2 * binom.cdf(fewer, n, 0.5) - binom.pmf(fewer, n, 0.5)) if n else 1.0


def gains_table(
    table: pd.DataFrame, caption: str, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """The gains for readers; ``titles`` of the collections, ``networks`` of the backbones."""
    several = table["collection"].nunique() > 1
    header = ["Collection"] * several + ["Task", "Network", "Gain of", "over"]
    header += ["accuracy", "over", "gain", "95 % interval", "p", "n"]
    groups = []
    for _, block in table.groupby(["collection", "task"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [titles[row["collection"]]] * several
            names += [words(row["task"]), networks[row["backbone"]]]
            names += [words(row[side].replace("/", " + ")) for side in ("of", "over")]
            span = f"{points(row['low'])} to {points(row['high'])}"
            numbers = [percent(row["accuracy_of"]), percent(row["accuracy_over"])]
            numbers += [points(row["gain"]), span, p_value(row["p"]), str(row["n"])]
            clear = row["low"] > 0 or row["high"] < 0
            bold = [False] * len(names) + [False, False, clear, clear, False, False]
            rows.append([Cell(*parts) for parts in zip(names + numbers, bold, strict=True)])
        groups.append(rows)
    notes = [
        "Accuracies in percent and gains in percentage points, on the same test objects. "
        "Intervals: bootstrap over test objects; bold where they leave out zero. "
        "p: McNemar's test (mid-p), not corrected for the number of rows.",
        "The networks are taken as they are: training them anew would add its own spread.",
    ]
    return Grid(caption, header, 4 + several, groups, notes)


def p_value(p: float) -> str:
    """A p value for readers."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _paired(of: Run, over: Run, results: Path) -> pd.DataFrame:
    """Which of the two gets each test object right: object_id, right_of, right_over."""
    if (of.collection, of.task, of.seed) != (over.collection, over.task, over.seed):
        raise ValueError(f"{of.folder} and {over.folder} were tested on different objects")
    tables = (read_predictions(run, results)[["object_id", "right"]] for run in (of, over))
    first, second = tables
    return first.merge(
        second, on="object_id", suffixes=("_of", "_over"), how="inner", validate="one_to_one"
    )


def _generator(seed: int, key: tuple[str, ...]) -> np.random.Generator:
    """Each comparison's own random numbers, whatever other comparisons there are."""
    digest = hashlib.sha256("/".join([str(seed), *key]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
