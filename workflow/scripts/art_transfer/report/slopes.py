"""What other first weights gain, as slopes: a chart of theta and theta-hat."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from art_transfer.report.grid import points
from art_transfer.report.series import (
    PANEL,
    at_left,
    cells_of,
    keys,
    legend,
    mark,
    panel_title,
    panels,
    percent_axis,
)
from art_transfer.report.style import fold, look
from art_transfer.report.tables import init_titles, words

GAIN_OF = ("collection", "task", "backbone", "of", "over")
UNCLEAR = "0.55"  # the grey of a gain that may be none
AXES = (4.8, 2.5)  # inches of a panel from the first to beyond the last, alone or beside others
FONTS = (7.5, 6.5)  # points, of up to four names below, and of more
GAP = 0.055  # least distance of two numbers beside a slope, as a share of the panel's height


def gains_figure(
    tables: Sequence[pd.DataFrame], gains: pd.DataFrame, titles: Mapping[str, str]
) -> Figure:
    """What other first weights gain: a slope for each network and method.

    ``tables`` are those of experiments with several first weights; each has a panel for each
    collection and task. The number beside a slope is the gain of the last first weights over the
    first ones, in percentage points; grey where its interval in ``gains`` (``gains.GAINS``) has
    zero in it. Call within ``style.styled``.
    """
    open_ = gains[(gains["low"] <= 0) & (gains["high"] >= 0)]
    unclear = set(open_[[*GAIN_OF]].itertuples(index=False, name=None))
    shown = [(table, key) for table in tables for key in keys(table)]
    made, grid = panels(len(shown), PANEL, "Test accuracy from other first weights, and the gain")
    every = pd.concat(tables)
    low, high = every["accuracy"].min(), every["accuracy"].max()
    margin = max(0.05 * (high - low), 0.02)
    for (table, key), axes in zip(shown, grid, strict=True):
        inits, ends = init_titles(table), []
        for cell, part in cells_of(table, key).groupby(["backbone", "method"], sort=False):
            row = part.iloc[0]
            how = look(row["network"], row["kind"], "weights")
            values = part.set_index("init")["accuracy"].reindex(list(inits))
            axes.plot(range(len(inits)), values, how.dash, lw=how.width, **mark(how))
            sides = [f"{init}/{cell[1]}" for init in (values.index[-1], values.index[0])]
            color = UNCLEAR if (*key, cell[0], *sides) in unclear else how.color
            ends.append((values.iloc[-1], values.iloc[-1] - values.iloc[0], color))
        room, size = AXES[len(shown) > 1] / len(inits), FONTS[len(inits) > 4]
        lines = [
            [
                part
                for text in dict.fromkeys([title, words(i)])
                for part in fold(text, room, size, 4)
            ]
            for i, title in inits.items()
        ]
        most = max(map(len, lines))  # as many for each, so that the first ones are level
        axes.set_xticks(
            range(len(inits)), ["\n".join([*some, *[""] * (most - len(some))]) for some in lines]
        )
        axes.set(title=panel_title(titles, key), xlim=(-0.2, len(inits) - 0.55))
        axes.set_ylim(low - margin, high + margin)
        axes.tick_params(axis="x", pad=1.6 * size * most, labelsize=size)
        for label in axes.get_xticklabels():
            label.set_verticalalignment("baseline")
        axes.grid(visible=False, axis="x")
        percent_axis(axes.yaxis)
        axes.set_ylabel("test accuracy" if at_left(axes) else "")
        _label_ends(axes, len(inits) - 0.93, ends)
    legend(made, every.assign(first="weights", init="one"))
    return made


def _label_ends(axes: Axes, place: float, ends: Sequence[tuple[float, float, str]]) -> None:
    """Write the gains beside the ends of the slopes, moved apart as little as can be."""
    known = sorted(end for end in ends if not np.isnan(end[1]))
    low, high = axes.get_ylim()
    steps = GAP * (high - low) * np.arange(len(known))
    heights = isotonic_regression(np.array([end for end, _, _ in known]) - steps).x + steps
    heights = np.clip(heights, low + steps, high - steps[::-1])
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0}
    for height, (_, gain, color) in zip(heights, known, strict=True):
        axes.text(place, height, points(gain), fontsize=6.5, color=color, va="center", bbox=box)
