"""Figures of accuracy by class size, long tails, confusions and calibration; slopes of gains."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from scipy.optimize import isotonic_regression

from art_transfer.report.class_tables import trained
from art_transfer.report.classes import OTHERS
from art_transfer.report.grid import THETA, points
from art_transfer.report.runs import CELL
from art_transfer.report.series import at_left, later_inits, legend, mark, panels
from art_transfer.report.style import WIDTH, fold, look, plain_log, short
from art_transfer.report.tables import init_titles, network_titles, words

SERIES = [*CELL, "network", "kind", "first"]
PANEL = 2.5  # inches high
CONFUSION_PANEL = 2.6
FEWEST = 5  # predictions in a bin that is drawn
GAP = 0.055  # least distance of two numbers beside a slope, as a share of the panel's height
CLASS_NAME = 22  # characters of a class's name
PANEL_NAME = 38  # characters of a panel's title


def size_figure(sizes: pd.DataFrame, cells: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Accuracy by class size with its interval, a panel for each collection and task.

    ``sizes`` as ``classes.class_sizes`` gives them; ``cells`` has a row for each cell, as the
    experiments' tables have it; ``titles`` are the collections' names. A bin stands at the mean
    size of its classes, those of several networks side by side. Call within ``style.styled``.
    """
    keys = _keys(cells)
    made, grid = panels(len(keys), PANEL, "Accuracy by class size")
    for key, axes in zip(keys, grid, strict=True):
        rows = sizes.merge(_of(cells, key)[SERIES], on=CELL)
        series = list(_series(rows, later_inits(cells)))
        step = min(1.06, 1.5 ** (1 / len(series)))
        for number, (part, how, hollow) in enumerate(series):
            place = part["train"] * step ** (number - (len(series) - 1) / 2)
            length = np.clip(
                [part["accuracy"] - part["low"], part["high"] - part["accuracy"]], 0, None
            )
            line = {"ls": how.dash, "lw": how.width * 0.7, "elinewidth": 0.6}
            axes.errorbar(place, part["accuracy"], length, **line, **mark(how, hollow, 4))
        axes.set(title=_title(titles, key), xlabel="training objects of the class", xscale="log")
        axes.set(xlim=(sizes["train"].min() / 1.4, sizes["train"].max() * 1.4), ylim=(-0.03, 1.03))
        plain_log(axes.xaxis)
        _percent(axes.yaxis)
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
    keys = _keys(cells)
    made, grid = panels(len(keys), PANEL, "Calibration: accuracy by predicted probability")
    for key, axes in zip(keys, grid, strict=True):
        rows = bins.merge(_of(cells, key)[SERIES], on=CELL)
        axes.plot([0, 1], [0, 1], "-", color="0.6", lw=0.8, zorder=1)
        for part, how, hollow in _series(rows[rows["n"] >= FEWEST], later_inits(cells)):
            axes.plot(part["probability"], part["accuracy"], how.dash, color=how.color, lw=0.8)
            for row in part.to_dict("records"):
                size = 2 + 5 * (row["n"] / rows["n"].max()) ** 0.5
                axes.plot(row["probability"], row["accuracy"], ls="none", **mark(how, hollow, size))
        axes.set(title=_title(titles, key), xlabel="probability of the predicted class")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        _percent(axes.xaxis)
        _percent(axes.yaxis)
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
    keys, names = _keys(cells), network_titles(cells)
    made, grid = panels(
        len(keys), CONFUSION_PANEL, "Largest classes: predicted, in percent of the true class"
    )
    for key, axes in zip(keys, grid, strict=True):
        found = _of(cells, key)
        best = found.iloc[int(found["validation_accuracy"].to_numpy().argmax())]
        of_best = (confusions[CELL] == best[CELL]).all(axis=1)
        _matrix(axes, confusions[of_best])
        how = f"{names[best['backbone']]}, {trained(best['init'], best['method'])}"
        lines = [_title(titles, key), *fold(how, WIDTH / 2 - 0.2, 8, 1)]
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


def gains_figure(tables: Sequence[pd.DataFrame], titles: Mapping[str, str]) -> Figure:
    """What other first weights gain: a slope for each network and method.

    ``tables`` are those of experiments with several first weights; each has a panel for each
    collection and task. The number beside a slope is the gain of the last first weights over the
    first ones, in percentage points. Call within ``style.styled``.
    """
    keys = [(table, key) for table in tables for key in _keys(table)]
    made, grid = panels(len(keys), PANEL, "Test accuracy from other first weights, and the gain")
    every = pd.concat(tables)
    low, high = every["accuracy"].min(), every["accuracy"].max()
    margin = max(0.05 * (high - low), 0.02)
    for (table, key), axes in zip(keys, grid, strict=True):
        inits, ends = init_titles(table), []
        for _, part in _of(table, key).groupby(["backbone", "method"], sort=False):
            row = part.iloc[0]
            how = look(row["network"], row["kind"], "weights")
            values = part.set_index("init")["accuracy"].reindex(list(inits))
            axes.plot(range(len(inits)), values, how.dash, lw=how.width, **mark(how, False))
            ends.append((values.iloc[-1], values.iloc[-1] - values.iloc[0], how.color))
        texts = [
            f"{title}\n{words(i)}" if title != words(i) else title for i, title in inits.items()
        ]
        axes.set_xticks(range(len(inits)), texts)
        axes.set(title=_title(titles, key), xlim=(-0.2, len(inits) - 0.55))
        axes.set_ylim(low - margin, high + margin)
        axes.tick_params(axis="x", pad=24 if THETA in texts[0] else 12)
        for label in axes.get_xticklabels():
            label.set_verticalalignment("baseline")
        axes.grid(visible=False, axis="x")
        _percent(axes.yaxis)
        axes.set_ylabel("test accuracy" if at_left(axes) else "")
        _label_ends(axes, len(inits) - 0.93, ends)
    legend(made, every.assign(first="weights", init="one"))
    return made


def _label_ends(axes: Axes, place: float, ends: Sequence[tuple[float, float, str]]) -> None:
    """Write the gains beside the ends of the slopes, moved apart as little as can be."""
    known = sorted(end for end in ends if not np.isnan(end[1]))
    low, high = axes.get_ylim()
    steps = GAP * (high - low) * np.arange(len(known))
    heights = isotonic_regression(np.array([end for end, _, _ in known]) - steps).x + steps
    heights = np.clip(heights, low + steps, high - steps[::-1])
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0}
    for height, (_, gain, color) in zip(heights, known, strict=True):
        axes.text(place, height, points(gain), fontsize=6.5, color=color, va="center", bbox=box)


def _keys(cells: pd.DataFrame) -> list[tuple[str, str]]:
    """The collections and tasks in their order."""
    return list(dict.fromkeys(zip(cells["collection"], cells["task"], strict=True)))


def _of(cells: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    """The cells of a collection and task."""
    return cells[(cells["collection"] == key[0]) & (cells["task"] == key[1])]


def _series(rows: pd.DataFrame, inits: Sequence[str]) -> Iterator[tuple[pd.DataFrame, Any, bool]]:
    """The rows of each cell, how they are drawn, and whether their marks are hollow."""
    for _, part in rows.groupby(CELL, sort=False):
        row = part.iloc[0]
        how = look(row["network"], row["kind"], row["first"])
        yield part, how, row["init"] in inits[1:]


def _title(titles: Mapping[str, str], key: tuple[str, str]) -> str:
    return short(f"{titles[key[0]]}, {words(key[1])}", PANEL_NAME)


def _percent(axis: Axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g}%"))
