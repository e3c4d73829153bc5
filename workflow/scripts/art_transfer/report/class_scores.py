"""How often each class is recognised by each network, in a form that a page can search."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from art_transfer.report.runs import CELL
from art_transfer.report.tables import words

COUNTED = [*CELL, "class", "train", "test", "right"]
"""Columns of ``classes.csv`` that the page needs: of each cell and class the training objects, the
test objects, and those of them that the networks got right, the last two added up over seeds."""


def class_scores(
    counted: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """For each collection and task its classes, their sizes and what each network got right.

    ``counted`` has the columns COUNTED; a class's training objects are the most that a cell had.
    ``titles`` are the collections' names and ``networks`` the backbones'. Each entry has ``title``,
    ``names`` (of the classes, sorted), ``train``, ``test`` and ``networks``: each with ``title``,
    ``columns`` (first weights and method) and ``right`` (a list over the classes for each column).
    """
    found = []
    for key, group in counted.groupby(["collection", "task"], sort=False):
        collection, task = map(str, key)
        sizes = group.groupby("class")[["train", "test"]].max()
        found.append(
            {
                "title": f"{titles[collection]}, {words(task)}",
                "names": sizes.index.tolist(),
                "train": sizes["train"].round().astype(int).tolist(),
                "test": sizes["test"].tolist(),
                "networks": [
                    {"title": networks[str(backbone)], **_columns(cells, sizes.index)}
                    for backbone, cells in group.groupby("backbone", sort=False)
                ],
            }
        )
    return found


def _columns(cells: pd.DataFrame, names: pd.Index) -> dict[str, Any]:
    """What one network got right, for each of its first weights and methods."""
    columns, right = [], []
    for (init, method), cell in cells.groupby(["init", "method"], sort=False):
        columns.append(f"{words(str(init))} + {words(str(method))}")
        counts = cell.set_index("class")["right"].reindex(names, fill_value=0)
        right.append(counts.astype(int).tolist())
    return {"columns": columns, "right": right}
