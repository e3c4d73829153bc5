"""The look of all figures: fonts, colours, dashes, markers, and files with the same bytes twice.

Colours and dashes are the paper's (Figures 2 and 3): a colour for each network; dash-dotted for
off the shelf, dashed for fine tuning, a thick solid orange line from random first weights. Ours are
dots for classifiers, solid lines for fine tuning of all tasks at once, and a marker for each
network, to tell them apart in grey.
"""

import io
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import seaborn
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from art_transfer.files import atomic_path
from art_transfer.networks import NETWORKS

WIDTH = 7.0
"""Width of a figure across a page, in inches."""

DPI = 200
"""Dots per inch of PNG files, and of images within PDF files."""

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of first weights, in their order, where networks have none (Okabe and Ito 2008)."""

SCRATCH_COLOR = "tab:orange"
DASHES = {"head": "-.", "fine_tuning": "--", "classifier": ":", "multitask": "-"}
DASH_TITLES = {
    "head": "off the shelf\n(head only)",
    "fine_tuning": "fine tuning\n(whole network)",
    "classifier": "off the shelf\n(classifier)",
    "multitask": "all tasks at once\n(whole network)",
}
_MARKERS = [*"osD^X*<>hpdH8", (4, 1, 0), *"vP"]
_LOOK: dict[str, Any] = {
    **{"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8},
    **{"axes.titlesize": 9, "axes.labelsize": 8, "legend.fontsize": 7.5},
    **{"xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "figure.titlesize": 10},
    **{"axes.spines.top": False, "axes.spines.right": False, "grid.linewidth": 0.5},
    **{"pdf.fonttype": 42, "figure.constrained_layout.use": True, "savefig.dpi": DPI},
    **{"text.usetex": False, "text.parse_math": False},  # a "$" in a name is a dollar
}


@dataclass(frozen=True)
class Look:
    """How one run's line is drawn."""

    color: str
    dash: str
    width: float  # points
    marker: Any


@contextmanager
def styled() -> Iterator[None]:
    """The style, for figures made and drawn within the block only."""
    look: dict[Any, Any] = {**seaborn.axes_style("whitegrid"), **_LOOK}
    with matplotlib.rc_context(look):
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, known to nobody else (no pyplot)."""
    made = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(made)
    return made


def look(network: str, kind: str, first: str) -> Look:
    """How a run is drawn: by its network, its method's kind, and its kind of first weights."""
    marker = _MARKERS[list(NETWORKS).index(network) % len(_MARKERS)]
    if first == "random":
        return Look(SCRATCH_COLOR, "-", 2.6, marker)
    return Look(NETWORKS[network].color, DASHES[kind], 1.3, marker)


def plain_log(*axes: Axis) -> None:
    """Have logarithmic axes print their numbers out: the style has no mathematics.

    Call it when their limits are set: where they are far apart there is room for fewer numbers.
    """
    for axis in axes:
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 150 else (1, 3)))
        axis.set_major_formatter(StrMethodFormatter("{x:,.7g}"))
        axis.set_minor_locator(NullLocator())


def short(text: str, most: int) -> str:
    """A text on one line, cut to so many characters, however long its words are."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def fold(text: str, width: float, size: float, most: int) -> list[str]:
    """Lines of at most so many inches in a font of ``size`` points; a text of more is cut."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        end = _fitting(rest, width, size)
        if len(lines) == most - 1 and end < len(rest):
            return [*lines, rest[: _fitting(rest, width, size, "…")].rstrip() + "…"]
        space = rest.rfind(" ", 0, end + 1) if end < len(rest) else -1
        end = space if space > 0 else end
        lines.append(rest[:end])
        rest = rest[end:].lstrip()
    return lines


def _fitting(text: str, width: float, size: float, end: str = "") -> int:
    """How many characters of a text fit, with an ``end``; one at least."""
    font = FontProperties(family="DejaVu Sans", size=size)

    def wide(n: int) -> float:
        return text_to_path.get_text_width_height_descent(text[:n] + end, font, False)[0] / 72

    return max(1, bisect_right(range(len(text) + 1), width, key=wide) - 1)


def save(made: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure to both files, each whole or not at all; call within ``styled``.

    The same figure gives the same bytes: neither file holds a date or a version.
    """
    with atomic_path(pdf) as temporary:
        made.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Producer": None})
    with atomic_path(png) as temporary:
        temporary.write_bytes(png_bytes(made))


def png_bytes(made: Figure) -> bytes:
    """A figure as a PNG file; call within ``styled``."""
    stream = io.BytesIO()
    made.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
