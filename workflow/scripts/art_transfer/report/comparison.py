"""Published numbers beside reproduced ones."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.formats import read_csv
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import CELL
from art_transfer.report.statistics import Span, printed
from art_transfer.report.tables import words

PUBLISHED = ["table", "page", *CELL, "split", "accuracy", "note"]
"""Columns of a CSV of published accuracies (0-1); ``split`` says on which objects."""

TABLE1 = [
    *["table", "page", "collection", "task", "objects", "classes", "public"],
    *["other_collection", "shared_classes", "note"],
]
"""Columns of the published Table 1; ``public`` is ``no`` where the sample cannot be had, so that a
study draws one of its own; ``shared_classes`` is a share (0-1) with the other collection."""

KEY = [*CELL, "split"]

TESTED_SHARE = 0.1
"""Validation and test set are a tenth of the objects each (paper, section 2.2)."""

COMPARISON = [
    *[*CELL, "over", "split", "published", "reproduced", "difference", "low", "high", "verdict"],
    *["seeds", "table", "page", "note", "runs"],
]

INSIDE, OUTSIDE, NEITHER = "inside", "outside", "–"


def read_published(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Read published accuracies; none give an empty table. Columns: PUBLISHED.

    Raises StudyError where a column is missing, an accuracy is outside 0-1, or one table has two
    numbers for one cell.
    """
    tables = []
    for path in paths:
        table = read_csv(path, PUBLISHED)
        text = ["table", *CELL, "split", "note"]
        table[text] = table[text].fillna("")
        wrong = table[~table["accuracy"].between(0, 1)]
        if len(wrong):
            raise StudyError(
                f"{path}: accuracy is {wrong['accuracy'].iloc[0]} in row {wrong.index[0] + 2}; "
                "expected a share from 0 to 1"
            )
        double = table[table.duplicated(KEY)]
        if len(double):
            raise StudyError(
                f"{path}: row {double.index[0] + 2} is the second one for "
                f"{'/'.join(double[KEY].iloc[0])}; expected one number for each cell"
            )
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=PUBLISHED)


def read_table1(path: str | Path) -> pd.DataFrame:
    """Read the published sizes of the collections. Columns: TABLE1."""
    table = read_csv(path, TABLE1)
    text = ["table", "collection", "task", "public", "other_collection", "note"]
    return table.assign(**{name: table[name].fillna("") for name in text})


def compare(
    published: pd.DataFrame,
    table1: pd.DataFrame | None,
    reproduced: pd.DataFrame,
    gains: pd.DataFrame,
) -> pd.DataFrame:
    """Every accuracy that is published or reproduced, once, then the gains; columns: COMPARISON.

    ``published`` and ``table1`` as read here, ``reproduced`` the cells of all experiments
    (``tables.cells``), where doubles count once, ``gains`` as ``gains.gains`` gives them. Test
    accuracies meet test accuracies; a validation accuracy meets the reproduced one at the chosen
    epoch. ``over`` is empty for an accuracy; for a gain it is the init/method that the cell gains
    over. Gains of which one side was not published are left out.

    ``low`` and ``high`` are the 95 % interval of ``difference`` (reproduced minus published), in
    which the published test set, a tenth of Table 1's N, has its sampling error too. ``verdict``
    is ``inside`` where zero lies in it, else ``outside``; it is a dash where there is none, and
    for accuracies on a sample that is not public: another sample has another level, and only
    the gains can be compared.
    """
    sizes, own = _sizes(table1)
    rows = [_level(row, sizes, own) for row in _meeting(published, reproduced)]
    known = {tuple(row[name] for name in KEY): row for row in published.to_dict("records")}
    rows += [
        _gain(row, *sides, sizes)
        for row in gains.to_dict("records")
        if (sides := _sides(row, known)) is not None
    ]
    table = pd.DataFrame(rows, columns=COMPARISON)
    for name in ("seeds", "page"):
        table[name] = table[name].astype("Int64")
    return table


def _sizes(table1: pd.DataFrame | None) -> tuple[dict[tuple[str, str], float], set[str]]:
    """The published test objects by collection and task, and the collections drawn anew."""
    records = [] if table1 is None else table1.to_dict("records")
    sizes = {(r["collection"], r["task"]): r["objects"] * TESTED_SHARE for r in records}
    return sizes, {r["collection"] for r in records if r["public"] == "no"}


def _meeting(published: pd.DataFrame, reproduced: pd.DataFrame) -> list[dict[Any, Any]]:
    """Published and reproduced accuracies of one cell and split in one row, the published first."""
    ours = _long(reproduced.drop_duplicates(CELL), published)
    theirs = published.assign(place=range(len(published)))
    found = theirs.merge(ours, on=KEY, how="outer", validate="many_to_one")
    found = found.sort_values(["place", "our_place"], ignore_index=True)  # empty places come last
    return found.to_dict("records")


def _level(
    row: dict[Any, Any], sizes: Mapping[tuple[str, str], float], own: set[str]
) -> dict[str, Any]:
    """A row of the comparison for an accuracy."""
    n = sizes.get((row["collection"], row["task"]), np.nan)
    theirs = printed(row["accuracy"], n)
    ours = Span(row["reproduced"], row["reproduced_low"], row["reproduced_high"])
    names = {name: row[name] for name in [*KEY, "seeds", "runs", "table", "page", "note"]}
    return names | {"over": ""} | _compared(theirs, ours, row["collection"] in own)


def _sides(
    row: dict[Any, Any], known: Mapping[tuple[Any, ...], dict[Any, Any]]
) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
    """The published numbers that a gain is the difference of, if there are both."""
    start = (row["collection"], row["task"], row["backbone"])
    of, over = (known.get((*start, *row[side].split("/"), "test")) for side in ("of", "over"))
    return (of, over) if of and over else None


def _gain(
    row: dict[Any, Any],
    of: dict[Any, Any],
    over: dict[Any, Any],
    sizes: Mapping[tuple[str, str], float],
) -> dict[str, Any]:
    """A row of the comparison for a gain.

    The published networks were tested on the same objects, but nobody knows which they got right;
    as if they had been tested on different ones, the interval is rather too wide.
    """
    n = sizes.get((row["collection"], row["task"]), np.nan)
    theirs = printed(of["accuracy"], n) - printed(over["accuracy"], n)
    names = {name: of[name] for name in [*KEY, "table", "page"]}
    names |= {"note": "; ".join(dict.fromkeys(filter(None, (of["note"], over["note"]))))}
    names |= {"over": row["over"], "seeds": row["seeds"]}
    names |= {"runs": f"{row['runs_of']} {row['runs_over']}"}
    return names | _compared(theirs, Span(row["gain"], row["low"], row["high"]), False)


def _compared(theirs: Span, ours: Span, other_sample: bool) -> dict[str, Any]:
    """The numbers of a row, and its verdict."""
    found = ours - theirs
    verdict = INSIDE if found.low <= 0 <= found.high else OUTSIDE
    known = not (other_sample or np.isnan([found.low, found.high]).any())
    return {
        "published": theirs.value,
        "reproduced": ours.value,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "verdict": verdict if known else NEITHER,
    }


def comparison_tables(
    table: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> list[Grid]:
    """The comparison for readers; ``titles`` of collections, ``networks`` of backbones.

    Only what was published, first the accuracies, then, if there are any, the gains.
    """
    published = table[table["table"].notna()]
    lacking = table["table"].isna() & (table["over"].fillna("") == "")
    records = published.astype(object).where(published.notna(), None).to_dict("records")
    numbers = ["published", "reproduced", "difference", "95 % interval", "seeds", "zero is"]
    start = ["Published in", "Collection", "Task", "Network"]
    levels = [
        "Accuracies in percent, differences in percentage points, reproduced minus published. "
        "Intervals have the sampling error of both test sets; the published number stands for one "
        "training, whose spread nobody knows. Another museum release can differ by more.",
        "A dash in the last column: nothing to compare with, or a sample that is not public and "
        "was drawn anew, of which only the gains are compared.",
    ]
    if lacking.any():
        levels.append(f"Not published, and in comparison.csv alone: {lacking.sum()} accuracies.")
    gains = [
        "Differences of two accuracies in percentage points. Nobody knows which objects the "
        "published networks both got right, so these intervals are rather too wide."
    ]
    grids = []
    ways = ["First weights", "Method", "Split"]
    for caption, of_gains, header, below in (
        ("Published and reproduced accuracies", False, ways, levels),
        ("Published and reproduced gains", True, ["Gain of", "over"], gains),
    ):
        groups: dict[tuple[str, str, str], list[list[Cell]]] = {}
        notes: dict[str, int] = {}
        for row in records:
            if bool(row["over"]) == of_gains:
                place = (row["table"], row["collection"], row["task"])
                cells = [Cell(text) for text in _texts(row, titles, networks, notes)]
                groups.setdefault(place, []).append(cells)
        below = below + [f"[{number}] {note}." for note, number in notes.items()]
        names = [*start, *header]
        grids.append(Grid(caption, names + numbers, len(names), list(groups.values()), below))
    return [grid for grid in grids if grid.groups] or grids[:1]


def _texts(
    row: Mapping[Any, Any],
    titles: Mapping[str, str],
    networks: Mapping[str, str],
    notes: dict[str, int],
) -> list[str]:
    """A row for readers; ``notes`` numbers the notes as they come."""
    place = f"{row['table']}, p. {row['page']}"
    if row["note"]:
        place += f" [{notes.setdefault(row['note'], len(notes) + 1)}]"
    names = [place, titles.get(row["collection"], row["collection"]), words(row["task"])]
    names += [networks.get(row["backbone"], row["backbone"])]
    show = points if row["over"] else percent
    if row["over"]:
        names += [words(f"{row['init']} + {row['method']}"), words(row["over"].replace("/", " + "))]
    else:
        names += [words(row["init"]), words(row["method"]), row["split"]]
    numbers = ["–" if row[n] is None else show(row[n]) for n in ("published", "reproduced")]
    numbers.append("–" if row["difference"] is None else points(row["difference"]))
    known = row["low"] is not None
    numbers.append(f"{points(row['low'])} to {points(row['high'])}" if known else "–")
    return names + numbers + ["–" if row["seeds"] is None else str(row["seeds"]), row["verdict"]]


def _long(reproduced: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Reproduced test accuracies, and those validation accuracies that were published."""
    columns = [*CELL, "seeds", "runs"]
    test = reproduced[columns].assign(
        split="test",
        reproduced=reproduced["accuracy"],
        reproduced_low=reproduced["accuracy_low"],
        reproduced_high=reproduced["accuracy_high"],
    )
    # which validation objects a run gets right is not kept, so the spread of seeds is not known
    one = reproduced["validation_n"].where(reproduced["seeds"] == 1, 0)
    spans = [printed(*pair) for pair in zip(reproduced["validation_accuracy"], one, strict=True)]
    validation = reproduced[columns].assign(
        split="validation",
        reproduced=reproduced["validation_accuracy"],
        reproduced_low=[span.low for span in spans],
        reproduced_high=[span.high for span in spans],
    )
    asked = published.loc[published["split"] == "validation", CELL].drop_duplicates()
    both = pd.concat([test, validation.merge(asked, on=CELL, how="inner")], ignore_index=True)
    return both.assign(our_place=range(len(both)))
