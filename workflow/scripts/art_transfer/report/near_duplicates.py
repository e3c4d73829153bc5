"""What near-duplicates do to the scores: test objects that training has as good as seen."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import pandas as pd

from art_transfer.job_settings import UsedSplit
from art_transfer.prepare.splits import trained_on, used_split
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import CELL, read_predictions
from art_transfer.report.tables import words
from art_transfer.report_settings import DuplicatesSettings

SCORES_WITHOUT = [
    *[*CELL, "seed", "n", "groups", "in_train", "in_source", "n_without"],
    *["accuracy", "accuracy_without", "difference", "run"],
]
"""Columns of the table."""


def scores_without(
    wanted: DuplicatesSettings, groups: Mapping[str, pd.DataFrame], pairs: pd.DataFrame
) -> pd.DataFrame:
    """Each run's accuracy with and without test objects that it may have seen; SCORES_WITHOUT.

    ``groups`` are the near-duplicates of each museum (formats.DUPLICATES), ``pairs`` those
    between museums (formats.BETWEEN). ``groups`` counts groups with objects in both train and
    test, ``in_train`` the test objects that have a near-duplicate in train, ``in_source`` those
    that have one in a museum, whatever its split, that the first weights were trained on.
    ``accuracy_without`` (0-1) leaves both out; it is empty where nothing is left.
    """
    rows = []

    @cache  # many runs share one
    def read(used: UsedSplit) -> tuple[set[str], set[str]]:
        split = used_split(used)
        test = split.loc[split["split"] == "test", "object_id"]
        return set(test), trained_on(used, split)

    for run, used, sources in zip(wanted.runs, wanted.splits, wanted.sources, strict=True):
        test, trained = read(used)
        straddling, in_train = seen_in_train(test, trained, groups[run.collection])
        in_source = seen_in_sources(run.collection, sources, pairs) & test
        predictions = read_predictions(run, wanted.results)
        kept = predictions[~predictions["object_id"].isin(in_train | in_source)]
        accuracy = float(predictions["right"].mean())
        without = float(kept["right"].mean()) if len(kept) else None
        rows.append(
            asdict(run)
            | {
                "n": len(predictions),
                "groups": straddling,
                "in_train": len(in_train),
                "in_source": len(in_source),
                "n_without": len(kept),
                "accuracy": accuracy,
                "accuracy_without": without,
                "difference": None if without is None else without - accuracy,
                "run": run.folder,
            }
        )
    return pd.DataFrame(rows, columns=SCORES_WITHOUT)


def seen_in_train(test: set[str], trained: set[str], groups: pd.DataFrame) -> tuple[int, set[str]]:
    """How many groups have objects in train and in test, and which test objects those are."""
    known = groups.loc[groups["object_id"].isin(trained), "group"]
    tested = groups[groups["object_id"].isin(test) & groups["group"].isin(known)]
    return tested["group"].nunique(), set(tested["object_id"])


def seen_in_sources(collection: str, sources: Sequence[str], pairs: pd.DataFrame) -> set[str]:
    """The objects of a museum that have a near-duplicate in one of these others."""
    here = pairs[(pairs["collection"] == collection) & pairs["other_collection"].isin(sources)]
    there = pairs[(pairs["other_collection"] == collection) & pairs["collection"].isin(sources)]
    return set(here["object_id"]) | set(there["other_id"])


def duplicates_tables(
    scores: pd.DataFrame,
    groups: Mapping[str, pd.DataFrame],
    pairs: pd.DataFrame,
    titles: Mapping[str, str],
) -> list[Grid]:
    """The tables for readers: within museums, between them, and the runs that they touch."""
    within = [
        [Cell(text) for text in (titles[name], *_counted(table, table["group"].nunique()))]
        for name, table in groups.items()
    ]
    header = ["Collection", "Groups", "Objects", "by image", "by number", "by title"]
    grids = [Grid("Near-duplicates within a collection", header, 1, [within])]
    across = [
        [
            Cell(text)
            for text in (titles[str(one)], titles[str(other)], *_counted(table, len(table)))
        ]
        for (one, other), table in pairs.groupby(["collection", "other_collection"])
    ]
    header = ["Collection", "and", "Pairs", "Objects", "by image", "by number", "by title"]
    note = (
        "Objects are those of the first collection. Pairs of collections without any are left out."
    )
    grids.append(Grid("Near-duplicates between collections", header, 2, [across], [note]))
    touched = scores[(scores["in_train"] > 0) | (scores["in_source"] > 0)]
    rows = [[Cell(text) for text in _run(row, titles)] for row in touched.to_dict("records")]
    header = ["Collection", "Task", "Network", "Init", "Method", "Seed", "groups"]
    header += ["in train", "in source", "n", "accuracy", "without them", "difference"]
    notes = [
        "groups: of near-duplicates with objects in train and in test. in train, in source: test "
        "objects with a near-duplicate among the training objects, or in a museum that the first "
        "weights were trained on. Accuracies in %, differences in points.",
        f"{len(scores) - len(touched)} of {len(scores)} runs have no such test object. "
        "Museums that files of first weights were trained on (`saw`) are not here to be compared.",
    ]
    grids.append(Grid("Test accuracy without near-duplicates", header, 6, [rows], notes))
    return grids


def _counted(table: pd.DataFrame, number: int) -> list[str]:
    hows = (table["how"].str.split().map(lambda how, kind=kind: kind in how).sum() for kind in _HOW)
    return [f"{count:,}" for count in (number, table["object_id"].nunique(), *hows)]


def _run(row: Mapping[Hashable, Any], titles: Mapping[str, str]) -> list[str]:
    names = [titles[row["collection"]], *(words(row[name]) for name in CELL[1:])]
    counts = [f"{row[name]:,}" for name in ("groups", "in_train", "in_source", "n")]
    without = row["accuracy_without"]
    scores = ["–", "–"] if pd.isna(without) else [percent(without), points(row["difference"])]
    return [*names, str(row["seed"]), *counts, percent(row["accuracy"]), *scores]


_HOW = ("image", "number", "title")
