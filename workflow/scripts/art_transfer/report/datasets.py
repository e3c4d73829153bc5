"""Table 1: how many objects and classes there are, what each filter left, and what is shared."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from art_transfer.prepare.splits import SPLIT_NAMES
from art_transfer.prepare.values import key as class_key
from art_transfer.report.grid import Cell, Grid
from art_transfer.report.tables import words

EVERYWHERE = "in all three splits"
"""The last filter's step: only classes that occur in all three (paper, section 2.2)."""

SHARED = "shared with"

DATASETS = [
    *["collection", "task", "step", "other_collection", "objects", "classes"],
    *["share_of_objects", "share_of_classes", "share_of_union"],
    *["published_objects", "published_classes", "published_share"],
]

Key = tuple[str, str]


def datasets(
    filters: Mapping[Key, pd.DataFrame],
    splits: Mapping[Key, pd.DataFrame],
    table1: pd.DataFrame | None,
) -> pd.DataFrame:
    """Table 1 in tidy form; columns: DATASETS.

    ``filters`` and ``splits`` are keyed by (collection, task): what the labels job counted (step,
    objects, classes) and one seed's split (object_id, label, split). ``table1`` is the published
    one (``comparison.read_table1``) or None. For each key there is a row for each filter, then
    one for the classes that occur in all three splits, beside the published N and Q, one for each
    split, and one for each other collection with the same task: the classes that both have, the
    objects here of these classes, and their shares (0-1) of the objects and classes here, and of
    the classes that either has. Classes are compared without regard to case.
    """
    rows: list[dict[str, Any]] = []
    for (collection, task), counted in filters.items():
        split, start = splits[collection, task], {"collection": collection, "task": task}
        for step in counted[counted["step"] != EVERYWHERE].to_dict("records"):
            rows.append(start | {name: step[name] for name in ("step", "objects", "classes")})
        rows.append(start | _counts(EVERYWHERE, split) | _published(table1, collection, task))
        for name in SPLIT_NAMES:
            rows.append(start | _counts(name, split[split["split"] == name]))
        for other, its_task in splits:
            if its_task == task and other != collection:
                shared = _shared(split, splits[other, task])
                published = _published_share(table1, collection, task, other)
                rows.append(start | {"other_collection": other} | shared | published)
    table = pd.DataFrame(rows).reindex(columns=DATASETS)
    for name in ("objects", "classes", "published_objects", "published_classes"):
        table[name] = pd.to_numeric(table[name]).astype("Int64")
    return table


def datasets_tables(table: pd.DataFrame, titles: Mapping[str, str]) -> list[Grid]:
    """Tables for readers: sizes, filters, overlaps if there are any, with collections' titles."""
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    grids = [make(records, titles) for make in (_sizes, _filters, _overlaps)]
    return [grid for grid in grids if grid.groups]


def _counts(step: str, split: pd.DataFrame) -> dict[str, Any]:
    return {"step": step, "objects": len(split), "classes": split["label"].nunique()}


def _published(table1: pd.DataFrame | None, collection: str, task: str) -> dict[str, Any]:
    """Published N and Q, if there are any."""
    for row in _rows(table1, collection, task):
        return {"published_objects": row["objects"], "published_classes": row["classes"]}
    return {}


def _published_share(
    table1: pd.DataFrame | None, collection: str, task: str, other: str
) -> dict[str, Any]:
    """The published share of common classes, which stands with one of the two collections."""
    for row in _rows(table1, collection, task):
        if row["other_collection"] == other:
            return {"published_share": row["shared_classes"]}
    return {}


def _rows(table1: pd.DataFrame | None, collection: str, task: str) -> Iterator[dict[Any, Any]]:
    if table1 is not None:
        here = (table1["collection"] == collection) & (table1["task"] == task)
        yield from table1[here].to_dict("records")


def _shared(here: pd.DataFrame, there: pd.DataFrame) -> dict[str, Any]:
    """What of ``here`` belongs to a class that is also ``there``."""
    labels = here["label"].map(class_key)
    ours, theirs = set(labels), set(there["label"].map(class_key))
    both, objects = ours & theirs, int(labels.isin(theirs).sum())
    return {
        "step": SHARED,
        "objects": objects,
        "classes": len(both),
        "share_of_objects": objects / len(here),
        "share_of_classes": len(both) / len(ours),
        "share_of_union": len(both) / len(ours | theirs),
    }


def _sizes(records: list[dict[Any, Any]], titles: Mapping[str, str]) -> Grid:
    """The paper's Table 1, with the published numbers beside where there are any."""
    published = any(row["published_objects"] is not None for row in records)
    header = ["Task", "Collection", "N", "Q"] + ["published N", "published Q"] * published
    header += [f"{name} N" for name in SPLIT_NAMES]
    sizes = {(r["collection"], r["task"], r["step"]): r["objects"] for r in records}
    groups: dict[str, list[list[Cell]]] = {}
    for row in records:
        if row["step"] == EVERYWHERE:
            collection, task = row["collection"], row["task"]
            numbers = [row["objects"], row["classes"]]
            numbers += [row["published_objects"], row["published_classes"]] * published
            numbers += [sizes[collection, task, name] for name in SPLIT_NAMES]
            texts = [words(task), titles[collection], *map(_number, numbers)]
            groups.setdefault(task, []).append([Cell(text) for text in texts])
    note = "N objects and Q classes that networks are trained and tested on, in all three splits "
    note += "of the first seed."
    return Grid("Objects and classes", header, 2, list(groups.values()), [note])


def _filters(records: list[dict[Any, Any]], titles: Mapping[str, str]) -> Grid:
    """What each filter left."""
    groups: dict[Key, list[list[Cell]]] = {}
    for row in records:
        if row["step"] not in (SHARED, *SPLIT_NAMES):
            key = (row["collection"], row["task"])
            texts = [titles[key[0]], words(key[1]), row["step"]]
            texts += [_number(row["objects"]), _number(row["classes"])]
            groups.setdefault(key, []).append([Cell(text) for text in texts])
    header = ["Collection", "Task", "Step", "objects", "classes"]
    return Grid("What each filter left", header, 3, list(groups.values()))


def _overlaps(records: list[dict[Any, Any]], titles: Mapping[str, str]) -> Grid:
    """What pairs of collections share."""
    published = any(row["published_share"] is not None for row in records)
    header = ["Task", "Collection", "shared with", "classes", "of its classes", "of the union"]
    header += ["of its objects"] + ["published"] * published
    groups: dict[str, list[list[Cell]]] = {}
    for row in records:
        if row["step"] == SHARED:
            task, other = row["task"], row["other_collection"]
            shares = [row["share_of_classes"], row["share_of_union"], row["share_of_objects"]]
            shares += [row["published_share"]] * published
            texts = [words(task), titles[row["collection"]], titles[other]]
            texts += [_number(row["classes"])]
            texts += ["–" if share is None else f"{100 * share:.1f} %" for share in shares]
            groups.setdefault(task, []).append([Cell(text) for text in texts])
    note = "Classes with the same name, without regard to case, among those in all three splits."
    return Grid("Classes that two collections share", header, 3, list(groups.values()), [note])


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,.0f}"
