"""Figures 2 and 3: validation accuracy per epoch."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from art_transfer.report.runs import CELL
from art_transfer.report.series import (
    PANEL,
    at_left,
    legend,
    mark,
    panels,
    percent_axis,
    places,
)
from art_transfer.report.style import look
from art_transfer.report.tables import words


def curves(histories: pd.DataFrame, tasks: Sequence[str], title: str) -> Figure:
    """Validation accuracy by epoch, one panel for each task, the chosen epoch marked.

    ``histories`` as ``runs.read_histories`` gives them, of one collection. With several seeds
    there is a thin line for each and a thick one for their mean, as far as all seeds were
    trained. Each first weights have a mark filled in their own way. Call within ``style.styled``.
    """
    made, grid = panels(len(tasks), PANEL, title)
    inits = places(histories)
    for task, axes in zip(tasks, grid, strict=True):
        for _, cell in histories[histories["task"] == task].groupby(CELL, sort=False):
            _draw(axes, cell, inits[cell["init"].iloc[0]])
        _finish(axes, words(task))
    several = histories["seed"].nunique() > 1
    thin = Line2D([], [], ls="-", lw=0.5, color="0.3", label="one seed (thick: mean)")
    legend(
        made,
        histories,
        "Mark: epoch tested",
        "of each training",
        [thin] if several else [],
    )
    return made


def _draw(axes: Axes, cell: pd.DataFrame, place: int) -> None:
    """The lines of one cell, one for each seed and one for their mean; ``mark``'s ``place``."""
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
        axes.plot(chosen["epoch"], chosen["val_accuracy"], ls="none", **mark(how, place))


def _finish(axes: Axes, title: str) -> None:
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    percent_axis(axes.yaxis)
    if at_left(axes):
        axes.set_ylabel("validation accuracy")
