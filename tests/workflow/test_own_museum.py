"""The README's own museum: a folder beside the Snakefile, and config/museum.yaml as it is."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from .conftest import planned, snakemake

ARGUMENTS = ("--cores", "2", "--configfile", "config/museum.yaml")


def test_a_folder_becomes_splits_and_the_rest_is_planned(project: Path):
    random, rows = np.random.default_rng(0), []
    (project / "museum").mkdir()
    for n in range(60):
        Image.fromarray(random.integers(0, 256, (40, 30, 3), np.uint8)).save(
            project / f"museum/{n}.jpg"
        )
        material = "Tempera on wood, gold ground" if n % 2 else "oil on canvas"
        rows.append((n, f"{n}.jpg", f"Work {n}", ("Ada", "Bob", "unknown")[n % 3], material))
    table = pd.DataFrame(rows, columns=["id", "image", "title", "artist", "material"])
    table.to_csv(project / "museum/metadata.csv", index=False)
    done = snakemake(project, "splits", *ARGUMENTS)
    assert done.returncode == 0, done.stdout[-3000:]
    found = {}
    for task in ("material", "artist"):
        split = pd.read_csv(project / f"results/museum/splits/museum/{task}/seed-1.csv")
        found[task] = split["label"].value_counts().to_dict()
    assert found == {
        "material": {"oil on canvas": 30, "Tempera on wood": 30},
        "artist": {"Ada": 20, "Bob": 20},
    }
    jobs = planned(snakemake(project, "archive", "-n", *ARGUMENTS).stdout)
    assert jobs["fine_tune"] == 2 and jobs["head"] == 4
