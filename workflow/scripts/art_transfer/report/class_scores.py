"""How often each class is recognised by each network, in a form that a page can search."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.formats import SPLITS, read_csv
from art_transfer.report.runs import read_predictions
from art_transfer.report.tables import words
from art_transfer.settings import Run


def class_scores(
    runs: Sequence[Run],
    splits: Sequence[str],
    results: str,
    titles: Mapping[str, str],
    networks: Mapping[str, str],
) -> list[dict[str, Any]]:
    """For each collection and task its classes, their sizes and what each network got right.

    ``splits`` has the path of each run's split, ``titles`` the collections' names and ``networks``
    the backbones'. Each entry has ``title``, ``names`` (of the classes, sorted), ``train`` and
    ``test`` (objects of each class, added up over seeds), and ``networks``: each with ``title``,
    ``columns`` (first weights and method) and ``right`` (test objects recognised, a list over
    classes for each column, added up over seeds).
    """
    groups: dict[tuple[str, str], dict[Run, str]] = {}
    for run, split in zip(runs, splits, strict=True):
        groups.setdefault((run.collection, run.task), {})[run] = split
    found = []
    for (collection, task), group in groups.items():
        dealt = pd.concat(read_csv(path, SPLITS) for path in sorted(set(group.values())))
        sizes = dealt.groupby(["label", "split"]).size().unstack("split", fill_value=0)
        found.append(
            {
                "title": f"{titles[collection]}, {words(task)}",
                "names": list(sizes.index),
                "train": sizes["train"].tolist(),
                "test": sizes["test"].tolist(),
                "networks": _networks(list(group), sizes.index, results, networks),
            }
        )
    return found


def _networks(
    runs: Sequence[Run], names: pd.Index, results: str, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the networks of one collection and task got right."""
    right: dict[str, dict[str, NDArray[np.int64]]] = {}
    for run in runs:
        column = f"{words(run.init)} + {words(run.method)}"
        table = read_predictions(run, results)
        counts = table.loc[table["right"], "label"].value_counts().reindex(names, fill_value=0)
        cells = right.setdefault(run.backbone, {})
        cells[column] = cells.get(column, np.zeros(len(names), np.int64)) + counts.to_numpy()
    return [
        {
            "title": titles[backbone],
            "columns": list(cells),
            "right": [counts.tolist() for counts in cells.values()],
        }
        for backbone, cells in right.items()
    ]
