"""The Slurm profile: what each job of the paper asks for, seen without any Slurm."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from .conftest import ROOT

PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
RULES = "".join(path.read_text() for path in [*ROOT.glob("workflow/rules/*"), ROOT / "Snakefile"])
LOCAL = set(" ".join(re.findall(r"^localrules:\n((?:    \w+,\n)+)", RULES, re.MULTILINE)).split())
LOCAL = {name.rstrip(",") for name in LOCAL}
GPU = {"fine_tune", "features_shared", "features_of_run", "batch_norm", "joint", "joint_task"}
MINUTES = {"fine_tune": 2880, "features_shared": 240, "features_of_run": 240, "head": 60}
MINUTES |= {
    "looks": 240,
    "near_duplicates": 120,
    "near_duplicates_between": 120,
    "label_rules": 15,
    "labels": 30,
    "split": 15,
    "pixels": 60,
    "baselines": 120,
    "saliency": 1440,
}
MINUTES |= {"batch_norm": 240, "classifier": 240, "joint": 2880, "joint_task": 240, "predict": 240}
BEYOND = {"batch_norm", "classifier", "joint", "joint_task", "predict"}
"""Rules that the paper's own study has no jobs of."""
PAPER = set(MINUTES) - BEYOND
MEGABYTES = dict.fromkeys(GPU, 16000) | dict.fromkeys(
    ["head", "classifier", "baselines", "saliency"], 8000
)
MEGABYTES |= dict.fromkeys(["near_duplicates", "near_duplicates_between"], 8000) | {"looks": 2000}
MEGABYTES |= {"label_rules": 4000, "pixels": 4000, "labels": 4000, "split": 1000}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The paper's jobs as they would be submitted, on a machine without Slurm's programs."""
    programs = tmp_path_factory.mktemp("bin")
    for name in ("which", "sh", "bash"):
        (programs / name).symlink_to(shutil.which(name))
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "-n", "all"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": str(programs)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def jobs(plan: str) -> list[tuple[str, dict[str, str]]]:
    """For each job its rule and the resources that it asks for."""
    found = []
    for block in re.split(r"\n(?= *rule \w+:\n)", plan)[1:]:
        said = re.search(r"^ +resources: (.*)$", block, re.MULTILINE).group(1)
        pairs = (part.split("=", 1) for part in said.split(", "))
        found.append((re.match(r" *rule (\w+):", block).group(1), dict(pairs)))
    return found


def test_what_computes_is_submitted_and_downloads_tables_and_figures_are_not(jobs):
    planned = {rule for rule, _ in jobs}
    assert planned - LOCAL == PAPER
    assert {"objects", "images", "weights", "table", "mosaic", "curves", "cost"} <= planned & LOCAL


def test_every_job_asks_for_what_the_profile_says(jobs):
    submitted = [(rule, asked) for rule, asked in jobs if rule not in LOCAL]
    assert len(submitted) > 100
    for rule, asked in submitted:
        assert asked["slurm_partition"] == ("gpu" if rule in GPU else "cpu"), rule
        assert asked.get("gpu") == ("1" if rule in GPU else None), rule
        assert int(asked["mem_mb"]) == MEGABYTES[rule], rule
        assert int(asked["runtime"]) == MINUTES[rule], rule
        assert asked["slurm_account"] == PROFILE["default-resources"]["slurm_account"]


def test_every_rule_that_is_submitted_has_memory_that_grows():
    assert set(PROFILE["set-resources"]) == set(MINUTES)
    for rule, asked in PROFILE["set-resources"].items():
        assert asked["mem_mb"].endswith(" * (attempt if attempt < 3 else 3)"), rule
    assert PROFILE["default-resources"]["mem_mb"].endswith(" * (attempt if attempt < 3 else 3)")


def test_the_site_is_named_in_one_block():
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    site, rest = re.split(r"\n# -{20,}\n", text)
    words = re.compile(r"slurm_account|slurm_partition|constraint|qos|reservation|gpu_model")
    assert words.search(site) and not words.search(rest)
