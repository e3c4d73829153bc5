"""Where a head says little but the largest class: how varied its predictions are.

The paper's Xception, InceptionV3 and ResNet50 reach 7-11 % off the shelf on the Rijksmuseum's
artists, where VGG19 reaches 38 % (Table 2). What a head predicts tells a network whose features
say little from one whose head has settled on one class.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import entropy, spearmanr

from art_transfer.report.estimates import accuracy_of
from art_transfer.report.grid import Cell, Grid, percent
from art_transfer.report.runs import CELL, Groups, read_predictions, read_runs
from art_transfer.report.series import arms, cells_of, keys, panel_title, percent_axis
from art_transfer.report.style import WIDTH, figure, short
from art_transfer.report.tables import words
from art_transfer.report_settings import FigureSettings
from art_transfer.settings import Run

SPREAD = [
    *["largest_class", "largest_predicted", "most_predicted", "classes_predicted"],
    *["entropy", "entropy_truth"],
]
"""How varied predictions are; see ``collapse_table``."""
PRINTED = {"init": "imagenet", "method": "off_the_shelf", "split": "test"}
"""What the published tables call the accuracies whose order a mode must explain."""
ROW = 0.17  # inches of a figure for one way to train
TEST, MOST, TRAIN = "#0072b2", "#d55e00", "0.3"


def collapse_table(wanted: FigureSettings, groups: Groups, published: pd.DataFrame) -> pd.DataFrame:
    """One row per cell, means over its seeds; ``published`` as ``comparison.read_published``.

    Columns: those of CELL, ``seeds``, ``n`` (test objects over all seeds), ``train_accuracy``,
    ``accuracy`` with ``low`` and ``high`` (95 % interval), ``printed`` (the published accuracy of
    PRINTED for this collection, task and network, whatever the row's own first weights and
    method), ``largest_class`` (share of the test objects that are of their largest class),
    ``largest_predicted`` (share that is said to be of it), ``most_predicted`` (share that gets the
    class predicted most), ``classes_predicted`` (their number), ``entropy`` of the classes
    predicted and ``entropy_truth`` of the true ones (bits).
    """
    known = published[(published[list(PRINTED)] == pd.Series(PRINTED)).all(axis=1)]
    printed = known.set_index(CELL[:3])["accuracy"].to_dict()
    runs = read_runs(wanted.runs, wanted.results, wanted.splits, groups)
    spread = [_spread(run, wanted.results) for run in dict.fromkeys(wanted.runs)]
    runs = pd.concat([runs, pd.DataFrame(spread)], axis=1)
    rows = []
    for key, cell in runs.groupby(CELL, sort=False):
        low, high = accuracy_of(list(cell["tested"]), *key).interval()
        row = dict(zip(CELL, key, strict=True)) | {"seeds": len(cell), "n": cell["n"].sum()}
        row |= {name: cell[name].mean() for name in ("train_accuracy", "accuracy")}
        row |= {"low": low, "high": high, "printed": printed.get(key[:3], np.nan)}
        rows.append(row | cell[SPREAD].mean().to_dict())
    return pd.DataFrame(rows)


def _spread(run: Run, results: str) -> dict[str, float]:
    """How varied one run's predictions and true labels are."""
    table = read_predictions(run, results)
    truth, predicted = (table[name].value_counts() for name in ("label", "predicted"))
    values = (
        truth.max() / len(table),
        predicted.get(truth.idxmax(), 0) / len(table),
        predicted.max() / len(table),
        len(predicted),
        entropy(predicted, base=2),
        entropy(truth, base=2),
    )
    return dict(zip(SPREAD, map(float, values), strict=True))


def collapse_grid(table: pd.DataFrame, wanted: FigureSettings) -> Grid:
    """The table for readers."""
    header = ["Collection", "Task", "Network", "First weights", "Method", "Train", "Test"]
    header += ["95 % interval", "Most predicted", "Largest predicted", "Largest", "Classes"]
    header += ["Bits", "True bits"]
    groups = []
    for _, block in table.groupby(["collection", "task"], sort=False):
        rows = []
        for row in block.to_dict("records"):
            names = [wanted.titles[row["collection"]]]
            names += [words(row[name]) for name in CELL[1:]]
            scores = [percent(row[name]) for name in ("train_accuracy", "accuracy")]
            scores.append(f"{percent(row['low'])} to {percent(row['high'])}")
            shares = ("most_predicted", "largest_predicted", "largest_class")
            scores += [percent(row[name]) for name in shares]
            scores.append(f"{row['classes_predicted']:.0f}")
            scores += [f"{row[name]:.2f}" for name in ("entropy", "entropy_truth")]
            rows.append([Cell(text) for text in names + scores])
        groups.append(rows)
    notes = [
        "Accuracies and shares in percent. Most predicted: the share of test objects that get the "
        "class predicted most; largest predicted: that get their largest class; largest: that "
        "have it. Classes: how many are predicted at all. Bits: the entropy of the classes "
        "predicted, beside that of the true ones.",
        *_orders(table),
    ]
    return Grid(wanted.title, header, 5, groups, notes)


def _orders(table: pd.DataFrame) -> list[str]:
    """How well each way to train explains the order of what was printed, as a note; or none.

    Artists are harder than materials whatever the network, so that over all cells any way to train
    comes near; what has to be explained is the order of the networks within a task.
    """
    told = []
    for (init, method), cells in table.dropna(subset="printed").groupby(["init", "method"]):
        blocks = [block for _, block in cells.groupby(CELL[:2]) if len(block) > 2]
        if blocks:
            within = float(np.mean([_rank_correlation(block) for block in blocks]))
            names = f"{words(str(init))}, {words(str(method))}"
            over = f"{_rank_correlation(cells):+.2f} of all {len(cells)} cells"
            told.append(f"{names}: {within:+.2f} ({over})")
    if not told:
        return []
    return [
        "Spearman's rank correlation with the accuracies that were printed off the shelf from "
        "ImageNet: the mean of those within a collection and task, 0 where all networks are right "
        "alike, and in brackets that of all cells, most of which is how hard the tasks are. "
        f"{'; '.join(told)}."
    ]


def _rank_correlation(cells: pd.DataFrame) -> float:
    alike = cells["accuracy"].nunique() == 1 or cells["printed"].nunique() == 1
    return 0.0 if alike else float(spearmanr(cells["accuracy"], cells["printed"]).statistic)


def collapse_figure(table: pd.DataFrame, wanted: FigureSettings) -> Figure:
    """A row for each way to train, a panel for each collection and task. Call within ``styled``."""
    shown = keys(table)
    counts = [len(cells_of(table, key)) for key in shown]
    made = figure(WIDTH, 0.9 + ROW * sum(counts) + 0.55 * len(shown))
    grid = made.subplots(len(shown), 1, squeeze=False, sharex=True, height_ratios=counts)
    for key, axes in zip(shown, grid[:, 0], strict=True):
        _draw(axes, cells_of(table, key).reset_index(drop=True))
        axes.set_title(panel_title(wanted.titles, key), loc="left")
    grid[-1, 0].set_xlim(-0.01, 1.01)  # marks at the ends are whole
    percent_axis(grid[-1, 0].xaxis)
    made.suptitle(wanted.title, x=0.01, ha="left")
    entries = [
        Line2D([], [], ls="", marker="o", color=TEST, label="test accuracy, 95 % interval"),
        Line2D([], [], ls="", marker="|", ms=8, color=TRAIN, label="training accuracy"),
        Line2D([], [], ls="", marker="x", color=MOST, label="share of the class predicted most"),
        Line2D([], [], ls="--", lw=1, color=MOST, label="share of the largest class"),
    ]
    made.legend(handles=entries, loc="outside lower left", ncols=2, frameon=False)
    return made


def _draw(axes: Axes, cells: pd.DataFrame) -> None:
    places = range(len(cells))
    axes.axvline(cells["largest_class"].mean(), ls="--", lw=1, color=MOST)
    axes.errorbar(cells["accuracy"], places, xerr=arms(cells), fmt="o", ms=4, color=TEST)
    axes.plot(cells["train_accuracy"], places, ls="", marker="|", ms=8, color=TRAIN)
    axes.plot(cells["most_predicted"], places, ls="", marker="x", ms=5, color=MOST)
    names = cells[["backbone", "init", "method"]]
    shown = [name for name in names if names[name].nunique() > 1] or ["method"]
    rows = names[shown].itertuples(index=False)
    axes.set_yticks(places, [short(", ".join(map(words, row)), 64) for row in rows])
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
