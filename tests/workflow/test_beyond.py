"""The questions beyond the paper: each config plans, as it stands and with what it says it asks."""

import re
import subprocess
import sys

import pytest
import yaml

from .conftest import ROOT

FOLDER = ROOT / "config" / "beyond"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
BESIDE = ROOT.parent / "shared" / "collections"
NEEDS = {name: BESIDE for name in NAMES if name.startswith("paintings")}
"""What lies beside the project, and may not."""


def planned(name: str) -> dict[str, int]:
    """How many jobs of each rule a study has."""
    if name in NEEDS and not NEEDS[name].is_dir():
        pytest.skip(f"{NEEDS[name]} is not there")
    command = [sys.executable, "-m", "snakemake", "-n", "archive", "--quiet", "rules"]
    command += ["--nolock", "--forceall", "--configfile", f"config/beyond/{name}.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    rows = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
    return {rule: int(count) for rule, count in rows}


@pytest.mark.parametrize("name", NAMES)
def test_it_plans_and_its_name_is_that_of_its_file(name):
    assert planned(name)["total"] > 20
    assert yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["study"] == name
    assert f"config/beyond/{name}.yaml" in (ROOT / "README.md").read_text()


def test_ten_museums_each_as_source_and_target():
    jobs = planned("open_museums")
    assert jobs["objects"] == jobs["rights"] == 10 + 1  # and the pooled one
    assert jobs["table"] == 10
    assert jobs["fine_tune"] == 10 + 2  # each museum's network, the pooled one and the chain
    # From ImageNet and nine others, but for Rijks to Rijks; from the pool and the chain on two.
    assert jobs["head"] == 10 * 10 - 2 + 2 * 2


def test_the_papers_twenty_cells_under_each_mode_and_scaling():
    jobs = planned("collapse_paper")
    assert jobs["head"] == 20 * 4 * 2
    assert jobs["batch_norm"] == 4 * 2 * 2 * 2  # networks, museums, modes, scalings


def test_newer_networks_are_rows_of_the_papers_tables():
    jobs = planned("networks_paper")
    assert jobs["fine_tune"] == 12 * 3 + 12 * 2 * 2
    assert jobs["table"] == 2 and jobs["weights"] == 12


def test_the_factors_of_the_collapse_are_crossed():
    study = yaml.safe_load((FOLDER / "collapse.yaml").read_text())
    methods, cells = study["methods"], set()
    for name in ("frozen", "updated", "updated_other", "reestimated", "reestimated_other"):
        grid = study["experiments"][name]
        for init in grid["inits"]:
            for method in grid["methods"]:
                block = methods[method]
                mode = init.removesuffix("_other"), "training_preprocessing" in block
                scaling = block["preprocessing"]
                rest = block.get("standardize", False), block.get("order", "shuffled")
                cells.add((mode, scaling, *rest))
    modes = {mode for mode, *_ in cells}
    assert modes == {
        ("photos", False),
        ("photos", True),
        ("updated", True),
        ("reestimated", False),
    }
    assert len(cells) == len(modes) * 2 * 2 * 2
