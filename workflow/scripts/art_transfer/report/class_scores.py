"""How often each class is recognised by each network, in a form that a page can search."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from art_transfer.formats import SPLITS, read_csv
from art_transfer.report.runs import CELL, read_predictions
from art_transfer.report.tables import words
from art_transfer.settings import Run

COUNTED = [*CELL, "class", "train", "test", "right"]
"""What the page needs of each cell and class: the training objects, the test objects, and those of
them that the networks got right, added up over seeds."""


def count(runs: Sequence[Run], splits: Sequence[str], results: str) -> pd.DataFrame:
    """Count predictions by class; columns: COUNTED. ``splits`` has the path of each run's split."""
    dealt = {path: _sizes(read_csv(path, SPLITS)) for path in set(splits)}
    parts = []
    for run, path in zip(runs, splits, strict=True):
        table = read_predictions(run, results)
        right = table.loc[table["right"], "label"].value_counts()
        part = dealt[path].assign(right=right.reindex(dealt[path].index, fill_value=0))
        parts.append(part.reset_index().assign(**{name: getattr(run, name) for name in CELL}))
    every = pd.concat(parts, ignore_index=True)
    return every.groupby([*CELL, "class"], sort=False, as_index=False).sum()[COUNTED]


def class_scores(
    counted: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """For each collection and task its classes, their sizes and what each network got right.

    ``counted`` has the columns COUNTED; ``titles`` are the collections' names and ``networks`` the
    backbones'. Each entry has ``title``, ``names`` (of the classes, sorted), ``train``, ``test``
    and ``networks``: each with ``title``, ``columns`` (first weights and method) and ``right`` (a
    list over the classes for each column).
    """
    found = []
    for key, group in counted.groupby(["collection", "task"], sort=False):
        collection, task = map(str, key)
        sizes = group.drop_duplicates("class").set_index("class").sort_index()
        found.append(
            {
                "title": f"{titles[collection]}, {words(task)}",
                "names": sizes.index.tolist(),
                "train": sizes["train"].tolist(),
                "test": sizes["test"].tolist(),
                "networks": [
                    {"title": networks[str(backbone)], **_columns(cells, sizes.index)}
                    for backbone, cells in group.groupby("backbone", sort=False)
                ],
            }
        )
    return found


def _sizes(split: pd.DataFrame) -> pd.DataFrame:
    """Training and test objects by class."""
    counts = split.groupby(["label", "split"]).size().unstack("split", fill_value=0)
    return counts.rename_axis("class")[["train", "test"]]


def _columns(cells: pd.DataFrame, names: pd.Index) -> dict[str, Any]:
    """What one network got right, for each of its first weights and methods."""
    columns, right = [], []
    for (init, method), cell in cells.groupby(["init", "method"], sort=False):
        columns.append(f"{words(str(init))} + {words(str(method))}")
        counts = cell.set_index("class")["right"].reindex(names, fill_value=0)
        right.append(counts.astype(int).tolist())
    return {"columns": columns, "right": right}
