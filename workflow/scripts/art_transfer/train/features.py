"""Features of a whole museum: one forward pass, shared by every task, head and seed."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.arrays import read_array
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path, need, reserve
from art_transfer.formats import read_csv, write_csv
from art_transfer.prepare.pixels import PixelStore
from art_transfer.train import openvino_engine
from art_transfer.train.batch_norm import batch_statistics, batches, folded, mixed
from art_transfer.train.scaling import on_pixels


def extract(
    backbone: keras.Model,
    pixels: PixelStore,
    scaling: str,
    path: str | Path,
    ids: str | Path,
    batch_norm: str = "inference",
    engine: str = "keras",
) -> int:
    """Write the features of every object, float32 (n, |x|), and the ids of its rows beside it.

    Rows are sorted by object id; ``batch_norm`` and ``engine`` as a preprocessing's. Gives n.
    Raises StudyError where a feature is not finite.
    """
    object_ids = pixels.object_ids
    forward = way_forward(backbone, scaling, batch_norm, engine)
    order = mixed(object_ids) if batch_norm == "batch" else np.arange(len(object_ids))
    rows = pixels.rows(object_ids)
    width = backbone.output_shape[-1]
    need(path, len(rows) * width * 4)
    with atomic_path(path) as temporary:
        features = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.float32, shape=(len(rows), width)
        )
        reserve(temporary)
        for places in batches(order):
            found = forward(pixels.batch(rows[places]))
            if not np.isfinite(found).all():
                raise StudyError(
                    f"{path}: a feature is not finite among objects "
                    f"{[object_ids[n] for n in places]}; are the weights and their scaling right?"
                )
            features[places] = found
        features.flush()
        del features
    write_csv(ids, pd.DataFrame({"object_id": object_ids}))
    return len(rows)


def way_forward(
    backbone: keras.Model, scaling: str, batch_norm: str, engine: str
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """From pixels (n, size, size, 3), at most BATCH, to features (n, |x|); told as ``extract``."""
    if batch_norm == "batch":
        return batch_statistics(backbone, scaling)
    if engine == "openvino":
        return openvino_engine.forward(backbone, scaling)
    used = folded(backbone) if batch_norm == "folded" else backbone
    return on_pixels(used, scaling).predict_on_batch


def read_features(path: str | Path, ids: str | Path, object_ids: list[str]) -> NDArray[np.float32]:
    """The features of these objects, float32 (n, |x|), in their order.

    Raises StudyError where the file has another number of rows than ids, an id stands twice, an
    object is lacking, or a feature is no number.
    """
    features = read_array(path, np.float32, 2)
    known = read_csv(ids, ["object_id"])["object_id"]
    if len(features) != len(known):
        raise StudyError(
            f"{path}: {len(features)} rows of features, but {ids} has {len(known)} ids; "
            "delete both to have them made again"
        )
    repeated = known[known.duplicated()].tolist()
    if repeated:
        raise StudyError(
            f"{ids}: {len(repeated)} object ids stand in several rows, as {repeated[:5]}; delete "
            f"it and {path} to have them made again"
        )
    places = pd.Index(known).get_indexer(pd.Index(object_ids))
    if (places < 0).any():
        lacking = [i for i, place in zip(object_ids, places, strict=True) if place < 0]
        raise StudyError(f"{path}: there are no features of {len(lacking)} objects: {lacking[:5]}")
    found = np.asarray(features[places])
    if not np.isfinite(found).all():
        raise StudyError(f"{path}: a feature is no number; delete it to have it made again")
    return found
