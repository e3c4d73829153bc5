"""An archive unpacked into a fresh clone, without .snakemake/ or resources/, plans as well."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from workflow.conftest import copy_project, snakemake

from .cases import config_cases, expected, graph, with_config
from .conftest import check

LOST = {
    "none": [
        "head big type small files shelf 1",
        "fine_tune big type small files tuned 1",
        "joint big small files both 1",
    ],
    "parents": ["head big type small files shelf 1"],
}
"""The runs whose checkpoints others read, and which an archive has not."""
CASES = {
    name: case
    for name, case in config_cases()
    if not case.keys() & {"new", "gone"} and not name.startswith("study")
}
SAMPLE = {"title-0", "figures.saliency.NAME.images-0", "methods.NAME.epochs-1"}


def command(project: Path, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the commands beside Snakemake."""
    return subprocess.run(
        [sys.executable, f"workflow/scripts/{name}.py", *map(str, arguments)],
        cwd=project,
        capture_output=True,
        text=True,
    )


def clone(finished: Path, folder: Path, archive: Path) -> Path:
    """A fresh clone with the archive, the study's config and the user's own museum."""
    copy_project(folder)
    shutil.copy(finished / "small.yaml", folder)
    shutil.copytree(finished / "museum", folder / "museum")
    (folder / "museum2").symlink_to("museum")
    done = command(folder, "unpack", archive)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module", params=[pytest.param("none", marks=pytest.mark.full), "parents"])
def kept(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def archive(finished: Path, kept: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "small.tar"
    done = command(finished, "pack", "results/small", path, "--checkpoints", kept)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def unpacked(finished: Path, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(finished, tmp_path_factory.mktemp("elsewhere"), archive)


def test_nothing_has_to_be_made_again(unpacked, plan):
    assert plan(unpacked) == set()
    assert plan(unpacked, target="tables") == plan(unpacked, target="figures") == set()


def test_nothing_either_where_the_museum_is_not(unpacked, plan):
    (unpacked / "museum").rename(unpacked / "away")
    try:
        assert plan(unpacked) == set()
    finally:
        (unpacked / "away").rename(unpacked / "museum")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in SAMPLE else pytest.mark.full) for n in CASES]
)
def test_a_changed_key(name, unpacked, kept, plan, tmp_path):
    change = tmp_path / "change.yaml"
    change.write_text(yaml.safe_dump(CASES[name]["change"]))
    planned = plan(unpacked, "small.yaml", str(change))
    check(planned, expected(with_config(CASES[name]), graph().left_out, LOST[kept]))


def test_checkpoints_are_packed_only_if_asked(unpacked, kept):
    found = {path.parent.parent.name for path in unpacked.rglob("model.keras")}
    assert found == ({"tuned", "both"} if kept == "parents" else set())
    assert (unpacked / "results/small/CHECKPOINTS.sha256").exists() is bool(found)


def test_all_is_as_sealed_and_every_table_can_be_made_again(unpacked):
    done = command(unpacked, "verify", "results/small")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 differ") == 3


def test_what_differs_is_named(unpacked, tmp_path):
    project = shutil.copytree(unpacked, tmp_path / "clone", symlinks=True)
    results = project / "results" / "small"
    table = results / "tables" / "first.csv"
    table.write_text(table.read_text().replace("big", "bigger", 1))
    metrics = results / "runs/own/type/small/files/shelf/seed-1/metrics.json"
    metrics.write_text(metrics.read_text().replace('"macro_f1": ', '"macro_f1": 1'))
    (results / "figures" / "maps.pdf").unlink()
    (results / "figures" / "more.pdf").touch()
    done = command(project, "verify", "results/small")
    assert done.returncode == 1
    for line in (
        "tables/first.csv: its hash is not the sealed one",
        "tables/first.csv: not what the archived runs give",
        "metrics.json: test.macro_f1 is",
        "tables/second.csv: it cannot be made again",
        "figures/maps.pdf: missing",
        "figures/more.pdf: not in MANIFEST.sha256",
    ):
        assert line in done.stdout, done.stdout


def test_tables_are_made_again_where_the_config_names_files_of_ones_own(unpacked, tmp_path):
    project = shutil.copytree(unpacked, tmp_path / "clone", symlinks=True)
    (project / "names.csv").write_text("value,concept\nx,y\n")
    (project / "config/demo_claims").rename(project / "printed")
    config = project / "results/small/run_config.yaml"
    changed = yaml.safe_load(config.read_text())
    assert changed["published"] == "config/demo_claims"
    changed["published"] = "printed"
    changed["tasks"]["type"]["mapping"] = "names.csv"
    config.write_text(yaml.safe_dump(changed))
    done = command(project, "verify", "results/small")
    differ = [line for line in done.stdout.splitlines() if ": " in line and "differ" not in line]
    assert differ == [f"{config.relative_to(project)}: its hash is not the sealed one"], done.stdout


def test_the_same_study_packs_to_the_same_bytes(unpacked, kept, archive, tmp_path):
    again = tmp_path / "again.tar"
    assert command(unpacked, "pack", "results/small", again, "--checkpoints", kept).returncode == 0
    assert again.read_bytes() == archive.read_bytes()


def test_a_study_that_is_there_is_not_overwritten(unpacked, archive):
    done = command(unpacked, "unpack", archive)
    assert done.returncode and "results/small is there already" in done.stderr


def test_a_damaged_archive_leaves_nothing(archive, tmp_path):
    broken = tmp_path / "broken.tar"
    data = bytearray(archive.read_bytes())
    place = data.index(b"collection,task,backbone,init,method,seeds,n,accuracy,accuracy_sd")
    data[place : place + 1] = b"k"
    broken.write_bytes(data)
    project = copy_project(tmp_path / "clone")
    done = command(project, "unpack", broken)
    assert done.returncode and "damaged, such as tables/" in done.stderr
    assert [path.name for path in (project / "results").iterdir()] == ["README.md"]


def test_what_is_not_as_sealed_is_not_packed(unpacked, tmp_path):
    project = shutil.copytree(unpacked, tmp_path / "clone", symlinks=True)
    (project / "results/small/tables/first.md").write_text("better")
    done = command(project, "pack", "results/small", tmp_path / "new.tar")
    assert done.returncode and "tables/first.md" in done.stderr
    assert not (tmp_path / "new.tar").exists()


def test_the_records_name_no_place_and_no_time(unpacked, finished):
    with gzip.open(unpacked / "results/small/records.jsonl.gz", "rt") as stream:
        records = stream.read()
    assert str(finished) not in records and "starttime" not in records


@pytest.mark.full
def test_with_every_checkpoint_no_run_is_repeated_for_the_sake_of_another(finished, plan, tmp_path):
    done = command(finished, "pack", "results/small", tmp_path / "all.tar", "--checkpoints", "all")
    assert done.returncode == 0, done.stderr
    project = clone(finished, tmp_path / "elsewhere", tmp_path / "all.tar")
    done = snakemake(project, "shared", "--cores", "2", "--configfile", "small.yaml")
    assert done.returncode == 0, done.stdout[-3000:]
    assert plan(project) == set()
    change = tmp_path / "change.yaml"
    change.write_text(yaml.safe_dump(CASES["figures.saliency.NAME.images-0"]["change"]))
    planned = plan(project, "small.yaml", str(change))
    assert "saliency maps" in planned
    assert not [job for job in planned if job.startswith(("head", "fine_tune", "joint"))]


@pytest.mark.full
def test_after_shared_only_what_changed_is_planned(unpacked, kept, plan, tmp_path):
    """Then only theta-hat's features are not there, and checkpoints that were not packed."""
    project = shutil.copytree(unpacked, tmp_path / "clone", symlinks=True)
    done = snakemake(project, "shared", "--cores", "2", "--configfile", "small.yaml")
    assert done.returncode == 0, done.stdout[-3000:]
    missing = ["features_of_run own small net type 1"]
    assert plan(project) == set()
    for name in ("methods.NAME.epochs-1", "figures.saliency.NAME.images-0", "threads-0"):
        change = tmp_path / "change.yaml"
        change.write_text(yaml.safe_dump(CASES[name]["change"]))
        planned = plan(project, "small.yaml", str(change))
        check(planned, expected(with_config(CASES[name]), missing, LOST[kept]))
