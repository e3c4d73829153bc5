"""Two at once on one folder: locked or correct, never corrupt."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from art_transfer.files import atomic_path, write_text
from builders import small_config
from workflow.conftest import copy_project, same_files, snakemake

from .conftest import WrongError

TARGETS = [
    "results/{}/splits/photos/type/seed-1.csv",
    "resources/photos/pixels-32-stretch-nearest/0000.npy",
]


@pytest.mark.parametrize("rounds", [50])
def test_two_writers_of_one_file_leave_one_of_two_whole_files(rounds, tmp_path):
    """As a job that was believed lost and the one in its place do, with the same content or not."""
    path, texts = tmp_path / "table.csv", ("a" * 300_000, "b" * 200_000)
    faults: list[BaseException] = []

    def work(text: str) -> None:
        for _ in range(rounds):
            try:
                write_text(path, text)
            except FileNotFoundError:
                continue  # the other one has just taken the name; a job ends so, and runs again
            except BaseException as error:
                faults.append(error)

    workers = [threading.Thread(target=work, args=(text,)) for text in texts]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        found = path.read_text() if path.exists() else texts[0]
        if found not in texts:
            raise WrongError(f"{len(found)} letters of both")
    assert not faults and path.read_text() in texts


def test_a_late_writer_does_not_spoil_what_is_finished(tmp_path):
    """The late one still holds the file open when the other has given it its name."""
    path = tmp_path / "table.csv"
    with pytest.raises(FileNotFoundError), atomic_path(path) as late:
        with late.open("w") as stream:
            stream.write("half")
            write_text(path, "whole")
            stream.write("of another")
        if path.read_text() != "whole":
            raise WrongError(path.read_text())
    assert path.read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def study(project: Path, name: str) -> list[str]:
    config = small_config(study=name, tasks={"type": {"field": "types"}})
    config["collections"] = {"photos": config["collections"]["photos"] | {"objects": 400}}
    config["inits"] = {"random": {"random": "he_uniform"}}
    config["experiments"]["table"] |= {
        "collections": ["photos"],
        "tasks": ["type"],
        "inits": ["random"],
    }
    (project / f"{name}.yaml").write_text(yaml.safe_dump(config))
    targets = [target.format(name) for target in TARGETS]
    return [*targets, "--cores", "1", "--configfile", f"{name}.yaml"]


def start(project: Path, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *command],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.full
@pytest.mark.parametrize("kind", ["one study", "two studies"])
@pytest.mark.parametrize("later", [0, 2])
def test_two_drivers_are_locked_or_correct(kind, later, tmp_path):
    alone, both = (copy_project(tmp_path / name) for name in ("alone", "both"))
    names = ("one", "one" if kind == "one study" else "two")
    for name in dict.fromkeys(names):
        done = snakemake(alone, *study(alone, name))
        assert done.returncode == 0, done.stdout[-2000:]
    commands = [study(both, name) for name in names]
    drivers = []
    for command in commands:
        drivers.append(start(both, command))
        time.sleep(later)
    for driver in drivers:
        told, _ = driver.communicate(timeout=500)
        assert driver.returncode == 0 or "lock" in told.lower(), told[-2000:]
    for command in commands:
        done = snakemake(both, *command)
        assert done.returncode == 0, done.stdout[-2000:]
    patterns = ["resources/**/*", "results/*/splits/**/*"]
    wrong = [n for n in same_files(alone, both, patterns) if not n.endswith("collection.yaml")]
    if wrong:
        raise WrongError(str(wrong))
