"""A small study that is killed again and again ends as one that nobody disturbed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from invalidation.conftest import copied, prepared
from workflow.conftest import snakemake

from .conftest import LostError, WrongError

pytestmark = pytest.mark.full
KILLS = 30
KINDS = ("driver and jobs", "driver", "jobs")
COMMAND = ["all", "--cores", "2", "--configfile", "small.yaml"]
TIMES = ("run.json", ".cost.json", "cost.csv", "cost.pdf", "cost.png")
TIMES += ("multitask.csv", "multitask.md", "multitask.html")
"""Files that say how long something took: these are never the same."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project before anything has run: both runs must be of the same code, to the letter."""
    return prepared(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="module")
def undisturbed(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(fresh, tmp_path_factory.mktemp("undisturbed") / "study")
    done = snakemake(folder, *COMMAND)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder


@pytest.fixture(scope="module")
def victim(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(fresh, tmp_path_factory.mktemp("victim") / "study")


def finals(project: Path) -> Iterator[str]:
    """The finished files of a study: not hidden, and no state of a training that runs."""
    for top in ("resources", "results/small"):
        for path in (project / top).rglob("*"):
            name = path.relative_to(project).as_posix()
            parts = name.split("/")
            hidden = any(part.startswith(".") for part in parts)
            if path.is_file() and not hidden and not {"state", "downloads"} & set(parts):
                yield name


def check_no_half_file(project: Path, undisturbed: Path) -> None:
    """Whatever has its final name is what it must be, to the last byte."""
    for name in finals(project):
        whole = undisturbed / name
        if name.endswith(TIMES):
            assert (project / name).read_bytes().strip(), f"{name} is empty"
        elif not whole.is_file() or whole.read_bytes() != (project / name).read_bytes():
            raise WrongError(f"{name} is not what it must be")


def jobs_of(driver: int) -> list[int]:
    """The processes below a driver."""
    found, waiting = [], [driver]
    while waiting:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(waiting.pop())], capture_output=True, text=True
        )
        below = [int(word) for word in listed.stdout.split()]
        found += below
        waiting += below
    return found


def kill(driver: subprocess.Popen[bytes], kind: str) -> None:
    jobs = jobs_of(driver.pid)
    victims = {"driver": [driver.pid], "jobs": jobs}.get(kind, [driver.pid, *jobs])
    for process in victims:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    driver.wait()


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_leaves_no_half_file(number, undisturbed, victim):
    chance = random.Random(number)
    driver = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *COMMAND, "--nolock"],
        cwd=victim,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + chance.uniform(3, 20)
    while time.monotonic() < until and driver.poll() is None:
        time.sleep(0.02)
    finished = list(finals(victim))
    over = driver.poll() == 0
    kill(driver, KINDS[number % len(KINDS)])
    check_no_half_file(victim, undisturbed)
    if over:  # to the end before it could be killed: once more from the beginning
        check_the_same(victim, undisturbed)
        for name in ("resources", "results/small", ".snakemake", "logs"):
            shutil.rmtree(victim / name)
        return
    gone = [n for n in finished if not (victim / n).is_file() and (undisturbed / n).is_file()]
    if len(gone) > 2 * 8:  # the outputs of the two jobs that ran, of eight files at most each
        raise LostError(f"{gone}")


def test_after_all_kills_the_tree_is_that_of_an_undisturbed_run(undisturbed, victim):
    done = snakemake(victim, *COMMAND, "--nolock")
    assert done.returncode == 0, done.stdout[-3000:]
    check_the_same(victim, undisturbed)
    again = snakemake(victim, *COMMAND, "-n", "--nolock")
    assert "Nothing to be done" in again.stdout


def check_the_same(project: Path, undisturbed: Path) -> None:
    check_no_half_file(project, undisturbed)
    missing = set(finals(undisturbed)) - set(finals(project))
    if missing:
        raise LostError(f"{sorted(missing)}")
