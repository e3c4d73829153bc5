"""Tables for readers: one grid of cells, written as Markdown or as LaTeX with booktabs."""

import re
from dataclasses import dataclass, field

THETA, THETA_HAT = "θ", "θ\u0302"
"""The paper's names for a network from elsewhere, and for one that another museum has trained."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "∩": r"$\cap$",
    "∪": r"$\cup$",
    "\u2212": "$-$",
    "–": "--",
    THETA: r"$\theta$",
    THETA_HAT: r"$\widehat{\theta}$",
}
_LATEX_PATTERN = re.compile("|".join(sorted(map(re.escape, _LATEX), key=len, reverse=True)))


@dataclass(frozen=True)
class Cell:
    """One cell; its text is plain, whatever characters it has."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a caption, a header, groups of rows with a rule between them, and notes below.

    The first ``names`` columns hold names and stand at the left, the others numbers at the right.
    """

    caption: str
    header: list[str]
    names: int
    groups: list[list[list[Cell]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def percent(share: float) -> str:
    """A share (0-1) in percent with two decimals, as the paper prints accuracies."""
    return f"{100 * share:.2f}"


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed, with a real minus sign."""
    text = f"{100 * difference:+.2f}"
    return text.replace("-", "\u2212") if float(text) else "0.00"


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, also in a table's cell."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.replace("&", "&amp;").split()))


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is; θ and its like become mathematics."""
    return _LATEX_PATTERN.sub(lambda match: _LATEX[match[0]], " ".join(text.split()))


def markdown(grid: Grid) -> str:
    """The grid as Markdown, its columns aligned in the source too."""
    header = [escape_markdown(text) for text in grid.header]
    rows = [[_markdown_cell(cell) for cell in row] for group in grid.groups for row in group]
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]
    left = [i < grid.names for i in range(len(header))]
    rule = ["-" * w if i < grid.names else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines = [
        "| " + " | ".join(_padded(*parts) for parts in zip(row, widths, left, strict=True)) + " |"
        for row in [header, rule, *rows]
    ]
    notes = [escape_markdown(note) for note in grid.notes]
    return "\n\n".join([f"**{escape_markdown(grid.caption)}**", "\n".join(lines), *notes]) + "\n"


def latex(grid: Grid) -> str:
    """The grid as a LaTeX table; it needs the package booktabs."""
    columns = "l" * grid.names + "r" * (len(grid.header) - grid.names)
    groups = ["\n".join(_latex_row(row) for row in group) for group in grid.groups]
    lines = [
        r"% \usepackage{booktabs} in the preamble",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(grid.caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _latex_row([Cell(text) for text in grid.header]),
        r"\midrule",
        "\n\\midrule\n".join(groups),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip{{\footnotesize {escape_latex(note)}}}" for note in grid.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _markdown_cell(cell: Cell) -> str:
    text = escape_markdown(cell.text)
    return f"**{text}**" if cell.bold and text else text


def _padded(text: str, width: int, at_left: bool) -> str:
    return text.ljust(width) if at_left else text.rjust(width)


def _latex_row(row: list[Cell]) -> str:
    texts = [escape_latex(cell.text) for cell in row]
    marked = [
        rf"\textbf{{{text}}}" if cell.bold and text else text
        for cell, text in zip(row, texts, strict=True)
    ]
    return " & ".join(marked) + r" \\"
