"""What a rule wrote as Markdown comes back as the same table, whatever the texts are."""

import pytest
from art_transfer.errors import StudyError
from art_transfer.report.grid import Cell, Grid, markdown
from art_transfer.report.read_grids import LISTED, from_csv, from_markdown, heading, texts, title_of
from hypothesis import given
from hypothesis import strategies as st

# Letters of all scripts and every sign of Markdown's, but no control characters.
WRITTEN = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" |*_`<>&[]#~\\"), max_size=12
).map(lambda text: " ".join(text.split()))
NAMED = WRITTEN.filter(bool)


@given(
    st.lists(NAMED, min_size=1, max_size=4),
    st.lists(st.lists(st.tuples(NAMED, st.booleans()), min_size=4, max_size=4), max_size=3),
    NAMED,
    NAMED,
)
def test_a_table_comes_back_as_it_was(header, rows, caption, note):
    cells = [[Cell(text, bold) for text, bold in row[: len(header)]] for row in rows]
    grid = Grid(f"C {caption}", header, 1, [cells], [f"N {note}"])
    (found,) = from_markdown(markdown(grid))
    assert (found.caption, found.notes) == (grid.caption, grid.notes)
    assert found.header == header and found.rows == cells
    assert found.numbers == list(range(1, len(header)))


def test_several_tables_keep_their_captions_and_notes():
    one = Grid("One", ["a"], 1, [[[Cell("1")]]], ["first", "second"])
    two = Grid("Two", ["b"], 1, [[[Cell("2", True)]]])
    found = from_markdown(markdown(one) + "\n" + markdown(two))
    assert [(table.caption, table.notes) for table in found] == [
        ("One", ["first", "second"]),
        ("Two", []),
    ]
    assert found[1].plain() == [[["2"]]]


def test_a_csv_is_shown_as_it_is(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,objects,note\n007,12,NA\n008,,1.0\n", encoding="utf-8")
    found = from_csv(path)
    assert found.plain() == [["007", "12", "NA"], ["008", "", "1.0"]]
    assert (found.numbers, found.left_out) == ([0, 1], 0)


def test_a_long_list_is_cut_and_says_so(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id\n" + '"two\nlines"\n' * (LISTED + 7), encoding="utf-8")
    found = from_csv(path)
    assert (len(found.rows), found.left_out) == (LISTED, 7)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("id,quote\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"claims\.csv: column verdict is missing"):
        texts(path, ["id", "verdict"])


@pytest.mark.parametrize(
    ("name", "title"),
    [("table3", "Table 3"), ("figure12", "Figure 12"), ("labels-big_museum", "Labels big museum")],
)
def test_files_have_titles(name, title):
    assert title_of(name) == title


def test_a_caption_that_says_the_title_stands_for_it():
    (gains,) = from_markdown(markdown(Grid("Gains in accuracy", ["a"], 1)))
    assert heading("gains", [gains]) == "Gains in accuracy"
    assert heading("table3", [gains]) == "Table 3: Gains in accuracy"
    assert heading("datasets", [gains, gains]) == "Datasets"
