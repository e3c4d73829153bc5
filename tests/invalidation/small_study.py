"""Make the small study's own inputs below a copy of the project: ``python small_study.py FOLDER``.

Run in a process of its own, for it needs TensorFlow.
"""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
from art_transfer.files import sha256
from art_transfer.job_settings import Architecture, FirstWeights
from art_transfer.train.backbones import build
from PIL import Image

HERE = Path(__file__).parent
COLUMNS = ("id", "file", "name", "makers", "materials", "kinds", "year", "rights", "page")
KINDS = ("bowl", "print", "chair")


def make_museum(folder: Path) -> None:
    """A museum that is a folder: 36 objects of three kinds, each kind with a colour of its own.

    Its table is there twice, under two names.
    """
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    with (folder / "objects.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            ["id", "file", "name", "makers", "materials", "kinds", "year", "rights", "page"]
        )
        for number in range(36):
            kind = number % len(KINDS)
            pixels = rng.integers(0, 120, (40, 48, 3), dtype=np.uint8)
            pixels[..., kind] += 120
            Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
            name = KINDS[kind]
            rows.writerow(
                [f"o{number}", f"images/{number}.png", name, "Ann", "clay", name, "1700", "CC0", ""]
            )

    shutil.copy(folder / "objects.csv", folder / "other.csv")
    (folder / "mapping.csv").write_text("value,concept\nbowl,vessel\n", encoding="utf-8")


def make_weights(path: Path) -> None:
    """First weights of the network, as a file."""
    build(Architecture("demo_plain", 32, "last"), FirstWeights("random", 7), "").save_weights(path)


if __name__ == "__main__":
    project = Path(sys.argv[1])
    make_museum(project / "museum")
    (project / "museum2").symlink_to("museum")
    make_weights(project / "museum" / "small.weights.h5")
    text = (HERE / "small.yaml").read_text(encoding="utf-8")
    digest = sha256(project / "museum" / "small.weights.h5")
    (project / "small.yaml").write_text(text.replace("WEIGHTS", digest), encoding="utf-8")
