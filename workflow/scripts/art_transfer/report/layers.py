"""Where in a network what a museum's objects are like can be read, and what training has moved."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from art_transfer.formats import SPLITS, read_csv
from art_transfer.report.estimates import accuracy_of
from art_transfer.report.grid import Cell, Grid, percent
from art_transfer.report.runs import CELL, Groups, read_runs
from art_transfer.report.series import (
    PANEL,
    accuracy_line,
    at_left,
    beside,
    panels,
    percent_axis,
)
from art_transfer.report.style import COLORS
from art_transfer.report.tables import words
from art_transfer.report_settings import FigureSettings, LayersSettings
from art_transfer.train.features import read_features


def layers_table(wanted: LayersSettings, groups: Groups) -> pd.DataFrame:
    """One row per task, init and layer, means over seeds; layers in the order of the methods.

    Columns: those of CELL, ``layer``, ``seeds``, ``n``, ``features`` (their number), ``accuracy``
    of the probe with ``low`` and ``high`` (95 % interval), and ``cka``: how alike these features
    of the test objects are to the first init's (``linear_cka``), 1 for the first itself.
    """
    figure = wanted.figure
    runs = read_runs(figure.runs, figure.results, figure.splits, groups)
    runs["layer"], runs["path"] = wanted.layers, wanted.features
    runs["split"] = figure.splits
    first = runs["init"].iloc[0]
    over = runs[runs["init"] == first].set_index(["task", "method", "seed"])["path"]
    rows = []
    for key, cell in runs.groupby(CELL, sort=False):
        low, high = accuracy_of(list(cell["tested"]), *key).interval()
        alike = [
            1.0 if row["init"] == first else _alike(row["split"], row["path"], over[other])
            for row in cell.to_dict("records")
            for other in [(row["task"], row["method"], row["seed"])]
        ]
        row = dict(zip(CELL, key, strict=True)) | {"layer": cell["layer"].iloc[0]}
        row |= {"seeds": len(cell), "n": cell["n"].sum(), "features": cell["features"].iloc[0]}
        row |= {"accuracy": cell["accuracy"].mean(), "low": low, "high": high}
        rows.append(row | {"cka": float(np.mean(alike))})
    return pd.DataFrame(rows)


def _alike(split: str, path: str, other: str) -> float:
    """How alike two files of features are on a split's test objects."""
    table = read_csv(split, SPLITS)
    ids = table.loc[table["split"] == "test", "object_id"].tolist()
    one, two = (read_features(f"{p}.npy", f"{p}.ids.csv", ids) for p in (path, other))
    return linear_cka(one, two)


def linear_cka(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Linear centred kernel alignment of two arrays (n, features): 1 if alike, about 0 if not.

    Kornblith et al. (2019, arXiv 1905.00414, equation 3), from the estimate of its terms that is
    right on the mean for few objects too (Song et al. 2012, equation 5): otherwise 82 objects of
    2,048 features that have nothing in common would reach 0.96. The same for rotated, shifted or
    uniformly scaled features; their numbers may differ. Not a number where one is constant, or
    there are fewer than four objects.
    """
    x, y = (a.astype(np.float64) - a.mean(axis=0, dtype=np.float64) for a in (one, other))
    own = _dependence(x, x) * _dependence(y, y)
    return float(_dependence(x, y) / np.sqrt(own)) if own > 0 else float("nan")


def _dependence(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The unbiased estimate of two centred arrays' independence criterion, times n (n - 3).

    Rows of their kernels sum to zero, so without its diagonal a row sums to minus that.
    """
    n = len(x)
    if n < 4:
        return float("nan")
    one, other = ((a**2).sum(axis=1) for a in (x, y))
    both = one @ other
    pairs = ((x.T @ y) ** 2).sum() - both
    return float(pairs + one.sum() * other.sum() / ((n - 1) * (n - 2)) - 2 * both / (n - 2))


def layers_grid(table: pd.DataFrame, wanted: FigureSettings) -> Grid:
    """The table for readers."""
    first = words(table["init"].iloc[0])
    header = ["Task", "First weights", "Layer", "Method", "|x|", "Accuracy", "95 % interval"]
    header.append(f"CKA with {first}")
    groups = []
    for _, block in table.groupby(["task", "init"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [words(row["task"]), words(row["init"]), row["layer"], words(row["method"])]
            span = f"{percent(row['low'])} to {percent(row['high'])}"
            numbers = [f"{row['features']:.0f}", percent(row["accuracy"]), span]
            alike = "–" if np.isnan(row["cka"]) else f"{row['cka']:.3f}"
            rows.append([Cell(text) for text in [*names, *numbers, alike]])
        groups.append(rows)
    notes = [
        "Accuracy in percent of a probe on the pooled output of a layer. CKA: linear centred "
        "kernel alignment of these outputs for the test objects, 1 being the same but for rotation "
        "and scale, 0 nothing in common."
    ]
    return Grid(wanted.title, header, 4, groups, notes)


def layers_figure(table: pd.DataFrame, wanted: FigureSettings) -> Figure:
    """For each task a panel of accuracies and one of CKA, by layer. Call within ``styled``.

    The networks' intervals at a layer stand side by side.
    """
    tasks, inits = (list(dict.fromkeys(table[name])) for name in ("task", "init"))
    made, grid = panels(2 * len(tasks), PANEL, wanted.title)
    for number, task in enumerate(tasks):
        accuracy, alike = grid[2 * number : 2 * number + 2]
        for place, (init, color) in enumerate(zip(inits, COLORS, strict=False)):
            part = table[(table["task"] == task) & (table["init"] == init)]
            places = np.arange(len(part))
            accuracy_line(accuracy, places + 0.12 * beside(place, len(inits)), part, color, "o")
            if init != inits[0]:
                alike.plot(places, part["cka"], color=color, marker="o", ms=4, lw=1.3)
        accuracy.set(title=f"{words(task)}: accuracy of the probe")
        alike.set(title=f"{words(task)}: CKA with {words(inits[0])}", ylim=(-0.05, 1.05))
        percent_axis(accuracy.yaxis)
        _name_layers([accuracy, alike], list(part["layer"]))
    handles, labels = grid[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside right upper", frameon=False)
    return made


def _name_layers(pair: Sequence[Axes], names: list[str]) -> None:
    for axes in pair:
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_ylabel("test accuracy" if at_left(axes) else "CKA")
