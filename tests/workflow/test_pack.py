"""`make pack` seals what is there now, also after `make clean-stale` has removed runs."""

import re
from pathlib import Path

import pytest
import yaml
from art_transfer.archive.pack import pack
from art_transfer.archive.verify import wrong_hashes
from art_transfer.errors import StudyError
from art_transfer.files import read_json
from builders import small_config

from .conftest import ROOT, snakemake

ALONE = ("--cores", "1", "--configfile", "config/small.yaml")
ALONE += ("--allowed-rules", "crate", "records", "manifest", "archive")
STALE = "runs/museum/type/demo_plain/random/older/seed-1/metrics.json"


def make_pack_seals() -> list[str]:
    """What `make pack` gives Snakemake before the cores."""
    recipe = (ROOT / "Makefile").read_text().split("\npack:", 1)[1].split("\n\n", 1)[0]
    return str(re.findall(r"snakemake (.*?) --cores", recipe)[0]).split()


@pytest.fixture
def sealed(project: Path) -> Path:
    """A sealed study whose tables, figures and pages are stand-ins, with a run of another day."""
    (project / "config/small.yaml").write_text(yaml.safe_dump(small_config()))
    lacking = snakemake(project, "archive", "-n", *ALONE).stdout
    names = re.findall(r"^ {8}(results/small/\S+)$", lacking, re.MULTILINE)
    assert "results/small/report.html" in names, lacking[-3000:]
    for name in [*names, f"results/small/{STALE}"]:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("[]")
    done = snakemake(project, "archive", *ALONE)
    assert done.returncode == 0, done.stdout[-3000:]
    return project / "results/small"


def described(results: Path) -> set[str]:
    return {entity["@id"] for entity in read_json(results / "ro-crate-metadata.json")["@graph"]}


def test_the_description_forgets_the_runs_that_were_removed(sealed, project, tmp_path):
    assert STALE in described(sealed)
    (sealed / STALE).unlink()
    with pytest.raises(StudyError, match=f"such as {STALE}; `make verify` names") as error:
        pack(sealed, tmp_path / "small.tar")
    advised = re.findall(r"`snakemake (archive[^`]*)`", str(error.value))
    for number, words in enumerate([make_pack_seals(), advised[0].split()]):
        new = f"tables/new{number}.csv"
        (sealed / new).touch()
        done = snakemake(project, *words, *ALONE)
        assert done.returncode == 0, done.stdout[-3000:]
        assert STALE not in described(sealed) and new in described(sealed)
        assert list(wrong_hashes(sealed)) == []
        assert pack(sealed, tmp_path / "small.tar") > 50
