"""Figures 2 and 3: validation accuracy per epoch."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from art_transfer.report.runs import CELL
from art_transfer.report.style import DASH_TITLES, WIDTH, Look, figure, look
from art_transfer.report.tables import network_titles, words

PANEL = 2.5  # inches high
HEADINGS = ("Network", "Training", "Mark: epoch tested")


def curves(histories: pd.DataFrame, tasks: Sequence[str], title: str) -> Figure:
    """Validation accuracy by epoch, one panel for each task, the chosen epoch marked.

    ``histories`` as ``runs.read_histories`` gives them, of one collection. With several seeds
    there is a thin line for each and a thick one for their mean, as far as all seeds were
    trained. Further first weights than the first have hollow marks. Call within ``style.styled``.
    """
    columns = min(2, len(tasks))
    rows = -(-len(tasks) // columns)
    made = figure(WIDTH, PANEL * rows + 0.35)
    grid = made.subplots(rows, columns, squeeze=False)
    inits = list(dict.fromkeys(histories.loc[histories["first"] != "random", "init"]))
    for number, axes in enumerate(grid.flat):
        if number >= len(tasks):
            axes.set_axis_off()
            continue
        panel = histories[histories["task"] == tasks[number]]
        for _, cell in panel.groupby(CELL, sort=False):
            _draw(axes, cell, hollow=cell["init"].iloc[0] in inits[1:])
        _finish(axes, words(tasks[number]))
    for axes in grid[:, 0]:
        axes.set_ylabel("validation accuracy")
    legend = made.legend(
        handles=_legend(histories, inits), loc="outside right upper", frameon=False
    )
    for text in legend.get_texts():
        text.set_fontweight("bold" if text.get_text() in HEADINGS else "normal")
    made.suptitle("\n".join(textwrap.wrap(title, 62)), x=0.01, ha="left")
    return made


def _draw(axes: Axes, cell: pd.DataFrame, hollow: bool) -> None:
    """The lines of one cell, one for each seed and one for their mean."""
    first = cell.iloc[0]
    how = look(first["network"], first["kind"], first["first"])
    seeds = [seed.sort_values("epoch") for _, seed in cell.groupby("seed", sort=False)]
    if len(seeds) > 1:
        shared = min(seed["epoch"].max() for seed in seeds)
        mean = cell[cell["epoch"] <= shared].groupby("epoch")["val_accuracy"].mean()
        axes.plot(mean.index, mean, how.dash, color=how.color, lw=how.width)
    thin = how.width if len(seeds) == 1 else how.width / 3
    for seed in seeds:
        axes.plot(seed["epoch"], seed["val_accuracy"], how.dash, color=how.color, lw=thin)
        chosen = seed[seed["chosen"]]
        axes.plot(chosen["epoch"], chosen["val_accuracy"], ls="none", **_mark(how, hollow))


def _mark(how: Look, hollow: bool) -> dict[str, Any]:
    """The mark at the chosen epoch: the network's, filled or hollow."""
    return {
        "marker": how.marker,
        "markersize": 6,
        "markerfacecolor": "white" if hollow else how.color,
        "markeredgecolor": how.color if hollow else "white",
        "markeredgewidth": 1.2 if hollow else 0.8,
        "color": how.color,
        "zorder": 3,
    }


def _finish(axes: Axes, title: str) -> None:
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def _legend(histories: pd.DataFrame, inits: Sequence[str]) -> list[Line2D]:
    """Entries under headings: networks by colour and mark, training by dash, what a mark means."""
    names = network_titles(histories)
    cells = histories.drop_duplicates(["network", "kind", "first", "backbone"])
    known, random = cells[cells["first"] != "random"], cells[cells["first"] == "random"]
    entries = [_heading(HEADINGS[0])]
    for row in known.drop_duplicates("backbone").to_dict("records"):
        how = look(row["network"], row["kind"], row["first"])
        entries.append(
            Line2D([], [], ls="-", lw=1.3, label=names[row["backbone"]], **_mark(how, False))
        )
    for row in random.drop_duplicates("backbone").to_dict("records"):
        how = look(row["network"], row["kind"], row["first"])
        label = f"{names[row['backbone']]} from random\nfirst weights"
        entries.append(Line2D([], [], ls=how.dash, lw=how.width, label=label, **_mark(how, False)))
    entries.append(_heading(HEADINGS[1]))
    for kind in dict.fromkeys(known["kind"]):
        how = look(known["network"].iloc[0], kind, "weights")
        line = Line2D([], [], ls=how.dash, lw=how.width, color="0.3", label=DASH_TITLES[kind])
        entries.append(line)
    if histories["seed"].nunique() > 1:
        entries.append(Line2D([], [], ls="-", lw=0.5, color="0.3", label="one seed (thick: mean)"))
    grey = Look("0.3", "-", 1.3, "o")
    entries.append(_heading(HEADINGS[2]))
    if len(inits) > 1:
        for init in inits:
            label = "\n".join(textwrap.wrap(f"first weights {words(init)}", 24))
            mark = _mark(grey, init != inits[0])
            entries.append(Line2D([], [], ls="none", label=label, **mark))
    else:
        label = "smallest\nvalidation loss"
        entries.append(Line2D([], [], ls="none", label=label, **_mark(grey, False)))
    return entries


def _heading(text: str) -> Line2D:
    return Line2D([], [], ls="none", label=text)
