"""Accuracy by class size, calibration and all scores as tables for readers."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from art_transfer.report.classes import RARE
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import CELL, SCORES
from art_transfer.report.tables import trained, words

SCORE_TITLES = ("accuracy", "top-5 accuracy", "balanced accuracy", "macro F1")


def size_title(at_least: float, below: float) -> str:
    """A bin of class sizes in words."""
    if not at_least:
        return f"under {below:.0f}"
    return f"{at_least:.0f} or more" if np.isinf(below) else f"{at_least:.0f}–{below - 1:.0f}"


def sizes_table(
    table: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """Accuracy by class size, a column for each bin; ``table`` as ``classes.class_sizes`` gives it.

    ``titles`` are the collections' names for readers, ``networks`` the backbones'.
    """
    bins = table[["at_least", "below"]].drop_duplicates().sort_values("at_least")
    header = ["Collection", "Task", "Network", "Trained"]
    header += [size_title(*row) for row in bins.itertuples(index=False)]
    header += [f"in classes under {RARE}"]
    groups = []
    for (collection, task), block in table.groupby(["collection", "task"], sort=False):
        start = [Cell(titles[str(collection)]), Cell(words(str(task)))]
        rows: list[list[Cell]] = []
        sizes: list[str] = []
        for cell in _cells(block):
            by_bin = cell.set_index("at_least")
            found = [by_bin.loc[at] if at in by_bin.index else None for at in bins["at_least"]]
            rare = cell[cell["below"] <= RARE]
            counts = [f"{b['n']} ({b['classes']})" if b is not None else "–" for b in found]
            counts.append(f"{100 * rare['share_of_objects'].sum():.1f} % of objects")
            if counts != sizes:  # the first row, or one that was trained on another share of them
                sizes = counts
                rows.append([*start, *map(Cell, ["Test objects (classes)", "", *counts])])
            accuracies = [_with_interval(b) if b is not None else "–" for b in found]
            share = f"{100 * rare['share_of_errors'].sum():.1f} % of errors"
            texts = [*_network_and_training(cell, networks), *accuracies, share]
            rows.append([*start, *map(Cell, texts)])
        groups.append(rows)
    notes = [
        "Test accuracy in percent by the number of training objects of the true class. In "
        "brackets: 95 % interval (Wilson), of other objects of the same classes; each prediction "
        "counts as one object's. Test objects are counted anew where the rows below them were "
        "trained on other shares of a class.",
        "Were rare classes as easy as others, their share of the errors would be their share of "
        "the objects.",
    ]
    return Grid("Accuracy by class size", header, 4, groups, notes)


def calibration_table(
    table: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """How sure each network is and how often right; ``table`` as ``classes.calibration``'s bins."""
    header = ["Collection", "Task", "Network", "Trained"]
    header += ["accuracy", "mean probability", "difference", "calibration error", "n"]
    groups = []
    for (collection, task), block in table.groupby(["collection", "task"], sort=False):
        rows = []
        for cell in _cells(block):
            accuracy, sure = (
                float(np.average(cell[name], weights=cell["n"]))
                for name in ("accuracy", "probability")
            )
            texts = [titles[str(collection)], words(str(task))]
            texts += _network_and_training(cell, networks)
            texts += [percent(accuracy), percent(sure), points(sure - accuracy)]
            texts += [percent(cell["ece"].iloc[0]), str(cell["n"].sum())]
            rows.append([Cell(text) for text in texts])
        groups.append(rows)
    notes = [
        "In percent. Probability: the network's own, of the class that it predicts, on the test "
        "objects. Difference above zero: the network is surer than it is right. Calibration error: "
        "the expected one, in bins of a tenth."
    ]
    return Grid("Calibration", header, 4, groups, notes)


def scores_table(
    runs: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """All scores on the test objects; ``runs`` as ``runs.read_runs`` gives them."""
    groups, seeds = [], 1
    for (collection, task), block in runs.groupby(["collection", "task"], sort=False):
        rows = []
        for cell in _cells(block):
            texts = [titles[str(collection)], words(str(task))]
            texts += _network_and_training(cell, networks)
            texts += [_over_seeds(cell[name]) for name in SCORES]
            rows.append([Cell(text) for text in [*texts, str(cell["n"].sum())]])
            seeds = max(seeds, len(cell))
        groups.append(rows)
    notes = [
        "In percent. Top-5: the true class is among the five likeliest. Balanced accuracy: mean of "
        "the classes' recalls. Macro F1: mean of the classes' F1. Both take each class as one, "
        "however small. n: test objects, summed over seeds."
    ]
    if seeds > 1:
        notes.append(f"Mean ± standard deviation over {seeds} seeds.")
    header = ["Collection", "Task", "Network", "Trained", *SCORE_TITLES, "n"]
    return Grid("All scores", header, 4, groups, notes)


def _cells(block: pd.DataFrame) -> Iterator[pd.DataFrame]:
    return (cell for _, cell in block.groupby(CELL, sort=False))


def _network_and_training(cell: pd.DataFrame, networks: Mapping[str, str]) -> list[str]:
    row = cell.iloc[0]
    return [networks[row["backbone"]], trained(row["init"], row["method"])]


def _with_interval(row: Mapping[Any, Any]) -> str:
    low, high = (f"{100 * row[name]:.1f}" for name in ("low", "high"))
    return f"{100 * row['accuracy']:.1f} ({low}–{high})"


def _over_seeds(scores: pd.Series) -> str:
    spread = f" ± {percent(scores.std(ddof=1))}" if len(scores) > 1 else ""
    return percent(scores.mean()) + spread
