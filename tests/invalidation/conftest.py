"""The small study, finished once, and the count of what the matrix found."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workflow.conftest import ROOT, copy_project, snakemake

from .planning import Planner

COUNTS = {"cases": 0, "missed": 0, "unneeded": 0}
PLAIN = dict(COUNTS)
"""The same of a plain Snakemake workflow (test_plain.py)."""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study, made for real. Nothing may change it."""
    own = tmp_path_factory.mktemp("small")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return made(own)
    together = tmp_path_factory.getbasetemp().parent
    with (together / "small.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whichever process comes first makes it, for all
        if not (together / "small").exists():
            made(together / "making").rename(together / "small")
    own.rmdir()
    return copied(together / "small", own)


def made(folder: Path) -> Path:
    """The small study in a folder, run to its end."""
    done = snakemake(prepared(folder), "archive", "--cores", "2", "--configfile", "small.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def prepared(folder: Path) -> Path:
    """A copy of the project with what the small study is made from."""
    subprocess.run(
        [sys.executable, Path(__file__).with_name("small_study.py"), copy_project(folder)],
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=True,
    )
    return folder


@pytest.fixture
def small(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, to be changed."""
    return copied(finished, tmp_path / "small")


def copied(project: Path, to: Path) -> Path:
    """A copy with the times of its files."""
    return shutil.copytree(project, to, symlinks=True)


@pytest.fixture(scope="session")
def plan() -> Iterator[Planner]:
    planner = Planner()
    yield planner
    planner.close()


def check(planned: set[str], expected: set[str]) -> None:
    """Count a case; what is planned must be what is expected."""
    missed, unneeded = expected - planned, planned - expected
    COUNTS["cases"] += 1
    COUNTS["missed"] += len(missed)
    COUNTS["unneeded"] += len(unneeded)
    assert not missed and not unneeded, f"missed: {sorted(missed)}; unneeded: {sorted(unneeded)}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of one of several processes to the one that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["invalidation"] = (COUNTS, PLAIN)


class Together:
    """Hears of each process that has ended, where there are several."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for mine, its in zip((COUNTS, PLAIN), node.workeroutput["invalidation"], strict=True):
            for name in mine:
                mine[name] += its[name]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Together())


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workeroutput"):
        return
    if PLAIN["cases"]:
        words = "{cases} cases, {missed} missed, {unneeded} unneeded".format(**PLAIN)
        print(f"a plain Snakemake workflow: {words}")
    if COUNTS["cases"]:
        print("invalidation: {cases} cases, {missed} missed, {unneeded} unneeded".format(**COUNTS))
