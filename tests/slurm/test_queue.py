"""What is asked of Slurm: memory that grows, GPUs, groups, and drivers that die."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from .cluster import run
from .driver import CONFIG, LOG, TUNED, Driver, in_epoch, log_of, sacct, until, went_on

HEADS = "results/tiny/runs/photos/type/demo_plain/random"
TWO = TUNED.replace("fine_tuning", "two_gpus")


def same_runs(project, whole, method):
    """Every file of a head's run is the one that it was alone."""
    for path in (whole / HEADS / method / "seed-1").iterdir():
        if path.name != "run.json":
            other = project / HEADS / method / "seed-1" / path.name
            assert other.read_bytes() == path.read_bytes(), other


def test_heads_share_a_job_as_large_as_one_of_them(slurm, project, whole):
    for method in ("off_the_shelf", "slow_rate"):
        shutil.rmtree(project / HEADS / method)
    target = [f"{HEADS}/{method}/seed-1/run.json" for method in ("off_the_shelf", "slow_rate")]
    driver = Driver(project, *target)
    driver.finish()
    jobs = re.findall(r"submitted with SLURM jobid (\d+)", driver.said)
    assert len(jobs) == 1
    assert sacct(jobs[0], "State", "ReqCPUS", "ReqMem", "TimelimitRaw") == [
        ["COMPLETED", "1", "8000M", "120"]
    ]
    for method in ("off_the_shelf", "slow_rate"):
        same_runs(project, whole, method)


@pytest.mark.long
def test_a_head_that_fails_in_a_job_of_its_own_takes_no_other_along(slurm, project, whole):
    for method in ("off_the_shelf", "slow_rate"):
        shutil.rmtree(project / HEADS / method)
    target = [f"{HEADS}/{method}/seed-1/run.json" for method in ("off_the_shelf", "slow_rate")]
    broken = "methods={slow_rate: {optimizer: {learning_rate: 1.0e+39}}}"
    alone = ["--group-components", "heads_{init}=1", "--retries", "0"]
    driver = Driver(project, *target, *alone, "--config", broken)
    assert driver.wait() != 0
    log = (project / LOG.replace("fine_tuning", "slow_rate")).read_text()
    assert "the loss is no longer a number" in log
    same_runs(project, whole, "off_the_shelf")
    assert not (project / target[1]).exists()


@pytest.mark.long
def test_memory_grows_with_each_job(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:mem_mb=700 * attempt")
    driver.finish()
    first, second, *more = driver.jobs()
    assert not more
    assert sacct(first, "ReqMem") == [["700M"]] and sacct(second, "ReqMem") == [["1400M"]]
    assert sacct(first, "State") != [["COMPLETED"]] and sacct(second, "State") == [["COMPLETED"]]
    assert (project / TUNED / "run.json").exists()


@pytest.mark.long
def test_a_job_that_never_has_enough_memory_is_given_up(slurm, project, whole):
    driver = Driver(project, "all", "--set-resources", "fine_tune:mem_mb=300 + 10 * attempt")
    assert driver.wait() != 0
    jobs = driver.jobs()
    assert [sacct(job, "ReqMem") for job in jobs] == [[["310M"]], [["320M"]], [["330M"]]]
    assert "Error in rule fine_tune" in driver.said
    assert re.search(rf"SLURM-job '{jobs[-1]}' failed, SLURM status is: '\w+'", driver.said)
    assert not (project / TUNED / "run.json").exists()
    for method in ("off_the_shelf", "slow_rate"):
        same_runs(project, whole, method)


@pytest.mark.long
def test_a_promised_gpu_that_tensorflow_does_not_see_stops_the_job_at_once(slurm, project):
    gpus = ["fine_tune:slurm_partition=gpu", "fine_tune:gpu=2"]
    driver = Driver(project, "all", "--set-resources", *gpus, "--retries", "0")
    assert driver.wait() != 0
    (job,) = driver.jobs()
    log = (project / LOG).read_text()
    assert log.count("error: this job was promised 2 GPU(s) but TensorFlow sees 0 on") == 1
    assert "Epoch" not in log
    assert "gres/gpu=2" in sacct(job, "AllocTRES")[0][0]


@pytest.mark.long
def test_two_gpus_are_one_task(slurm, project):
    gpus = ["fine_tune:slurm_partition=gpu", "fine_tune:gres=gpu:2"]
    driver = Driver(project, f"{TWO}/run.json", "--set-resources", *gpus)
    driver.finish()
    (job,) = driver.jobs()
    assert "gres/gpu=2" in sacct(job, "AllocTRES")[0][0]
    steps = run("sacct", "-n", "-P", "-j", f"{job}.0", "--format=NTasks,State")
    assert steps.split() == ["1|COMPLETED"]
    record = json.loads((project / TWO / "run.json").read_text())
    assert record["slurm"]["gpus"] == "0,1" and record["settings"]["method"]["gpus"] == 2


@pytest.mark.long
def test_a_killed_driver_is_started_again(slurm, project, whole):
    first = Driver(project, "all")
    in_epoch(project, 3)
    first.kill()
    stopped, jobs = log_of(project), first.jobs()
    link = project.with_name("link")  # as /home often is one
    link.symlink_to(project)
    run("bash", "-c", f"cd {link} && bash profiles/slurm/cancel.sh")
    Driver(project, "--unlock").finish()
    second = Driver(project, "all")
    second.finish()
    went_on(project, whole, 3, stopped)
    jobs += second.jobs()
    times = [sacct(job, "State", "Start", "End")[0] for job in jobs]
    assert [state.split()[0] for state, _, _ in times] == ["CANCELLED", "COMPLETED"]
    assert times[0][2] <= times[1][1]  # never two at a time


@pytest.mark.long
def test_the_driver_may_be_a_job_itself(slurm, project, whole):
    (project / ".venv").symlink_to(Path(sys.executable).parents[1])
    site = ["-A", "art", "-p", "cpu", "--parsable"]
    words = ["all", "--configfile", CONFIG, "--slurm-init-seconds-before-status-checks", "2"]
    submit = ["sbatch", *site, "-D", str(project), "profiles/slurm/driver.sbatch", *words]
    driver = run(*submit).strip()
    until(lambda: sacct(driver, "State") == [["RUNNING"]], "the driver")
    second = run(*submit).strip()  # which would take the first one's jobs and lock away
    until(lambda: sacct(second, "State") == [["FAILED"]], "the second driver")
    refusal = (project / f"driver-{second}.log").read_text()
    assert f"job {driver} is a driver of this folder and still works" in refusal
    until(lambda: sacct(driver, "State") not in ([["RUNNING"]], [["PENDING"]], []), "the driver")
    log = (project / f"driver-{driver}.log").read_text()
    assert sacct(driver, "State") == [["COMPLETED"]], log[-3000:]
    record = json.loads((project / TUNED / "run.json").read_text())
    assert record["slurm"]["job"] != driver and record["slurm"]["node"] == "gpu1"
    for path in (whole / TUNED).iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (project / TUNED / path.name).read_bytes()


@pytest.mark.long
def test_a_job_sees_the_config_that_the_driver_was_given(slurm, project):
    changed = "methods={two_gpus: {gpus: 1, epochs: 1}}"
    Driver(project, f"{TWO}/run.json", "--config", changed).finish()
    record = json.loads((project / TWO / "run.json").read_text())
    method = record["settings"]["method"]
    assert (method["gpus"], method["epochs"]) == (1, 1) and record["slurm"]["node"] == "gpu1"
