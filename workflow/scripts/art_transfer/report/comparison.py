"""Published numbers beside reproduced ones."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from art_transfer.errors import StudyError
from art_transfer.formats import read_csv
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import CELL
from art_transfer.report.tables import words

PUBLISHED = ["table", "page", *CELL, "split", "accuracy", "note"]
"""Columns of a CSV of published accuracies (0-1); ``split`` says on which objects."""

TABLE1 = [
    *["table", "page", "collection", "task", "objects", "classes"],
    *["other_collection", "shared_classes", "note"],
]
"""Columns of the published Table 1; ``shared_classes`` is a share (0-1) with the other one."""

KEY = [*CELL, "split"]

TESTED_SHARE = 0.1
"""Validation and test set are a tenth of the objects each (paper, section 2.2)."""

COMPARISON = [
    *KEY,
    *["published", "reproduced", "difference", "low", "high", "seeds"],
    *["table", "page", "note", "runs"],
]


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
    text = ["table", "collection", "task", "other_collection", "note"]
    return table.assign(**{name: table[name].fillna("") for name in text})


def compare(
    published: pd.DataFrame, table1: pd.DataFrame | None, reproduced: pd.DataFrame
) -> pd.DataFrame:
    """Every number that is published or reproduced, once, the published first; columns: COMPARISON.

    ``published`` and ``table1`` as read here, ``reproduced`` the cells of all experiments
    (``tables.cells``), where doubles count once. Test accuracies meet test accuracies; a
    validation accuracy meets the reproduced one at the chosen epoch. ``low`` and ``high`` are a
    95 % interval of ``difference`` (reproduced minus published): normal approximation with the
    binomial error of both test sets, the published one taken as a tenth of Table 1's N. Seeds do
    not narrow it, so that it is rather too wide with several.
    """
    ours = _long(reproduced.drop_duplicates(CELL), published)
    theirs = published.assign(place=range(len(published)))
    found = theirs.merge(ours, on=KEY, how="outer", validate="many_to_one")
    found = found.sort_values(["place", "our_place"], ignore_index=True)  # empty places come last
    if table1 is None:
        found["published_n"] = np.nan
    else:
        sizes = table1[["collection", "task", "objects"]]
        found = found.merge(sizes, on=["collection", "task"], how="left", validate="many_to_one")
        found["published_n"] = found["objects"] * TESTED_SHARE
    found["published"] = found["accuracy"].astype(float)
    found["difference"] = found["reproduced"] - found["published"]
    variance = _variance(found["published"], found["published_n"])
    variance += _variance(found["reproduced"], found["reproduced_n"])
    margin = norm.ppf(0.975) * np.sqrt(variance)
    found["low"], found["high"] = found["difference"] - margin, found["difference"] + margin
    for name in ["seeds", "page"]:
        found[name] = found[name].astype("Int64")
    return found[COMPARISON]


def comparison_table(
    table: pd.DataFrame, titles: Mapping[str, str], networks: Mapping[str, str]
) -> Grid:
    """The comparison for readers; ``titles`` of collections, ``networks`` of backbones."""
    header = ["Published in", "Collection", "Task", "Network", "First weights", "Method", "Split"]
    header += ["published", "reproduced", "difference", "95 % interval", "seeds"]
    groups: dict[tuple[str, str, str], list[list[Cell]]] = {}
    notes: dict[str, int] = {}
    for row in table.astype(object).where(table.notna(), None).to_dict("records"):
        place = f"{row['table']}, p. {row['page']}" if row["table"] else "–"
        if row["note"]:
            number = notes.setdefault(row["note"], len(notes) + 1)
            place += f" [{number}]"
        names = [place, titles.get(row["collection"], row["collection"]), words(row["task"])]
        names += [networks.get(row["backbone"], row["backbone"])]
        names += [words(row["init"]), words(row["method"]), row["split"]]
        numbers = [
            "–" if row[name] is None else percent(row[name]) for name in ("published", "reproduced")
        ]
        compared = row["difference"] is not None
        numbers.append(points(row["difference"]) if compared else "–")
        interval = row["low"] is not None
        numbers.append(f"{points(row['low'])} to {points(row['high'])}" if interval else "–")
        numbers.append("–" if row["seeds"] is None else str(row["seeds"]))
        cells = [Cell(text) for text in names + numbers]
        groups.setdefault((row["table"] or "", row["collection"], row["task"]), []).append(cells)
    below = [
        "Accuracies in percent, differences in percentage points, reproduced minus published. "
        "Intervals: normal approximation with the sampling error of both test sets; another "
        "museum release or another split can differ by more."
    ]
    below += [f"[{number}] {note}." for note, number in notes.items()]
    return Grid("Published and reproduced accuracies", header, 7, list(groups.values()), below)


def _long(reproduced: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Reproduced test accuracies, and those validation accuracies that were published."""
    parts = []
    for split, column in (("test", "accuracy"), ("validation", "validation_accuracy")):
        part = reproduced[[*CELL, "seeds", "runs"]].assign(
            split=split,
            reproduced=reproduced[column],
            reproduced_n=reproduced["n"] / reproduced["seeds"],  # both splits are of one size
        )
        parts.append(part)
    asked = published.loc[published["split"] == "validation", CELL].drop_duplicates()
    parts[1] = parts[1].merge(asked, on=CELL, how="inner")
    both = pd.concat(parts, ignore_index=True)
    return both.assign(our_place=range(len(both)))


def _variance(accuracy: pd.Series, n: pd.Series) -> pd.Series:
    return accuracy * (1 - accuracy) / n
