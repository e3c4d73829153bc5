"""Real runs of the workflow, each in a copy of the project of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def copy_project(folder: Path) -> Path:
    """A copy of what is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def snakemake(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a copy of the project; stdout and stderr come together as stdout."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def planned(output: str) -> dict[str, int]:
    """How many jobs of each rule a dry run lists; empty when there is nothing to do."""
    if "Job stats:" not in output:
        return {}
    lines = output.split("Job stats:", 1)[1].strip().splitlines()[2:]
    jobs = {}
    for line in lines:
        words = line.split()
        if len(words) != 2:
            break
        jobs[words[0]] = int(words[1])
    jobs.pop("total", None)
    return jobs


def same_files(one: Path, two: Path, patterns: list[str]) -> list[str]:
    """Names of the files below ``one`` that are missing or different below ``two``.

    What tells the cost, and what compares it, tells times and is never the same.
    """
    found = [path for pattern in patterns for path in one.glob(pattern) if path.is_file()]
    names = [path.relative_to(one) for path in found if path.stem not in ("cost", "multitask")]
    assert names
    return [
        str(name)
        for name in names
        if not (two / name).is_file() or (one / name).read_bytes() != (two / name).read_bytes()
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo study, run whole, for tests that only look at it."""
    folder = copy_project(tmp_path_factory.mktemp("demo"))
    done = snakemake(folder, "archive", "--cores", "2", "--configfile", "config/demo.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    return folder
