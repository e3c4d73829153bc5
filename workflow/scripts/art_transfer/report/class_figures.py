"""Figures of accuracy by class size, long tails, confusions and calibration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from art_transfer.report.runs import CELL, OTHERS
from art_transfer.report.series import (
    PANEL,
    PANEL_NAME,
    arms,
    at_left,
    beside,
    cells_of,
    keys,
    legend,
    mark,
    panel_title,
    panels,
    percent_axis,
    places,
)
from art_transfer.report.style import WIDTH, fold, look, plain_log, short
from art_transfer.report.tables import network_titles, trained, words

SERIES = [*CELL, "network", "kind", "first"]
CONFUSION_PANEL = 2.6
FEWEST = 5  # predictions in a bin that is drawn
CLASS_NAME = 22  # characters of a class's name


def size_figure(sizes: pd.DataFrame, cells: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Accuracy by class size with its interval, a panel for each collection and task.

    ``sizes`` as ``classes.class_sizes`` gives them; ``cells`` has a row for each cell, as the
    experiments' tables have it; ``titles`` are the collections' names. A bin stands at the mean
    size of its classes, those of several networks side by side. Call within ``style.styled``.
    """
    shown = keys(cells)
    made, grid = panels(len(shown), PANEL, "Accuracy by class size")
    for key, axes in zip(shown, grid, strict=True):
        rows = sizes.merge(cells_of(cells, key)[SERIES], on=CELL)
        series = list(_series(rows, places(cells)))
        step = min(1.06, 1.5 ** (1 / len(series)))
        for number, (part, how, place) in enumerate(series):
            at = part["train"] * step ** beside(number, len(series))
            line = {"ls": how.dash, "lw": how.width * 0.7, "elinewidth": 0.6}
            axes.errorbar(at, part["accuracy"], arms(part), **line, **mark(how, place, 4))
        axes.set(
            title=panel_title(titles, key), xlabel="training objects of the class", xscale="log"
        )
        axes.set(xlim=(sizes["train"].min() / 1.4, sizes["train"].max() * 1.4), ylim=(-0.03, 1.03))
        plain_log(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.set_ylabel("test accuracy" if at_left(axes) else "")
    legend(made, cells)
    return made


def tails_figure(
    classes: Mapping[tuple[str, str], Sequence[int]], titles: Mapping[str, str]
) -> Figure:
    """How many objects each class has, from the largest on: a panel for each collection.

    ``classes`` are the classes' sizes by collection and task. Call within ``style.styled``.
    """
    collections = list(dict.fromkeys(collection for collection, _ in classes))
    tasks = list(dict.fromkeys(task for _, task in classes))
    made, grid = panels(len(collections), PANEL, "Long tails: objects of each class")
    colors = seaborn.color_palette("colorblind", len(tasks))
    most = max(map(len, classes.values()))
    least, top = min(map(min, classes.values())), max(map(max, classes.values()))
    for collection, axes in zip(collections, grid, strict=True):
        for (owner, task), sizes in classes.items():
            if owner != collection:
                continue
            number = tasks.index(task)
            how = {"color": colors[number], "ls": ("-", "--", "-.", ":")[number % 4]}
            ranks = np.arange(1, len(sizes) + 1)
            axes.plot(ranks, sorted(sizes, reverse=True), lw=1.5, label=words(task), **how)
        axes.set(xscale="log", yscale="log", xlim=(0.9, 1.1 * most), ylim=(least / 1.2, 1.2 * top))
        axes.set(title=short(titles[collection], PANEL_NAME), xlabel="class, from the largest on")
        plain_log(axes.xaxis, axes.yaxis)
        axes.set_ylabel("objects" if at_left(axes) else "")
    drawn = {line.get_label(): line for axes in grid for line in axes.lines}
    made.legend(handles=list(drawn.values()), loc="outside right upper", frameon=False)
    return made


def calibration_figure(
    bins: pd.DataFrame, cells: pd.DataFrame, titles: Mapping[str, str]
) -> Figure:
    """How often a prediction of some probability is right, a panel for each collection and task.

    ``bins`` as ``classes.calibration`` gives them. A mark's area is the number of predictions;
    bins of fewer than FEWEST are left out.
    Call within ``style.styled``.
    """
    shown = keys(cells)
    made, grid = panels(len(shown), PANEL, "Calibration: accuracy by predicted probability")
    for key, axes in zip(shown, grid, strict=True):
        rows = bins.merge(cells_of(cells, key)[SERIES], on=CELL)
        axes.plot([0, 1], [0, 1], "-", color="0.6", lw=0.8, zorder=1)
        for part, how, place in _series(rows[rows["n"] >= FEWEST], places(cells)):
            axes.plot(part["probability"], part["accuracy"], how.dash, color=how.color, lw=0.8)
            for row in part.to_dict("records"):
                size = 7 * (row["n"] / rows["n"].max()) ** 0.5
                axes.plot(row["probability"], row["accuracy"], ls="none", **mark(how, place, size))
        axes.set(title=panel_title(titles, key), xlabel="probability of the predicted class")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.set_ylabel("accuracy" if at_left(axes) else "")
    legend(made, cells)
    return made


def confusion_figure(
    confusions: pd.DataFrame, cells: pd.DataFrame, titles: Mapping[str, str]
) -> Figure:
    """What the largest classes are taken for: a panel for each collection and task.

    It shows the cell of the best validation accuracy, the first of equally good ones. Each row is
    the test objects of a class in percent. Call within ``style.styled``.
    """
    shown, names = keys(cells), network_titles(cells)
    made, grid = panels(
        len(shown), CONFUSION_PANEL, "Largest classes: predicted, in percent of the true class"
    )
    for key, axes in zip(shown, grid, strict=True):
        found = cells_of(cells, key)
        best = found.iloc[int(np.argmax(found["validation_accuracy"]))]
        of_best = (confusions[CELL] == best[CELL]).all(axis=1)
        _matrix(axes, confusions[of_best])
        how = f"{names[best['backbone']]}, {trained(best['init'], best['method'])}"
        lines = [panel_title(titles, key), *fold(how, WIDTH / 2 - 0.2, 8, 1)]
        axes.set_title("\n".join(lines), loc="right", fontsize=8)
    return made


def _matrix(axes: Axes, pairs: pd.DataFrame) -> None:
    """One matrix: shares of each true class, with the numbers in them that round to 1 % or more."""
    shown = list(dict.fromkeys([*pairs["label"], *pairs["predicted"]]))
    shown.sort(key=lambda name: name == OTHERS)
    table = pairs.pivot(index="label", columns="predicted", values="n")
    counts = table.reindex(index=shown, columns=shown).fillna(0)
    totals = counts.sum(axis=1)
    shares = counts.div(totals.where(totals > 0), axis=0).fillna(0).to_numpy()
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.4)
    for (row, column), share in np.ndenumerate(shares):
        if round(100 * share):
            color = "white" if share > 0.5 else "black"
            place = (column + 0.5, row + 0.5, f"{100 * share:.0f}")
            axes.text(*place, ha="center", va="center", fontsize=4.7, color=color)
    numbers = [str(number) for number in range(1, len(shown) + 1)]
    labels = [
        f"{short(name, CLASS_NAME)} ({total:.0f})  {number}"
        for name, total, number in zip(shown, totals, numbers, strict=True)
    ]
    places = np.arange(len(shown)) + 0.5
    axes.set_yticks(places, labels, fontsize=6.5)
    axes.set_xticks(places, numbers, fontsize=6.5)
    axes.set(xlabel="predicted", ylabel="true class (test objects)")
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _series(
    rows: pd.DataFrame, inits: Mapping[str, int]
) -> Iterator[tuple[pd.DataFrame, Any, int]]:
    """The rows of each cell, how they are drawn, and the place of their first weights."""
    for _, part in rows.groupby(CELL, sort=False):
        row = part.iloc[0]
        how = look(row["network"], row["kind"], row["first"])
        yield part, how, inits[row["init"]]
