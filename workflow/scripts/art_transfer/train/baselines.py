"""What one gets without a network, so that nobody is fooled by a table."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import SPLIT_NAMES

SIDE = 8  # pixels of a thumbnail
PENALTIES = (0.001, 0.01, 0.1)  # scikit-learn's C


def baselines(
    split: pd.DataFrame, pixels: PixelStore, images: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Test accuracies (0-1) of the largest class, and of a linear classifier on thumbnails.

    The classifier is a logistic regression on 8 x 8 RGB thumbnails and the logarithm of the aspect
    ratio, standardised; it is fitted on the train split, and the validation split chooses its
    penalty. ``images`` are the museum's image tables.
    """
    values, labels = _thumbnails(split, pixels, images), split["label"].to_numpy()
    train, validation, test = ((split["split"] == name).to_numpy() for name in SPLIT_NAMES)
    largest = pd.Series(labels[train]).value_counts().sort_index().idxmax()
    models = [
        make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=200)).fit(
            values[train], labels[train]
        )
        for penalty in PENALTIES
    ]
    model = max(models, key=lambda model: model.score(values[validation], labels[validation]))
    n = int(test.sum())
    return {
        "largest_class": {"accuracy": float((labels[test] == largest).mean()), "n": n},
        "thumbnail": {"accuracy": float(model.score(values[test], labels[test])), "n": n},
    }


def _thumbnails(
    split: pd.DataFrame, pixels: PixelStore, images: pd.DataFrame
) -> NDArray[np.float32]:
    """Mean colours of an 8 x 8 grid and the log aspect ratio: (n, 193)."""
    rows = pixels.rows(split["object_id"])
    thumbnails = np.empty((len(rows), SIDE * SIDE * 3 + 1), np.float32)
    for number, row in enumerate(rows):
        image = pixels.batch(row[None])[0].astype(np.float32)
        bands = [np.array_split(band, SIDE, axis=1) for band in np.array_split(image, SIDE)]
        cells = [cell.mean(axis=(0, 1)) for row_of_cells in bands for cell in row_of_cells]
        thumbnails[number, :-1] = np.concatenate(cells)
    sizes = images.set_index("object_id").loc[split["object_id"]]
    thumbnails[:, -1] = np.log(sizes["width"].to_numpy() / sizes["height"].to_numpy())
    return thumbnails
