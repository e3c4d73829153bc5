"""A cluster for all scenarios, and a study that each of them takes up before its training."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from workflow.conftest import copy_project, snakemake

from .cluster import Cluster, cluster, missing
from .driver import CONFIG, LOG, TUNED, use_site

SCENARIOS: dict[str, str] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every scenario needs Slurm; those that take long are for `make test-slurm` alone."""
    why = missing()
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        if why:
            item.add_marker(pytest.mark.skip(reason=why))
        elif item.get_closest_marker("long") and not config.getoption("--all-scenarios"):
            item.add_marker(pytest.mark.skip(reason="only `make test-slurm` runs this one"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    ours = "tests/slurm/" in report.nodeid and not report.skipped
    if ours and (report.when == "call" or report.failed):
        SCENARIOS[report.nodeid] = report.outcome


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workeroutput") and (SCENARIOS or config.getoption("--all-scenarios")):
        survived = sum(outcome == "passed" for outcome in SCENARIOS.values())
        print(f"slurm: {len(SCENARIOS)} scenarios, {survived} survived")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster") as made:
        yield made


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study, run through on this machine without Slurm."""
    folder = copy_project(tmp_path_factory.mktemp("whole"))
    use_site(folder)
    done = snakemake(folder, "all", "--cores", "1", "--configfile", CONFIG)
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Path:
    """The same study with its fine tuning, and what follows from that, still to do."""
    folder = tmp_path / "project"
    shutil.copytree(whole, folder, symlinks=True)
    shutil.rmtree(folder / TUNED)
    (folder / LOG).unlink()
    (folder / "results/tiny/tables/tuned.csv").unlink()
    return folder
