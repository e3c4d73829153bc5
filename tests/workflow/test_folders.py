"""The two real museums beside the project, read as folders; skipped where they are not there."""

from pathlib import Path

import pandas as pd
import pytest

from .conftest import ROOT, snakemake

SHARED = ROOT.parent / "shared"

pytestmark = pytest.mark.skipif(
    not (SHARED / "collections").is_dir(), reason=f"there are no museums in {SHARED}"
)


def test_two_real_museums_become_splits(project: Path):
    (project.parent / "shared").symlink_to(SHARED)
    done = snakemake(project, "splits", "--cores", "2", "--configfile", "config/folders.yaml")
    assert done.returncode == 0, done.stdout[-3000:]
    found = {}
    for name in ("met", "nga"):
        metadata = pd.read_csv(SHARED / "collections" / name / "metadata.csv", dtype=str)
        objects = pd.read_parquet(project / f"resources/{name}/objects.parquet")
        images = pd.read_csv(project / f"resources/{name}/images/0000.csv", dtype=str)
        assert sorted(metadata["object_id"]) == objects["object_id"].tolist()
        assert images["object_id"].tolist() == objects["object_id"].tolist()
        assert (images["status"] == "ok").all()
        for task in ("material", "artist"):
            split = pd.read_csv(project / f"results/folders/splits/{name}/{task}/seed-1.csv")
            assert split.groupby("label")["split"].nunique().eq(3).all()
            shares = split["split"].value_counts(normalize=True)
            assert abs(shares["train"] - 0.8) < 0.05, (name, task, shares)
            found[name, task] = (len(split), split["label"].nunique())
    assert found == {
        ("met", "material"): (2233, 14),
        ("met", "artist"): (505, 31),
        ("nga", "material"): (2334, 11),
        ("nga", "artist"): (828, 30),
    }
