"""Tables back from the Markdown and CSV files that rules wrote, for pages that show them."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt
from markdown_it.token import Token

from art_transfer.errors import StudyError
from art_transfer.report.grid import Cell
from art_transfer.report.pages import render
from art_transfer.report.tables import words

MOST = 60
"""Rows that stand in a page itself; of longer tables its script writes those in view."""

LISTED = 1000
"""Rows of a CSV file that a page holds: it stays light where a list is long."""

NUMBERED = re.compile(r"^(table|figure)(\d+)$")


@dataclass
class ShownTable:
    """A table as a reader sees it; ``numbers`` are the places of the columns at the right.

    ``left_out`` is how many more rows its file has.
    """

    caption: str
    header: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def long(self) -> bool:
        """Whether only a script should write all rows."""
        return len(self.rows) > MOST

    def plain(self) -> list[list[str | list[str]]]:
        """The rows as texts; a bold one is a list of one text."""
        return [[[cell.text] if cell.bold else cell.text for cell in row] for row in self.rows]


def title_of(name: str) -> str:
    """A file's name as a title: ``table2`` is Table 2."""
    text = NUMBERED.sub(r"\1 \2", words(name).replace("-", " "))
    return text[:1].upper() + text[1:]


def heading(name: str, tables: Sequence[ShownTable]) -> str:
    """What stands above the tables of a file: its title, and the caption of an only table."""
    title = title_of(name)
    if len(tables) != 1 or not tables[0].caption:
        return title
    caption = tables[0].caption
    return caption if caption.startswith(title) else f"{title}: {caption}"


def from_markdown(text: str) -> list[ShownTable]:
    """The tables of a Markdown file as ``grid.markdown`` writes them, one after the other.

    A heading, or a paragraph that is bold, is the caption of what follows; other paragraphs and
    items of lists are notes of the table above them.
    """
    found: list[ShownTable] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "table_open":
            if not found or found[-1].header:
                found.append(ShownTable(found[-1].caption if found else ""))
        elif token.type == "tr_open" and found[-1].header:
            found[-1].rows.append([])
        elif token.type == "inline" and before is not None:
            _take(found, before, _cell(token.children or []))
    return found


def texts(path: str | Path, columns: Sequence[str] = (), rows: int | None = None) -> pd.DataFrame:
    """A CSV file, or its first ``rows``, with every cell as the text that it is: ``007``, ``NA``.

    Raises StudyError where one of ``columns`` is missing.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=rows)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise StudyError(f"{path}: column {', '.join(missing)} is missing; found {list(table)}")
    return table


def from_csv(path: str | Path) -> ShownTable:
    """The first LISTED rows of a CSV file; columns that hold only numbers stand at the right."""
    table = texts(path, rows=LISTED)
    numbers = [
        i
        for i, name in enumerate(table)
        if len(given := table[name][table[name] != ""])
        and pd.to_numeric(given, errors="coerce").notna().all()
    ]
    rows = [[Cell(text) for text in row] for row in table.to_numpy().tolist()]
    with Path(path).open(encoding="utf-8", newline="") as file:
        left_out = sum(1 for _ in csv.reader(file)) - 1 - len(rows)
    return ShownTable("", [str(name) for name in table], numbers, rows, left_out=left_out)


def table_page(template: str | Path, script: str | Path, markdown: str | Path) -> str:
    """The tables of a Markdown file as a page of their own, which can be sorted."""
    path = Path(markdown)
    tables = from_markdown(path.read_text(encoding="utf-8"))
    return render(template, script, title=heading(path.stem, tables), tables=tables)


def _take(found: list[ShownTable], before: Token, cell: Cell) -> None:
    """Put a text where it belongs, by the token before it."""
    if before.type == "th_open":
        if before.attrs.get("style") == "text-align:right":
            found[-1].numbers.append(len(found[-1].header))
        found[-1].header.append(cell.text)
    elif before.type == "td_open":
        found[-1].rows[-1].append(cell)
    elif before.type == "heading_open" or cell.bold:
        found.append(ShownTable(cell.text))
    elif found:
        found[-1].notes.append(cell.text)


def _cell(parts: Sequence[Token]) -> Cell:
    """The text of inline Markdown, bold where all of it is."""
    texts, depth, bold = [], 0, bool(parts)
    for part in parts:
        depth += {"strong_open": 1, "strong_close": -1}.get(part.type, 0)
        text = " " if part.type in ("softbreak", "hardbreak") else part.content
        if text:
            texts.append(text)
            bold = bold and depth > 0
    return Cell("".join(texts), bold and bool(texts))
