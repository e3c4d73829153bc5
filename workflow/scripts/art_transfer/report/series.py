"""Runs as series of a figure: panels in a grid, marks, and one legend for all of them."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike, NDArray

from art_transfer.report.style import DASH_TITLES, WIDTH, Look, figure, look, short
from art_transfer.report.tables import network_titles, words

PANEL = 2.5  # inches high
FILLS = ("full", "hollow", "left", "right", "bottom", "top")
"""How much of a mark is filled, by the place of its first weights."""
PANEL_NAME = 38  # characters of a panel's title
HEADINGS = ("Network", "Training")
FIRST_WEIGHTS = "First weights"


def panels(n: int, height: float, title: str) -> tuple[Figure, list[Axes]]:
    """A figure with ``n`` panels of so many inches, two in a row, below a title."""
    columns = min(2, n)
    rows = -(-n // columns)
    made = figure(WIDTH, height * rows + 0.35)
    grid = list(made.subplots(rows, columns, squeeze=False).flat)
    for axes in grid[n:]:
        axes.set_axis_off()
    made.suptitle("\n".join(textwrap.wrap(title, 62)), x=0.01, ha="left")
    return made, grid[:n]


def at_left(axes: Axes) -> bool:
    """Whether a panel is the first of its row."""
    spec = axes.get_subplotspec()
    return spec is None or spec.is_first_col()


def arms(cells: pd.DataFrame) -> NDArray[np.float64]:
    """Lengths (2, n) of the intervals below and above the accuracies, for ``errorbar``."""
    spans = [cells["accuracy"] - cells["low"], cells["high"] - cells["accuracy"]]
    return np.clip(spans, 0, None)


def beside(number: int, count: int) -> float:
    """Steps from the middle to the place of one of ``count`` that stand side by side."""
    return number - (count - 1) / 2


def accuracy_line(
    axes: Axes, places: ArrayLike, cells: pd.DataFrame, color: str, marker: Any
) -> None:
    """One sort of first weights' accuracies with their intervals."""
    axes.errorbar(
        places,
        cells["accuracy"],
        yerr=arms(cells),
        color=color,
        marker=marker,
        ms=4,
        lw=1.3,
        elinewidth=0.7,
        label=words(cells["init"].iloc[0]),
    )


def places(cells: pd.DataFrame) -> dict[str, int]:
    """The places of first weights, which ``mark`` tells apart; random ones are as the first."""
    known = dict.fromkeys(cells.loc[cells["first"] != "random", "init"])
    return dict.fromkeys(cells["init"], 0) | {init: place for place, init in enumerate(known)}


def mark(how: Look, place: int = 0, size: float = 6) -> dict[str, Any]:
    """A network's mark of so many points, filled by the place of the first weights."""
    fill = FILLS[place % len(FILLS)]
    return {
        "marker": how.marker,
        "markersize": size,
        "fillstyle": "full" if fill == "hollow" else fill,
        "markerfacecolor": "white" if fill == "hollow" else how.color,
        "markerfacecoloralt": "white",
        "markeredgecolor": "white" if fill == "full" else how.color,
        "markeredgewidth": (0.13 if fill == "full" else 0.2) * size,
        "color": how.color,
        "zorder": 3,
    }


def legend(
    made: Figure,
    cells: pd.DataFrame,
    heading: str = FIRST_WEIGHTS,
    single: str = "",
    further: Sequence[Line2D] = (),
) -> None:
    """Entries under headings: networks by colour and mark, training by dash, first weights by mark.

    ``cells`` has the columns backbone, network, kind, method, first and init; methods of one kind,
    which look alike, are counted. ``single`` stands below the last ``heading`` where there are no
    two first weights to tell apart; without it the block is left out. ``further`` entries stand
    with the training's.
    """
    known, random = cells[cells["first"] != "random"], cells[cells["first"] == "random"]
    entries = [*_networks(cells, known, random), *_training(known), *further]
    inits, grey = places(known), Look("0.3", "-", 1.3, "o")
    if len(inits) > 1:
        entries.append(_heading(heading))
        start = "" if heading == FIRST_WEIGHTS else "first weights "
        for init, place in inits.items():
            label = "\n".join(textwrap.wrap(start + words(init), 24))
            entries.append(Line2D([], [], ls="none", label=label, **mark(grey, place)))
    elif single:
        entries.append(_heading(heading))
        entries.append(Line2D([], [], ls="none", label=single, **mark(grey)))
    drawn = made.legend(handles=entries, loc="outside right upper", frameon=False)
    for text in drawn.get_texts():
        text.set_fontweight("bold" if text.get_text() in (*HEADINGS, heading) else "normal")


def _networks(cells: pd.DataFrame, known: pd.DataFrame, random: pd.DataFrame) -> list[Line2D]:
    names, entries = network_titles(cells), [_heading(HEADINGS[0])]
    for row in known.drop_duplicates("backbone").to_dict("records"):
        how = look(row["network"], row["kind"], row["first"])
        label = names[row["backbone"]]
        entries.append(Line2D([], [], ls="none", label=label, **mark(how)))
    for row in random.drop_duplicates("backbone").to_dict("records"):
        how = look(row["network"], row["kind"], row["first"])
        label = f"{names[row['backbone']]} from random\nfirst weights"
        entries.append(Line2D([], [], ls=how.dash, lw=how.width, label=label, **mark(how)))
    return entries


def _training(known: pd.DataFrame) -> list[Line2D]:
    entries = [_heading(HEADINGS[1])] if len(known) else []
    for kind, methods in known.groupby("kind", sort=False)["method"]:
        how = look(known["network"].iloc[0], str(kind), "weights")
        alike = f"\n{methods.nunique()} methods alike" if methods.nunique() > 1 else ""
        label = DASH_TITLES[str(kind)] + alike
        entries.append(Line2D([], [], ls=how.dash, lw=how.width, color="0.3", label=label))
    return entries


def _heading(text: str) -> Line2D:
    return Line2D([], [], ls="none", label=text)


def keys(cells: pd.DataFrame) -> list[tuple[str, str]]:
    """The collections and tasks in their order."""
    return list(dict.fromkeys(zip(cells["collection"], cells["task"], strict=True)))


def cells_of(cells: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    """The cells of a collection and task."""
    return cells[(cells["collection"] == key[0]) & (cells["task"] == key[1])]


def panel_title(titles: Mapping[str, str], key: tuple[str, str]) -> str:
    """A panel's collection and task in words; ``titles`` are the collections'."""
    return short(f"{titles[key[0]]}, {words(key[1])}", PANEL_NAME)


def percent_axis(axis: Axis) -> None:
    """Print an axis's shares in percent."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g}%"))
