"""Two at once on one folder: locked or correct, never corrupt; also where files are seen late."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from art_transfer.files import atomic_path, write_text
from builders import small_config
from invalidation.conftest import copied
from workflow.conftest import ROOT, copy_project, same_files, snakemake

from .conftest import LostError, WrongError

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


FINISHED = ["resources/**/*", "results/*/labels/**/*", "results/*/splits/**/*"]
RULES = {
    "objects": "resources/photos/objects.parquet",
    "images": "resources/photos/images/0000.csv",
    "labels": "results/one/labels/photos/type.csv",
    "split": "results/one/splits/photos/type/seed-1.csv",
    "pixels": "resources/photos/pixels-32-stretch-nearest/0000.npy",
}
"""The rules of the small study in their order, and a file that each makes."""
DELAY = 4
LATE = f"""
case $BASH_EXECUTION_STRING in *.snakemake/scripts/*.$LATE_RULE.py*)
    began=$(mktemp)
    late() {{
        files=$(find resources results -type f -newer "$began" -not -name '.*')
        for file in $files; do mv "$file" "${{file%/*}}/.late.${{file##*/}}"; done
        (
            sleep {DELAY}
            for file in $files; do mv "${{file%/*}}/.late.${{file##*/}}" "$file"; done
        ) > /dev/null 2>&1 < /dev/null &
    }}
    trap late EXIT
esac
"""
"""What bash reads before it starts a job: what the job made is to be seen seconds after its end.

So does a file system on a network whose node still knows a folder as it was (``acdirmax`` of NFS).
The job itself sees its files at once, as on the node that it runs on.
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project before anything has run: all runs must be of the same code, to the letter."""
    return copy_project(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="module")
def undisturbed(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(fresh, tmp_path_factory.mktemp("undisturbed") / "study")
    done = snakemake(folder, *study(folder, "one"))
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


@pytest.fixture
def late(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which the files of the jobs that LATE_RULE fits are seen late."""
    (tmp_path / "late.sh").write_text(LATE)
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "late.sh"))
    return copied(fresh, tmp_path / "study")


def profile_wait() -> str:
    """How long our profile for clusters waits for files, in seconds."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    return str(profile["latency-wait"])


def check_whole(project: Path, undisturbed: Path) -> None:
    """What has its final name is what it must be, to the last byte."""
    wrong = same_files(project, undisturbed, FINISHED)
    if named := [name for name in wrong if not Path(name).name.startswith(".")]:
        raise WrongError(str(named))


def check_ended(project: Path, undisturbed: Path) -> None:
    check_whole(project, undisturbed)
    if missing := same_files(undisturbed, project, FINISHED):
        raise LostError(str(missing))


@pytest.mark.full
def test_files_that_are_seen_late_are_waited_for(late, undisturbed, monkeypatch):
    monkeypatch.setenv("LATE_RULE", "*")
    done = snakemake(late, *study(late, "one"), "--latency-wait", profile_wait())
    assert done.returncode == 0, done.stdout[-2000:]
    for name in RULES.values():
        assert f"{name} (missing locally" in done.stdout, "its file was not late"
    check_ended(late, undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("rule", RULES)
def test_a_driver_that_does_not_wait_names_the_file_and_goes_on(
    rule, late, undisturbed, monkeypatch
):
    monkeypatch.setenv("LATE_RULE", rule)
    command = study(late, "one")
    done = snakemake(late, *command, "--latency-wait", "0")
    assert done.returncode != 0 and "--latency-wait" in done.stdout
    assert f"{RULES[rule]} (missing locally" in done.stdout
    assert not (late / RULES[rule]).exists()
    check_whole(late, undisturbed)
    deadline = time.monotonic() + 60
    while not (late / RULES[rule]).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # until the rule's other files are there too
    check_whole(late, undisturbed)
    again = snakemake(late, *command, "--latency-wait", profile_wait())
    assert again.returncode == 0, again.stdout[-2000:]
    check_ended(late, undisturbed)
