"""One network for all tasks beside one for each: accuracy, and the hours that both took."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.report.grid import Cell, Grid, percent
from art_transfer.report.runs import CELL
from art_transfer.report.tables import words

START = [name for name in CELL if name not in ("task", "method")]
"""What the compared networks have in common."""

HOURS = ["hours", "gpu_hours", "cpu_hours"]
MULTITASK = [*START, "method", "task", "seeds", "networks", "accuracy", *HOURS]
"""Columns of ``multitask.csv``."""

ALL = "all tasks"
"""Stands for all tasks of a method together; no task can have this name."""

KINDS = ("fine_tuning", "multitask")
"""The kinds of methods that are compared: those that train whole networks."""


def multitask(tables: Iterable[pd.DataFrame], cost: pd.DataFrame) -> pd.DataFrame:
    """Compare the whole networks of experiments (``tables.cells``) with some for all tasks.

    One row for each task of each method, then one for all: columns MULTITASK. ``accuracy`` is the
    mean over seeds, of all tasks the mean of theirs; ``networks`` is how many were trained for one
    seed, ``hours`` what that took in the mean, the test included, from ``cost.csv``; those of a
    network for all tasks stand in the row of all. Only first weights and networks that such a
    method was tried on are there.
    """
    spent = cost[cost["what"].isin(["run", "joint"])].groupby(CELL)[HOURS].mean()
    hours = dict(zip(spent.index, spent.to_numpy(), strict=True))
    cells, rows = pd.concat(tables).drop_duplicates(CELL), []
    for start, block in cells[cells["kind"].isin(KINDS)].groupby(START, sort=False):
        if "multitask" in set(block["kind"]):
            rows += _rows(block, hours, dict(zip(START, map(str, start), strict=True)))
    return pd.DataFrame(rows).reindex(columns=MULTITASK)


def _rows(
    block: pd.DataFrame,
    hours: Mapping[tuple[str, ...], NDArray[np.float64]],
    start: Mapping[str, str],
) -> list[dict[str, object]]:
    """The rows of one start."""
    rows: list[dict[str, object]] = []
    for method, cells in block.groupby("method", sort=False):
        joint, seeds = (cells["kind"] == "multitask").all(), int(cells["seeds"].iloc[0])
        own = [
            hours[start["collection"], task, start["backbone"], start["init"], str(method)]
            for task in cells["task"]
        ]
        for task, accuracy, spent in zip(cells["task"], cells["accuracy"], own, strict=True):
            about = {"task": task, "seeds": seeds, "networks": int(not joint)}
            times = dict(zip(HOURS, spent, strict=True))
            rows.append({**start, "method": method, **about, "accuracy": accuracy, **times})
        total = np.sum(own, axis=0)
        if joint:
            key = (start["collection"], "", start["backbone"], start["init"], str(method))
            total = total + hours[key]
        about = {"task": ALL, "seeds": seeds, "networks": 1 if joint else len(own)}
        mean = cells["accuracy"].mean()
        times = dict(zip(HOURS, total, strict=True))
        rows.append({**start, "method": method, **about, "accuracy": mean, **times})
    return rows


def multitask_table(
    table: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """The comparison for readers; ``titles`` of the collections, ``networks`` of the backbones."""
    tasks = [task for task in dict.fromkeys(table["task"]) if task != ALL]
    unit = "gpu_hours" if (table["gpu_hours"] > 0).any() else "cpu_hours"
    hours = "GPU-hours" if unit == "gpu_hours" else "CPU-hours"
    header = ["Collection", "Network", "Init", "Method", "networks", *map(words, tasks), "mean"]
    groups = []
    for start, block in table.groupby(START, sort=False):
        collection, backbone, init = map(str, start)
        rows = []
        for method, cells in block.groupby("method", sort=False):
            found = cells.set_index("task")
            accuracies = [
                percent(found["accuracy"][task]) if task in found.index else "–"
                for task in [*tasks, ALL]
            ]
            names = [titles[collection], networks[backbone], words(init), words(str(method))]
            all_ = found.loc[ALL]
            numbers = [str(all_["networks"]), *accuracies, f"{all_[unit]:.4g}"]
            rows.append([Cell(text) for text in [*names, *numbers]])
        groups.append(rows)
    notes = [
        "Test accuracies in percent, on the same test objects in a column. networks: how many were "
        f"trained for one seed; {hours}: what that took for one seed, tests included. How much one "
        "method gains over another on each task, with intervals: the table of gains.",
        "A network for all tasks is trained on fewer objects: on none that any of its tasks tests "
        "or validates on.",
    ]
    return Grid("One network for all tasks, and one for each", [*header, hours], 4, groups, notes)
