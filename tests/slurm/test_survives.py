"""A training that is hurt in the midst of an epoch ends with the bytes of one that was not."""

import json
import os
import signal

import pytest

from .cluster import run
from .driver import TUNED, Driver, in_epoch, log_of, sacct, trainer, until, went_on


def states(driver):
    """How each of the driver's trainings ended, in Slurm's words."""
    return [sacct(job, "State")[-1][0].split()[0] for job in driver.jobs()]


def test_sigkill(slurm, project, whole):
    driver = Driver(project, "all")
    in_epoch(project, 3)
    os.kill(trainer(project), signal.SIGKILL)
    stopped = log_of(project)
    driver.finish()
    went_on(project, whole, 3, stopped)
    assert states(driver) == ["FAILED", "COMPLETED"]
    record = json.loads((project / TUNED / "run.json").read_text())
    assert record["resumed_after"] == [2] and record["jobs"] == driver.jobs()
    where = record["slurm"]
    assert (where["job"], where["node"]) == (driver.jobs()[1], "gpu1")
    assert where["gpus"] in ("0", "1")


@pytest.mark.long
def test_scancel(slurm, project, whole):
    driver = Driver(project, "all")
    in_epoch(project, 2)
    run("scancel", driver.jobs()[0])
    until(lambda: "told to end (SIGTERM) in epoch 2" in log_of(project), "the message")
    stopped = log_of(project)
    driver.finish()
    went_on(project, whole, 2, stopped)
    assert states(driver) == ["CANCELLED", "COMPLETED"]


@pytest.mark.long
def test_a_lost_node(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:slurm_partition=cpu")
    in_epoch(project, 4)
    (job,) = driver.jobs()
    node = sacct(job, "NodeList")[0][0]
    slurm.lose_node(node)
    stopped = log_of(project)
    try:
        driver.finish()
    finally:
        slurm.start_node(node)
    went_on(project, whole, 4, stopped)
    starts = [row for job in driver.jobs() for row in sacct(job, "State", "NodeList")]
    assert len(starts) == 2
    assert starts[0][0] in ("NODE_FAIL", "REQUEUED") and starts[1][0] == "COMPLETED"
    assert starts[0][1] != starts[1][1]


@pytest.mark.long
def test_the_time_limit(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:runtime=1 + 9 * (attempt - 1)")
    in_epoch(project, 3)
    os.kill(trainer(project), signal.SIGSTOP)  # it hangs until its minute is over
    stopped = log_of(project)
    driver.finish()
    went_on(project, whole, 3, stopped)
    assert states(driver) == ["TIMEOUT", "COMPLETED"]


@pytest.mark.long
def test_preemption(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:slurm_partition=spare")
    in_epoch(project, 3)
    urgent = ["-p", "cpu", "-A", "art", "-N", "2", "--exclusive"]
    run("sbatch", *urgent, "--output=/dev/null", "--wrap", "sleep 20")
    until(lambda: "told to end (SIGTERM) in epoch 3" in log_of(project), "the message")
    stopped = log_of(project)
    driver.finish()
    went_on(project, whole, 3, stopped)
