"""Figure 1: sample images of some collections, with a key that says what they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from art_transfer.report.style import DPI, WIDTH, figure, fold, short

GAP = 0.04  # inches between images
CAPTION = 0.28  # inches for a collection's title
ROW = 0.95  # inches, about, for a row of images
MAX_ASPECT = 4.0  # width by height; longer scrolls are cut in the middle, as are taller ones

KEY_SIZE = 5.5  # points
KEY_LINE = 0.1  # inches
KEY_COLUMNS = 3
KEY_LINES = 3  # at most, of one caption
NUMBER = 0.17  # inches for a number in the key
KEY_WIDTH = (WIDTH - 2 * GAP) / KEY_COLUMNS - NUMBER - 0.1  # inches for a line of a caption


@dataclass(frozen=True)
class Picture:
    """An image, RGB (height, width, 3) uint8, and what it shows."""

    image: NDArray[np.uint8]
    caption: str


def caption(title: str, creators: Iterable[str], date: str) -> str:
    """Title, makers and date as the museum gives them, as far as it does."""
    parts = [short(title, 70), short("; ".join(creators), 50), short(date, 30)]
    return ", ".join(part for part in parts if part)


def mosaic(pictures: Sequence[tuple[str, Sequence[Picture]]]) -> Figure:
    """Images of each collection, below its title, in full rows of one height each; then their key.

    ``pictures`` has each collection's title and images; two may have one title. Each image keeps
    its aspect ratio; one more oblong than 4 to 1 is cut to that. Call within ``style.styled``.
    """
    blocks = [
        (title, _rows([_trimmed(picture.image) for picture in some]), _key(some))
        for title, some in pictures
    ]
    height = 2 * GAP + sum(
        CAPTION + sum(_height(row) + GAP for row in rows) + _key_height(key)
        for _, rows, key in blocks
    )
    made = figure(WIDTH, height)
    made.set_layout_engine("none")  # everything has its place already
    axes = made.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    top = GAP
    for title, rows, key in blocks:
        text = short(title, 90)
        axes.text(GAP, top + CAPTION * 0.55, text, fontsize=9, fontweight="bold", va="center")
        top += CAPTION
        number = 1
        for row in rows:
            _draw(axes, row, top, number)
            top, number = top + _height(row) + GAP, number + len(row)
        _write(axes, key, top)
        top += _key_height(key)
    return made


def _key(pictures: Sequence[Picture]) -> list[list[tuple[int, list[str]]]]:
    """The columns of the key: numbers and lines of text, about as many lines in each."""
    entries = [
        (number, fold(picture.caption or "untitled", KEY_WIDTH, KEY_SIZE, KEY_LINES))
        for number, picture in enumerate(pictures, 1)
    ]
    most = sum(len(lines) for _, lines in entries) / KEY_COLUMNS
    columns: list[list[tuple[int, list[str]]]] = [[] for _ in range(KEY_COLUMNS)]
    done = 0
    for number, lines in entries:
        columns[min(int(done / most), KEY_COLUMNS - 1)].append((number, lines))
        done += len(lines)
    return columns


def _key_height(key: Sequence[Sequence[tuple[int, list[str]]]]) -> float:
    """Inches."""
    return KEY_LINE * (max(sum(len(lines) for _, lines in column) for column in key) + 1)


def _write(axes: Axes, key: Sequence[Sequence[tuple[int, list[str]]]], top: float) -> None:
    """Write a key below its images."""
    for column, entries in enumerate(key):
        left, line = GAP + column * (WIDTH - 2 * GAP) / KEY_COLUMNS, 1
        for number, lines in entries:
            height = top + KEY_LINE * line
            axes.text(left + NUMBER - 0.05, height, str(number), fontsize=KEY_SIZE, ha="right")
            for further, text in enumerate(lines):
                height = top + KEY_LINE * (line + further)
                axes.text(left + NUMBER, height, text, fontsize=KEY_SIZE)
            line += len(lines)


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


def _draw(axes: Axes, row: Sequence[NDArray[np.uint8]], top: float, first: int) -> None:
    """Draw a row from the left margin on, numbered from ``first`` on.

    Images are shrunk to the figure's resolution first.
    """
    height, left = _height(row), GAP
    for number, image in enumerate(row, first):
        width = height * _aspect(image)
        size = (max(1, round(width * DPI)), max(1, round(height * DPI)))
        shown = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
        axes.imshow(shown, extent=(left, left + width, top + height, top), interpolation="nearest")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.text(*(left + 0.02, top + 0.02, str(number)), va="top", fontsize=KEY_SIZE, bbox=box)
        left += width + GAP
    axes.set(xlim=axes.get_xlim(), aspect="auto")
