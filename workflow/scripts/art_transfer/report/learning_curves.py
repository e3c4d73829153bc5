"""Learning curves over the number of training objects, from one sort of first weights and another.

How many labelled objects a source museum is worth: as many as the first sort of first weights would
need to reach what another reaches with fewer.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

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
from art_transfer.report.style import COLORS, look, plain_log
from art_transfer.report.tables import network_titles, words
from art_transfer.report_settings import FigureSettings


def curves_table(wanted: FigureSettings, groups: Groups) -> pd.DataFrame:
    """One row per cell, means over its seeds, the smallest number of training objects first.

    Columns: those of CELL, ``network``, ``kind``, ``seeds``, ``train_n`` (training objects),
    ``accuracy`` with ``low`` and ``high`` (95 % interval), and ``worth``: how many training
    objects the first of the inits would need for this accuracy, on the straight lines between its
    own points over the logarithm of their number. 0 says that it has as much from its smallest
    number on; empty that it never has.
    """
    runs = read_runs(wanted.runs, wanted.results, wanted.splits, groups)
    rows = []
    for key, cell in runs.groupby(CELL, sort=False):
        low, high = accuracy_of(list(cell["tested"]), *key).interval()
        row = dict(zip(CELL, key, strict=True))
        row |= {name: cell[name].iloc[0] for name in ("network", "kind")} | {"seeds": len(cell)}
        row |= {name: cell[name].mean() for name in ("train_n", "accuracy")}
        rows.append(row | {"low": low, "high": high})
    table = pd.DataFrame(rows)
    order = {init: number for number, init in enumerate(dict.fromkeys(table["init"]))}
    table = table.sort_values(["train_n"], kind="stable").sort_values(
        ["init"], key=lambda column: column.map(order), kind="stable"
    )
    tasks = {task: number for number, task in enumerate(dict.fromkeys(r.task for r in wanted.runs))}
    table = table.sort_values("task", key=lambda c: c.map(tasks), kind="stable", ignore_index=True)
    first = table[table["init"] == next(iter(order))]
    table["worth"] = [
        _needed(first[first["task"] == task], accuracy)
        for task, accuracy in zip(table["task"], table["accuracy"], strict=True)
    ]
    return table


def _needed(curve: pd.DataFrame, accuracy: float) -> float:
    """How many training objects a curve needs to reach an accuracy for the first time."""
    sizes, reached = np.log(curve["train_n"].to_numpy(float)), curve["accuracy"].to_numpy()
    above = np.flatnonzero(reached >= accuracy)
    if not len(above):
        return float("nan")
    place = above[0]
    if place == 0:
        return float(np.exp(sizes[0])) if reached[0] == accuracy else 0.0
    before, after = reached[place - 1], reached[place]
    part = (accuracy - before) / (after - before)
    return float(np.exp(sizes[place - 1] + part * (sizes[place] - sizes[place - 1])))


def curves_grid(table: pd.DataFrame, wanted: FigureSettings) -> Grid:
    """The table for readers."""
    first = words(table["init"].iloc[0])
    header = ["Task", "First weights", "Method", "Training objects", "Accuracy", "95 % interval"]
    header.append(f"Worth, from {first}")
    groups = []
    for _, block in table.groupby(["task", "init"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [words(row[name]) for name in ("task", "init", "method")]
            span = f"{percent(row['low'])} to {percent(row['high'])}"
            worth = "never" if np.isnan(row["worth"]) else f"{row['worth']:,.0f}"
            numbers = [f"{row['train_n']:,.0f}", percent(row["accuracy"]), span]
            rows.append([Cell(text) for text in [*names, *numbers, worth]])
        groups.append(rows)
    notes = [
        "Accuracies in percent on the same test objects, whatever the number of training objects. "
        f"Worth: how many training objects {first} would need for as much, read off its own curve; "
        "0 is fewer than the fewest tried, never is more than all. It has no interval: where the "
        "curves are flat, a point of accuracy is worth many objects."
    ]
    return Grid(wanted.title, header, 3, groups, notes)


def curves_figure(table: pd.DataFrame, wanted: FigureSettings) -> Figure:
    """A panel for each task, a line for each sort of first weights. Call within ``styled``.

    Their intervals stand side by side, a little left and right of the number of objects.
    """
    tasks, inits = (list(dict.fromkeys(table[name])) for name in ("task", "init"))
    title = f"{wanted.title} ({next(iter(network_titles(table).values()))})"
    made, grid = panels(len(tasks), PANEL, title)
    for task, axes in zip(tasks, grid, strict=True):
        for place, (init, color) in enumerate(zip(inits, COLORS, strict=False)):
            part = table[(table["task"] == task) & (table["init"] == init)]
            marker = look(part["network"].iloc[0], part["kind"].iloc[0], "weights").marker
            places = part["train_n"] * 1.03 ** beside(place, len(inits))
            accuracy_line(axes, places, part, color, marker)
        axes.set(title=words(task), xscale="log", xlabel="training objects")
        axes.set_ylabel("test accuracy" if at_left(axes) else "")
        plain_log(axes.xaxis)
        percent_axis(axes.yaxis)
    handles, labels = grid[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside right upper", frameon=False)
    return made
