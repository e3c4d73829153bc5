"""How sure a network may be: a temperature for its probabilities (Guo et al. 2017, 4.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

SPAN = 3.0
"""The logarithm of a temperature lies within this: from a twentieth to twenty."""
CONFIDENCES = (0.5, 0.7, 0.9)


def fit_calibration(probability: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, Any]:
    """The contents of ``calibration.json``, from the validation split.

    ``probability`` is (n, classes), ``truth`` (n,) the numbers of the true classes. The temperature
    is the one with the smallest log loss; 1 leaves probabilities as they are, more makes them
    less sure. ``sure`` says of some confidences how many objects reach them, and how many of these
    are right, 0-1; none where no object does.
    """
    logits = _logits(probability)

    def loss(temperature: float) -> float:
        chosen = log_softmax(logits / temperature, axis=1)[np.arange(len(truth)), truth]
        return float(-chosen.mean())

    found = minimize_scalar(lambda x: loss(np.exp(x)), bounds=(-SPAN, SPAN), method="bounded")
    temperature = float(np.exp(found.x))
    calibrated = calibrate(probability, temperature)
    highest, right = calibrated.max(axis=1), calibrated.argmax(axis=1) == truth
    return {
        "temperature": temperature,
        "validation": {
            "n": len(truth),
            "loss": loss(1.0),
            "calibrated_loss": loss(temperature),
        },
        "sure": [
            {
                "confidence": confidence,
                "share": float((highest >= confidence).mean()),
                "accuracy": float(right[highest >= confidence].mean())
                if (highest >= confidence).any()
                else None,
            }
            for confidence in CONFIDENCES
        ],
    }


def calibrate(probability: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Probabilities (n, classes) at a temperature; the order of classes stays."""
    return softmax(_logits(probability) / temperature, axis=1)


def _logits(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits of probabilities: their logarithms, for a softmax forgets what all logits share."""
    least = np.finfo(np.float32).tiny  # what a softmax in float32 rounds to nothing
    return np.log(np.maximum(probability.astype(np.float64), least))
