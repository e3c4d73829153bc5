"""Table 1: counts that can be checked by hand, and overlaps both ways."""

from pathlib import Path

import pandas as pd
from art_transfer.formats import write_csv
from art_transfer.report.comparison import read_table1
from art_transfer.report.datasets import DATASETS, datasets, datasets_tables
from art_transfer.report.grid import markdown

PUBLISHED = Path(__file__).parents[2] / "config" / "published" / "table1.csv"
TITLES = {"rijksmuseum": "Rijksmuseum", "antwerp": "Antwerp"}


def split(**classes: int) -> pd.DataFrame:
    """Classes of so many objects: one each in test and validation, the rest in train."""
    rows = [
        (f"{name}-{i}", name, {0: "test", 1: "validation"}.get(i, "train"))
        for name, n in classes.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["object_id", "label", "split"])


FILTERS = pd.DataFrame(
    [("in the museum", 40, pd.NA), ("with a label", 31, 6), ("class of at least 3", 30, 5)],
    columns=["step", "objects", "classes"],
)
RIJKS = split(print=10, Drawing=6, cup=4, vase=5)
ANTWERP = split(drawing=4, cup=3, poster=3)


def made(table1=None) -> pd.DataFrame:
    return datasets(
        {("rijksmuseum", "type"): FILTERS, ("antwerp", "type"): FILTERS},
        {("rijksmuseum", "type"): RIJKS, ("antwerp", "type"): ANTWERP},
        table1,
    )


def test_steps_and_splits_are_counted_in_order(tmp_path):
    write_csv(tmp_path / "datasets.csv", made())
    table = pd.read_csv(tmp_path / "datasets.csv")
    assert list(table) == DATASETS
    rows = table[table["collection"] == "rijksmuseum"]
    assert rows[["step", "objects"]].values.tolist() == [
        *[["in the museum", 40], ["with a label", 31], ["class of at least 3", 30]],
        *[["in all three splits", 25], ["train", 17], ["validation", 4], ["test", 4]],
        ["shared with", 10],
    ]
    assert rows["classes"].tolist()[1:] == [6, 5, 4, 4, 4, 4, 2]


def test_overlaps_are_over_both_collections_and_their_union():
    rows = made().query("step == 'shared with'").set_index("collection")
    assert rows["classes"].tolist() == [2, 2], "drawing and Drawing are one class"
    assert rows.loc["rijksmuseum", "share_of_classes"] == 2 / 4
    assert rows.loc["antwerp", "share_of_classes"] == 2 / 3
    assert rows["share_of_union"].tolist() == [2 / 5, 2 / 5]
    assert rows.loc["rijksmuseum", "share_of_objects"] == 10 / 25
    assert rows.loc["antwerp", "share_of_objects"] == 7 / 10


def test_tasks_are_not_mixed():
    filters = {("rijksmuseum", "type"): FILTERS, ("antwerp", "artist"): FILTERS}
    splits = {("rijksmuseum", "type"): RIJKS, ("antwerp", "artist"): ANTWERP}
    table = datasets(filters, splits, None)
    assert "shared with" not in set(table["step"])
    assert [grid.caption for grid in datasets_tables(table, TITLES)] == [
        *["Objects and classes", "What each filter left"]
    ]


def test_published_sizes_stand_beside_the_last_filter():
    table = made(read_table1(PUBLISHED)).set_index(["collection", "step"])
    assert table.loc[("rijksmuseum", "in all three splits"), "published_objects"] == 112_012
    assert table.loc[("antwerp", "in all three splits"), "published_classes"] == 920
    assert table.loc[("antwerp", "shared with"), "published_share"] == 0.15
    assert table["published_objects"].notna().sum() == 2


def test_the_readers_tables_have_these_lines():
    sizes, filters, overlaps = map(markdown, datasets_tables(made(), TITLES))
    assert "| type | Rijksmuseum |  25 |   4 |      17 |            4 |      4 |" in sizes
    assert "| Antwerp     | type | with a label        |      31 |       6 |" in filters
    line = next(line for line in overlaps.splitlines() if line.startswith("| type | Antwerp"))
    assert [part.strip() for part in line.split("|")[1:-1]] == [
        *["type", "Antwerp", "Rijksmuseum", "2", "66.7 %", "40.0 %", "70.0 %"]
    ]
