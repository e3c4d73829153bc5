"""Figure 4: where two networks look, on objects that only the second one gets right."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray
from PIL import Image

from art_transfer.prepare.pixels import square
from art_transfer.report.style import figure
from art_transfer.report.tables import words
from art_transfer.settings import Pixels

SHOWN = [
    *["task", "object_id", "label", "predicted_before", "predicted_after", "probability_after"],
    *["mean_absolute_difference", "only_after_right", "test_objects"],
]
"""Columns of the CSV beside the figure."""

COLUMN = 1.75  # inches
TEXT = 0.52  # inches below each image
HEADING = 0.5  # inches above each task
COLORS = ListedColormap(colormaps["inferno"](np.linspace(0.35, 1, 256)))
"""Over a dimmed image their lightness rises with the map, so that it can be read in grey."""
DIMMED = 0.5  # brightness of the image below a map, so that what shines is the map
CHARACTERS = 28  # that fit below an image


@dataclass(frozen=True)
class Choice:
    """The objects that are shown for a task, the likeliest first, and out of how many."""

    task: str
    objects: pd.DataFrame  # object_id, label, predicted_before, predicted_after, probability_after
    only_after_right: int
    test_objects: int


@dataclass(frozen=True)
class Panel:
    """A choice with its images (height, width, 3) uint8 and both networks' maps, in its order.

    The images are what the networks saw of the objects (``as_seen``); the maps are (n, rows,
    columns) float32 in [0, 1], stretched over the whole image.
    """

    choice: Choice
    images: Sequence[NDArray[np.uint8]]
    before: NDArray[np.float32]
    after: NDArray[np.float32]


def choose(task: str, before: pd.DataFrame, after: pd.DataFrame, n: int) -> Choice:
    """Choose up to ``n`` test objects that only ``after`` gets right.

    Both are predictions on the same test objects (``formats.PREDICTIONS``). The object whose class
    ``after`` gives the highest probability comes first, of equal ones the smaller id; but one of
    each class comes before a second one.
    """
    both = before.merge(after, on="object_id", suffixes=("_before", "_after"), validate="1:1")
    wrong_before = both["predicted_before"] != both["label_before"]
    found = both[wrong_before & (both["predicted_after"] == both["label_after"])]
    found = found.rename(columns={"label_after": "label"})
    found = found.sort_values(["probability_after", "object_id"], ascending=[False, True])
    found = found.loc[found.groupby("label").cumcount().sort_values(kind="stable").index]
    shown = found[
        ["object_id", "label", "predicted_before", "predicted_after", "probability_after"]
    ]
    return Choice(task, shown.head(n).reset_index(drop=True), len(found), len(both))


def as_seen(image: NDArray[np.uint8], fit: str) -> NDArray[np.uint8]:
    """What networks see of a museum's image (height, width, 3), at the image's own resolution.

    ``fit`` is that of ``pixels``: with ``crop`` this is the middle square, with ``pad`` a black
    square with the image in its middle, with ``stretch`` the image as it is.
    """
    if fit == "stretch":  # a map that is stretched over the image lies where it belongs
        return image
    side = (min if fit == "crop" else max)(image.shape[:2])
    return square(Image.fromarray(image), side, Pixels(fit, "nearest"))


def shown_objects(panels: Sequence[Panel]) -> pd.DataFrame:
    """The figure as a table: one row per object that is shown; columns: SHOWN.

    ``mean_absolute_difference`` (0-1) is between the two maps of the object.
    """
    parts = [
        panel.choice.objects.assign(
            task=panel.choice.task,
            mean_absolute_difference=np.abs(panel.before - panel.after).mean(axis=(1, 2)),
            only_after_right=panel.choice.only_after_right,
            test_objects=panel.choice.test_objects,
        )[SHOWN]
        for panel in panels
    ]
    return pd.concat(parts, ignore_index=True)


def saliency_figure(panels: Sequence[Panel], title: str, before: str, after: str) -> Figure:
    """For each task a block: a row per object, with the image and both networks' maps over it.

    ``before`` and ``after`` say in words what the two networks are. Below each image stands the
    truth, below each map what its network predicted. A task with fewer objects than asked for, or
    none, says so. Call within ``style.styled``.
    """
    rows = [max(1, len(panel.images)) for panel in panels]
    heights = [
        HEADING + (n * (COLUMN + TEXT) if len(panel.images) else 0.35)
        for n, panel in zip(rows, panels, strict=True)
    ]
    heading = "\n".join(textwrap.wrap(title, 72))
    top = 0.25 * (heading.count("\n") + 1) + 0.1
    made = figure(3 * COLUMN + 0.9, sum(heights) + top)
    made.suptitle(heading, x=0.02, ha="left", fontsize=10)
    blocks = made.subfigures(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
    for panel, block in zip(panels, blocks, strict=True):
        _draw_block(block, panel, before, after)
    return made


def pictures(panel: Panel) -> list[list[NDArray[np.uint8]]]:
    """For each object of a panel the image and both maps over it, as the figure has them."""
    return [
        [image, *(_laid_over(image, maps[number]) for maps in (panel.before, panel.after))]
        for number, image in enumerate(panel.images)
    ]


def _laid_over(image: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An image dimmed and grey with a map over it, (height, width, 3)."""
    height, width = image.shape[:2]
    size = Image.fromarray(mask).resize((width, height), Image.Resampling.BILINEAR)
    stretched = np.clip(np.asarray(size), 0, 1)
    opacity = _opacity(stretched)[..., None]
    grey = DIMMED * image.mean(axis=2, keepdims=True) / 255
    mixed = opacity * COLORS(stretched)[..., :3] + (1 - opacity) * grey
    return np.asarray(np.rint(255 * mixed), np.uint8)


def _draw_block(block: SubFigure, panel: Panel, before: str, after: str) -> None:
    choice = panel.choice
    share = f"{choice.only_after_right:,} of {choice.test_objects:,} test objects"
    shown = f", {len(panel.images)} shown" if len(panel.images) < choice.only_after_right else ""
    block.suptitle(
        f"{words(choice.task)}: {share} right after only{shown}",
        x=0.02,
        ha="left",
        fontsize=9,
        fontweight="bold",
    )
    if not len(panel.images):
        axes = block.subplots()
        axes.set_axis_off()
        text = "No test object is wrong before and right after, so there is nothing to show."
        axes.text(0, 0.5, text, fontsize=8, va="center")
        return
    grid = block.subplots(len(panel.images), 3, squeeze=False)
    for axes, head in zip(grid[0], ("image", before, after), strict=True):
        axes.set_title("\n".join(textwrap.wrap(head, 28)[:3]), fontsize=8)
    for number, row in enumerate(choice.objects.to_dict("records")):
        image = panel.images[number]
        _draw(
            grid[number, 0],
            image,
            None,
            [*_two_lines(f"truth: {row['label']}"), _end(row["object_id"])],
        )
        _draw(grid[number, 1], image, panel.before[number], _said(row["predicted_before"], "wrong"))
        said = _said(row["predicted_after"], f"right, {100 * row['probability_after']:.0f} %")
        _draw(grid[number, 2], image, panel.after[number], said)
    bar = block.colorbar(
        ScalarMappable(Normalize(0, 1), _shown_colors()),
        ax=grid,
        shrink=0.7,
        aspect=30,
        panchor=False,
    )
    bar.set_label("saliency, scaled for each map", fontsize=7.5)
    bar.outline.set_visible(False)


def _said(predicted: str, verdict: str) -> list[str]:
    return [*_two_lines(predicted), f"({verdict})"]


def _draw(
    axes: Axes, image: NDArray[np.uint8], mask: NDArray[np.float32] | None, lines: list[str]
) -> None:
    """An image as it is, or dimmed and grey with a map over it, and up to three lines below."""
    height, width = image.shape[:2]
    extent = (0.0, float(width), float(height), 0.0)
    if mask is None:
        axes.imshow(image, extent=extent)
    else:
        grey = image.mean(axis=2)
        axes.imshow(grey, cmap="gray", vmin=0, vmax=255 / DIMMED, extent=extent)
        axes.imshow(
            mask,
            cmap=COLORS,
            vmin=0,
            vmax=1,
            alpha=_opacity(mask),
            extent=extent,
            interpolation="bilinear",
        )
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel("\n".join(lines), fontsize=7, labelpad=2)


def _end(object_id: str) -> str:
    """An id, of a long one its end, where addresses have their number."""
    return object_id if len(object_id) <= CHARACTERS else "…" + object_id[1 - CHARACTERS :]


def _two_lines(text: str) -> list[str]:
    """A name on up to two lines that fit below an image, cut with an ellipsis."""
    lines = textwrap.wrap(text, CHARACTERS) or [""]
    if len(lines) > 2:
        lines = [lines[0], lines[1][: CHARACTERS - 1].rstrip() + "…"]
    return lines


def _opacity(mask: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    """How much a map covers the image: little where it is low, so that the image can be seen."""
    return 0.9 * mask.astype(np.float64)


def _shown_colors() -> ListedColormap:
    """The colours as they look over middle grey."""
    values = np.linspace(0, 1, 256)
    colors = COLORS(values)
    opacity = _opacity(values)[:, None]
    colors[:, :3] = opacity * colors[:, :3] + (1 - opacity) * 0.5 * DIMMED
    return ListedColormap(colors)
