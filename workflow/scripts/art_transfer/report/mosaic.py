"""Figure 1: sample images of some collections."""

import hashlib
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from art_transfer.report.style import DPI, WIDTH, figure

GAP = 0.04  # inches between images
CAPTION = 0.28  # inches for a collection's title
ROW = 0.95  # inches, about, for a row of images
MAX_ASPECT = 4.0  # width by height; longer scrolls are cut in the middle, as are taller ones


def sample(object_ids: Iterable[str], n: int) -> list[str]:
    """``n`` objects in an order that depends on their ids alone: those of the smallest hashes."""
    return sorted(object_ids, key=lambda i: (hashlib.sha256(f"mosaic/{i}".encode()).digest(), i))[
        :n
    ]


def mosaic(images: Mapping[str, Sequence[NDArray[np.uint8]]]) -> Figure:
    """Images of each collection, below its title, in full rows of one height each.

    ``images`` are RGB arrays (height, width, 3) uint8 by the collection's title. Each image keeps
    its aspect ratio; one more oblong than 4 to 1 is cut to that. Call within ``style.styled``.
    """
    blocks = {title: _rows([_trimmed(image) for image in some]) for title, some in images.items()}
    height = 2 * GAP + sum(
        CAPTION + sum(_height(row) + GAP for row in rows) for rows in blocks.values()
    )
    made = figure(WIDTH, height)
    made.set_layout_engine("none")  # everything has its place already
    axes = made.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    top = GAP
    for title, rows in blocks.items():
        text = textwrap.shorten(title, 90, placeholder=" …")
        axes.text(GAP, top + CAPTION * 0.55, text, fontsize=9, fontweight="bold", va="center")
        top += CAPTION
        for row in rows:
            _draw(axes, row, top)
            top += _height(row) + GAP
    return made


def _trimmed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of an image that is more oblong than MAX_ASPECT either way."""
    height, width = image.shape[:2]
    most_wide, most_high = round(height * MAX_ASPECT), round(width * MAX_ASPECT)
    left, top = max(0, (width - most_wide) // 2), max(0, (height - most_high) // 2)
    return image[top : top + min(height, most_high), left : left + min(width, most_wide)]


def _aspect(image: NDArray[np.uint8]) -> float:
    return image.shape[1] / image.shape[0]


def _height(row: Sequence[NDArray[np.uint8]]) -> float:
    """The height in inches that makes a row as wide as the figure, if that is not too high."""
    width = WIDTH - GAP * (len(row) + 1)
    return min(width / sum(map(_aspect, row)), 1.8 * ROW)


def _rows(images: Sequence[NDArray[np.uint8]]) -> list[list[NDArray[np.uint8]]]:
    """Cut a sequence into rows that are as even as can be: least squares, exactly, by length."""
    aspects = [_aspect(image) for image in images]
    n, total = len(images), sum(aspects)
    count = min(n, max(1, round(total * ROW / WIDTH)))
    sums = np.concatenate([[0], np.cumsum(aspects)])
    ideal = total / count if count else 0.0
    cost = np.full((count + 1, n + 1), np.inf)
    cut = np.zeros((count + 1, n + 1), int)
    cost[0, 0] = 0
    for row in range(1, count + 1):
        for end in range(row, n + 1):
            costs = cost[row - 1, :end] + (sums[end] - sums[:end] - ideal) ** 2
            cut[row, end] = int(np.argmin(costs))
            cost[row, end] = costs[cut[row, end]]
    rows, end = [], n
    for row in range(count, 0, -1):
        rows.append(list(images[cut[row, end] : end]))
        end = int(cut[row, end])
    return rows[::-1]


def _draw(axes: Axes, row: Sequence[NDArray[np.uint8]], top: float) -> None:
    """Draw a row from the left margin on, its images shrunk to the figure's resolution first."""
    height, left = _height(row), GAP
    for image in row:
        width = height * _aspect(image)
        size = (max(1, round(width * DPI)), max(1, round(height * DPI)))
        shown = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
        axes.imshow(shown, extent=(left, left + width, top + height, top), interpolation="nearest")
        left += width + GAP
    axes.set(xlim=axes.get_xlim(), aspect="auto")
