"""The numbers that saliency needs before any claim: unlikeness, its null, and two checks.

How alike two maps are is the rank correlation of their pixels (Spearman), for each image; 1 is the
same order of pixels, 0 none. Each number is a mean over images.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from art_transfer.report import originals
from art_transfer.report.grid import Cell, Grid, percent
from art_transfer.report.tables import words

Maps = NDArray[np.float32]
Pixels = NDArray[np.uint8]

NUMBERS = ["task", "check", "at", "images", "similarity", "probability", "accuracy"]
"""Columns of the table. ``check``: ``before and after`` and ``two seeds`` (similarity of maps),
``randomised`` (similarity with the map of the trained network, ``at``: the last layer whose weights
were shuffled, from the head down), and ``most salient removed`` and ``random removed`` (mean
probability, 0-1, of the class that the whole image was given, and accuracy, 0-1; ``at``: share of
the pixels)."""

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares (0-1) of the pixels that the deletion test removes."""

OWN_SPLIT = (
    "The other seed has another split as well, and its network was trained on many of the objects "
    "that the maps are compared on: this is not what a seed alone changes. With one split for all "
    "seeds (splits.fixed) it would be."
)

DEPTHS = 6  # at so many layers the randomised network's maps are taken


class Explained(Protocol):
    """A network with its maps (``explained.Network``)."""

    @property
    def model(self) -> Any:
        """The Keras model."""

    def maps(self, pixels: Pixels) -> Maps:
        """Saliency maps (n, height, width) of pixels (n, height, width, 3)."""

    def probabilities(self, pixels: Pixels) -> Maps:
        """Probabilities (n, classes)."""


def sample(object_ids: Iterable[str], number: int) -> list[str]:
    """So many of these objects, or all, sorted; which ones depends on their ids alone."""
    return sorted(originals.sample(object_ids, number, "map"))


def similarity(one: Maps, other: Maps) -> NDArray[np.float64]:
    """The rank correlation of each image's two maps: (n,), -1 to 1; 0 where one is even."""
    ranks = [rankdata(some.reshape(len(some), -1), axis=1) for some in (one, other)]
    a, b = (some - some.mean(axis=1, keepdims=True) for some in ranks)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.zeros(len(a)), where=scale > 0)


def numbers(
    task: str,
    pixels: Pixels,
    labels: Sequence[int],
    before: Explained,
    after: Explained,
    another: Explained | None,
) -> pd.DataFrame:
    """All numbers of a task; columns: NUMBERS.

    ``labels`` are the true classes, as numbers of ``after``'s outputs. ``another`` is ``after``
    with another seed. The weights of ``after`` are shuffled on the way and left so.
    """
    maps = after.maps(pixels)
    rows: list[dict[str, Any]] = [
        {"check": "before and after", "similarity": similarity(before.maps(pixels), maps).mean()}
    ]
    if another is not None:
        alike = similarity(another.maps(pixels), maps).mean()
        rows.append({"check": "two seeds", "similarity": alike})
    rows += _deletions(pixels, maps, labels, after)
    rows += [
        {
            "check": "randomised",
            "at": name,
            "similarity": similarity(after.maps(pixels), maps).mean(),
        }
        for name in randomised(after.model)
    ]
    table = pd.DataFrame(rows).assign(task=task, images=len(pixels))
    return table.reindex(columns=NUMBERS)


def randomised(model: Any) -> Iterator[str]:
    """Shuffle the weights of one layer after the other from the head down, and stay that way.

    Each array of weights keeps its values, in another order, so that the scale of what the network
    carries on stays what it was. Gives the name of the layer at up to DEPTHS places on the way: the
    first, the last, and some between.
    """
    layers = [layer for layer in reversed(model.layers) if layer.weights]
    stops = set(np.linspace(0, len(layers) - 1, min(DEPTHS, len(layers))).round().astype(int))
    random = np.random.default_rng(0)
    for number, layer in enumerate(layers):
        layer.set_weights(
            [random.permutation(some.ravel()).reshape(some.shape) for some in layer.get_weights()]
        )
        if number in stops:
            yield layer.name


def removed(pixels: Pixels, order: NDArray[np.int64], share: float) -> Pixels:
    """Images whose first pixels by ``order`` (n, height * width) have the image's mean colour."""
    count = round(share * order.shape[1])
    flat = pixels.reshape(len(pixels), -1, pixels.shape[-1]).copy()
    mean = flat.mean(axis=1, keepdims=True).round().astype(np.uint8)
    np.put_along_axis(flat, order[:, :count, None], np.repeat(mean, count, axis=1), axis=1)
    return flat.reshape(pixels.shape)


def _deletions(
    pixels: Pixels, maps: Maps, labels: Sequence[int], network: Explained
) -> Iterator[dict[str, Any]]:
    flat = maps.reshape(len(maps), -1)
    random = np.random.default_rng(0).random(flat.shape)
    given = network.probabilities(pixels).argmax(axis=1)
    for check, values in (("most salient removed", flat), ("random removed", random)):
        order = np.lexsort((random, -values), axis=1)  # equals by chance, not from the top down
        for share in SHARES:
            found = network.probabilities(removed(pixels, order, share))
            yield {
                "check": check,
                "at": f"{share:g}",
                "probability": found[np.arange(len(found)), given].mean(),
                "accuracy": (found.argmax(axis=1) == np.asarray(labels)).mean(),
            }


def numbers_tables(table: pd.DataFrame, null_has_own_split: bool) -> list[Grid]:
    """The numbers for readers.

    ``null_has_own_split``: whether the network of the other seed was trained on other objects.
    """
    images = f"Means over {table['images'].max():,} test objects of each task, or all there are."
    alike = []
    for task, block in table.groupby("task", sort=False):
        by_check = block.set_index("check")["similarity"]
        null = f"{by_check['two seeds']:.2f}" if "two seeds" in by_check else "no null: one seed"
        alike.append(
            [Cell(words(str(task))), Cell(f"{by_check['before and after']:.2f}"), Cell(null)]
        )
    header = ["Task", "before and after", "after, two seeds"]
    notes = [f"Rank correlation of the two maps' pixels: 1 is the same order, 0 none. {images}"]
    if null_has_own_split:
        header[-1] += " and splits"
        notes.append(OWN_SPLIT)
    grids = [Grid("How alike the two networks' maps are", header, 1, [alike], notes)]
    rows = table[table["check"] == "randomised"]
    texts = ((words(r["task"]), r["at"], f"{r['similarity']:.2f}") for r in rows.to_dict("records"))
    note = (
        "Weights shuffled from the head down to this layer. A map that says something of what was "
        "learned must change; VisualBackProp reads no head, so that its first row stays 1."
    )
    alike_below = _alike_below(table)
    if alike_below:
        note += (
            f" Shuffled down to {alike_below} the maps are still as alike as those before and "
            "after, or more, in every task: of what the layers from there to the head have learned "
            "these maps say little."
        )
    header = ["Task", "shuffled down to", "likeness with the trained network's map"]
    cells = [[Cell(text) for text in some] for some in texts]
    grids.append(Grid("Maps of a randomised network", header, 2, [cells], [note]))
    deleted = table[table["check"].str.endswith("removed")]
    groups = []
    for task, block in deleted.groupby("task", sort=False):
        wide = block.pivot(index="at", columns="check", values=["probability", "accuracy"])
        groups.append(
            [
                [Cell(words(str(task))), Cell(percent(float(str(share))))]
                + [
                    Cell(percent(row[value, check]))
                    for value in ("probability", "accuracy")
                    for check in ("most salient removed", "random removed")
                ]
                for share, row in wide.iterrows()
            ]
        )
    header = ["Task", "removed", "probability, salient", "random", "accuracy, salient", "random"]
    note = (
        "In %. Pixels in the order of the second network's map, or at random, get the image's mean "
        "colour. Where the map marks what the network goes by, its probability falls faster with "
        "the salient ones."
    )
    grids.append(Grid("What removing pixels does", header, 1, groups, [note]))
    return grids


def _alike_below(table: pd.DataFrame) -> str:
    """The lowest layer down to which shuffling changes no task's maps more than training did.

    Empty where there is none, or none but the head.
    """
    trained = table[table["check"] == "before and after"].set_index("task")["similarity"]
    shuffled = table[table["check"] == "randomised"]
    kept = shuffled["similarity"] >= shuffled["task"].map(trained)
    in_all = kept.groupby(shuffled["at"], sort=False).all()  # from the head down
    lowest = in_all[in_all.cumprod().astype(bool)].index[1:]
    return str(lowest[-1]) if len(lowest) else ""
