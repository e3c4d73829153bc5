"""A finished run's network, from the four files that using it needs."""

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.files import read_json
from art_transfer.prepare.pixels import PixelStore
from art_transfer.settings import Pixels
from art_transfer.train.backbones import FEATURES
from art_transfer.train.calibration import calibrate
from art_transfer.train.checkpoint import read_checkpoint
from art_transfer.train.scaling import scale

BATCH = 32
Floats = NDArray[np.float32]


class Network:
    """What a run has learned; ``model.keras`` is read in Keras's safe mode and runs no code."""

    def __init__(self, folder: str | Path) -> None:
        """``folder`` is a run's or an exported one. Raises StudyError for no checkpoint of ours."""
        folder = Path(folder)
        self.classes: list[str] = read_json(folder / "labels.json")
        self.temperature: float = read_json(folder / "calibration.json")["temperature"]
        steps = read_json(folder / "preprocessing.json")
        self.size: int = steps["size"]
        self.pixels = Pixels(steps["fit"], steps["filter"])
        self._scaling: str = steps["scaling"]
        path = folder / "model.keras"
        model = read_checkpoint(path)
        try:
            outputs = [model.get_layer(FEATURES).output, model.output]
        except ValueError as error:
            raise StudyError(f"{path}: this is no checkpoint of a run: {error}") from error
        if outputs[1].shape[1:] != (len(self.classes),):
            raise StudyError(
                f"{path} has {outputs[1].shape[-1]} outputs, but labels.json beside it "
                f"{len(self.classes)} classes; expected the files of one run"
            )
        self._model = keras.Model(model.input, outputs)

    def look(self, pixels: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Pooled features (n, |x|) and probabilities (n, classes), uncalibrated, of pixels."""
        features, probability = self._model.predict_on_batch(scale(pixels, self._scaling))
        return features, probability

    def calibrated(self, probability: Floats) -> NDArray[np.float64]:
        """Probabilities at the temperature that the run's validation split asked for."""
        return calibrate(probability, self.temperature)


class Neighbours:
    """The objects that a network was trained on, by what it sees in them."""

    def __init__(self, network: Network, store: PixelStore, object_ids: list[str]) -> None:
        """One pass over the pixels of ``object_ids``, those of the train split."""
        self._ids, rows = np.array(object_ids, dtype=object), store.rows(object_ids)
        starts = range(0, len(rows), BATCH)
        seen = [network.look(store.batch(rows[start : start + BATCH]))[0] for start in starts]
        self._features = _unit(np.concatenate(seen))

    def nearest(self, features: Floats, count: int) -> list[list[tuple[str, float]]]:
        """For each row of features the ``count`` nearest ids and their cosines, nearest first."""
        cosines = _unit(features) @ self._features.T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        return [
            [(self._ids[place], float(row[place])) for place in places]
            for row, places in zip(cosines, order, strict=True)
        ]


def _unit(features: Floats) -> Floats:
    """Each row at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0)
