"""The look of all figures: fonts, colours, dashes, markers, and files with the same bytes twice.

Colours and dashes are the paper's (Figures 2 and 3): a colour for each network; dash-dotted for
off the shelf, dashed for fine tuning, a thick solid orange line from random first weights. A
marker for each network makes them tell apart in grey too.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import seaborn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from art_transfer.files import atomic_path
from art_transfer.networks import NETWORKS

WIDTH = 7.0
"""Width of a figure across a page, in inches."""

DPI = 200
"""Dots per inch of PNG files, and of images within PDF files."""

SCRATCH_COLOR = "tab:orange"
DASHES = {"head": "-.", "fine_tuning": "--"}
DASH_TITLES = {
    "head": "off the shelf\n(head only)",
    "fine_tuning": "fine tuning\n(whole network)",
}
_MARKERS = "osD^vPX*<>hpdH8."
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
    marker: str


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
