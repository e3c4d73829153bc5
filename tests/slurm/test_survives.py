"""A training that is hurt in the midst of an epoch ends with the bytes of one that was not."""

import json
import os
import signal

import pytest

from .cluster import run
from .driver import LOG, TUNED, Driver, in_epoch, sacct, trainer, until, went_on


def test_sigkill(slurm, project, whole):
    driver = Driver(project, "all")
    in_epoch(project, 3)
    os.kill(trainer(project), signal.SIGKILL)
    driver.finish()
    went_on(project, whole, 3)
    first, second = driver.jobs()
    assert sacct(first, "State") == [["FAILED"]] and sacct(second, "State") == [["COMPLETED"]]
    record = json.loads((project / TUNED / "run.json").read_text())
    assert record["resumed_after"] == [2]
    assert record["slurm"] == {"job": second, "node": "gpu1", "gpus": "0"}


@pytest.mark.long
def test_scancel(slurm, project, whole):
    driver = Driver(project, "all")
    in_epoch(project, 2)
    run("scancel", driver.jobs()[0])
    driver.finish()
    went_on(project, whole, 2)
    assert [sacct(job, "State")[0][0].split()[0] for job in driver.jobs()] == [
        "CANCELLED",
        "COMPLETED",
    ]


@pytest.mark.long
def test_a_lost_node(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:slurm_partition=cpu")
    in_epoch(project, 4)
    job = driver.jobs()[0]
    node = sacct(job, "NodeList")[0][0]
    slurm.lose_node(node)
    try:
        driver.finish()
    finally:
        slurm.start_node(node)
    went_on(project, whole, 4)
    states = [state for job in driver.jobs() for (state,) in sacct(job, "State")]
    assert states[0] in ("NODE_FAIL", "REQUEUED") and states[-1] == "COMPLETED"


@pytest.mark.long
def test_the_time_limit(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:runtime=1")
    in_epoch(project, 3)
    os.kill(trainer(project), signal.SIGSTOP)  # it hangs until its minute is over
    until(lambda: len(driver.jobs()) == 2, "the next attempt")
    driver.finish()
    went_on(project, whole, 3)
    assert [sacct(job, "State")[0][0] for job in driver.jobs()] == ["TIMEOUT", "COMPLETED"]


@pytest.mark.long
def test_preemption(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:slurm_partition=spare")
    in_epoch(project, 3)
    urgent = ["-p", "cpu", "-A", "art", "-N", "2", "--exclusive"]
    run("sbatch", *urgent, "--output=/dev/null", "--wrap", "sleep 20")
    driver.finish()
    went_on(project, whole, 3)
    assert "told to end (SIGTERM) in epoch 3" in (project / LOG).read_text()
