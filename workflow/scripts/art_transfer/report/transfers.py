"""Which museum's networks help on which museum: the gains of transfers as a map."""

import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from art_transfer.report.gains import gains, p_value
from art_transfer.report.grid import Cell, Grid, percent, points
from art_transfer.report.runs import Groups
from art_transfer.report.series import panels
from art_transfer.report.statistics import ALPHA
from art_transfer.report.style import fold, short
from art_transfer.report.tables import trained_on, words
from art_transfer.report_settings import TransfersSettings

SQUARE = 0.42  # inches of a museum's row


def transfers_table(wanted: TransfersSettings, groups: Groups) -> pd.DataFrame:
    """One row per source, target and way to train; over all seeds.

    Columns: ``source`` (the museums that the first weights were trained on, the first of them
    first), those of ``gains.GAINS`` but ``cohens_h``; ``p_holm`` is corrected for all of a task.
    """
    found = [
        (
            [wanted.titles[name] for name in sources],
            of.init,
            over.init,
            (of.collection, of.task, of.backbone, of.method),
        )
        for (of, over), sources in zip(wanted.pairs, wanted.sources, strict=True)
    ]
    routes = {}
    for (of, over), source in zip(wanted.pairs, trained_on(found), strict=True):
        key = (of.collection, of.task, of.backbone, f"{of.init}/{of.method}")
        routes[*key, f"{over.init}/{over.method}"] = source
    table = gains([(p[0], p[1]) for p in wanted.pairs], wanted.results, groups, ["task"])
    names = table[["collection", "task", "backbone", "of", "over"]].itertuples(index=False)
    table.insert(0, "source", [routes[tuple(name)] for name in names])
    return table.drop(columns=["cohens_h"])


def transfers_grid(table: pd.DataFrame, wanted: TransfersSettings) -> Grid:
    """The table for readers."""
    header = ["Trained on", "Tested on", "Task", "Network", "Method", "accuracy", "over", "gain"]
    header += ["95 % interval", "p (Holm)", "n"]
    groups = []
    for _, block in table.groupby(["task", "backbone"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [row["source"], wanted.titles[row["collection"]], words(row["task"])]
            names += [words(row["backbone"]), words(row["of"].split("/")[1])]
            numbers = [percent(row["accuracy_of"]), percent(row["accuracy_over"])]
            span = f"{points(row['low'])} to {points(row['high'])}"
            gain = Cell(points(row["gain"]), row["p_holm"] < ALPHA)
            more = [span, p_value(row["p_holm"]), str(row["n"])]
            rows.append([*map(Cell, names + numbers), gain, *map(Cell, more)])
        groups.append(rows)
    notes = [
        "Accuracies in percent, gains in percentage points over the first of the first weights, on "
        "the same test objects; bold where p is below 0.05 after Holm's correction for all gains "
        "of a task, a star in the figure. An arrow parts museums that a network was trained on one "
        "after the other."
    ]
    return Grid(wanted.title, header, 5, groups, notes)


def transfers_figure(table: pd.DataFrame, wanted: TransfersSettings) -> Figure:
    """A map for each task, network and method: sources down, targets across.

    Call within ``styled``.
    """
    table = table.assign(target=table["collection"].map(wanted.titles))
    table["method"] = table["of"].str.split("/").str[1]
    maps = list(table.groupby(["task", "backbone", "method"], sort=False))
    sources, targets = (list(dict.fromkeys(table[name])) for name in ("source", "target"))
    made, grid = panels(len(maps), SQUARE * len(sources) + 1.1, wanted.title)
    most = max(float(table["gain"].abs().max()), 0.01)
    for (key, part), axes in zip(maps, grid, strict=True):
        grid_of = np.full((len(sources), len(targets)), np.nan)
        for row in part.to_dict("records"):
            y, x, gain = sources.index(row["source"]), targets.index(row["target"]), row["gain"]
            grid_of[y, x] = gain
            text = points(gain) + "*" * (row["p_holm"] < ALPHA)
            color = "w" if abs(gain) > 0.6 * most else "k"
            axes.text(x, y, text, ha="center", va="center", color=color)
        scale = TwoSlopeNorm(0, -most, most)
        axes.imshow(grid_of, cmap="PuOr_r", norm=scale, aspect="auto")
        axes.set_xticks(range(len(targets)), [short(name, 18) for name in targets], rotation=20)
        axes.set_yticks(range(len(sources)), ["\n".join(fold(name, 2, 7.5, 3)) for name in sources])
        axes.set_title(short(", ".join(words(str(name)) for name in key), 40))
        axes.set(xlabel="tested on", ylabel="trained on")
        axes.grid(visible=False)
    return made
