"""What a network says of images, as a table: one row each, in the order they were given."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.images import UnreadableImageError
from art_transfer.predict.images import read_image
from art_transfer.predict.network import BATCH, Neighbours, Network

LIKELIEST = 5
Prepared = tuple[str, NDArray[np.uint8] | None, str]
"""An id, its pixels if there are any, and its status: ``ok``, or why there are none."""


def predicted(
    network: Network,
    images: Mapping[str, Path],
    confidence: float,
    neighbours: Neighbours | None = None,
    nearest: int = 0,
) -> pd.DataFrame:
    """A row for each image, an unreadable one with its reason and otherwise empty.

    Columns: object_id, status, sure (``sure``, or ``unsure`` where the likeliest label has less
    than ``confidence``), label_1, probability_1 (calibrated) and so on to the fifth, nearest_1,
    similarity_1 (cosine) and so on for the nearest objects of the train split.
    """
    count = min(LIKELIEST, len(network.classes))
    columns = ["object_id", "status", "sure"]
    columns += [f"{name}_{n + 1}" for n in range(count) for name in ("label", "probability")]
    columns += [f"{name}_{n + 1}" for n in range(nearest) for name in ("nearest", "similarity")]
    rows: list[dict[str, Any]] = []
    items = list(images.items())
    for start in range(0, len(items), BATCH):
        some = [_prepared(network, *item) for item in items[start : start + BATCH]]
        ready = [pixels for _, pixels, _ in some if pixels is not None]
        said = _said(network, ready, count, confidence, neighbours, nearest)
        for name, pixels, status in some:
            row = {"object_id": name, "status": status}
            rows.append(row if pixels is None else row | next(said))
    return pd.DataFrame(rows, columns=columns)


def _prepared(network: Network, name: str, path: Path) -> Prepared:
    try:
        return name, read_image(path, network.size, network.pixels), "ok"
    except UnreadableImageError as error:
        return name, None, f"unreadable: {error}"


def _said(
    network: Network,
    pixels: list[NDArray[np.uint8]],
    count: int,
    confidence: float,
    neighbours: Neighbours | None,
    nearest: int,
) -> Iterator[dict[str, Any]]:
    """What is said of each of some images; of equally likely classes the earlier one is first."""
    if not pixels:
        return
    features, raw = network.look(np.stack(pixels))
    probability = network.calibrated(raw)
    order = np.argsort(-raw, axis=1, kind="stable")[:, :count]
    near = neighbours.nearest(features, nearest) if neighbours else [[]] * len(raw)
    for values, places, objects in zip(probability, order, near, strict=True):
        row: dict[str, Any] = {"sure": "sure" if values[places[0]] >= confidence else "unsure"}
        for number, place in enumerate(places, 1):
            row |= {f"label_{number}": network.classes[place]}
            row |= {f"probability_{number}": values[place]}
        for number, (object_id, cosine) in enumerate(objects, 1):
            row |= {f"nearest_{number}": object_id, f"similarity_{number}": cosine}
        yield row
