"""The demo study through the profile, and what many small jobs cost."""

import json
import os
import re
import time
from pathlib import Path

import pandas as pd
import pytest
from workflow.conftest import copy_project
from workflow.test_profile import MEGABYTES, MINUTES, PAPER

from .cluster import run
from .driver import Driver, sacct, use_site

GPU = {"fine_tune", "features_shared", "features_of_run"}
PROCESSOR = set(PAPER) - GPU
ASKED = {rule: (str(MINUTES[rule]), str(MEGABYTES[rule])) for rule in PROCESSOR}
ASKED |= {rule: (str(MINUTES[rule]), "3000") for rule in GPU} | {"fine_tune": ("10", "3000")}
"""Minutes and megabytes of each rule: the profile's, and what the tests' site has of its own."""
COUNTED = ("sbatch", "squeue", "sacct", "scontrol", "sacctmgr")
MANY = """
rule all:
    input: [f"done/{n}" for n in range(COUNT)],
rule second:
    output: "done/{n}",
    shell: "sleep 1; touch {output}"
"""


@pytest.mark.long
def test_the_demo_whole(slurm, tmp_path):
    project = copy_project(tmp_path / "demo")
    use_site(project)
    driver = Driver(project, "all", config="config/demo.yaml")
    assert driver.wait(3600) == 0, driver.said[-5000:]
    fields = "JobID,State,NodeList,AllocTRES,WorkDir,SubmitLine"
    said = run("sacct", "-X", "-n", "-P", f"--format={fields}")
    rows = [line.split("|", 5) for line in said.splitlines()]
    rows = [row for row in rows if row[4] == str(project)]
    assert rows and {row[1] for row in rows} == {"COMPLETED"}
    seen = set()
    for _, _, node, tres, _, line in rows:
        rule = re.search(
            r" --comment (?:rule|group)_(?:heads_\w+_(?=head ))?([a-z_]+?)(?:_wildcards_\S+)? ",
            line,
        )[1]
        gpu = rule in GPU
        assert (node == "gpu1") == ("gres/gpu=1" in tres) == (" -p gpu " in line) == gpu, line
        minutes, memory = re.search(
            r" -t (\d+) --mem (\d+) (?:--nodes=1 )?--requeue ", line
        ).groups()
        if rule == "head":
            assert int(minutes) in range(60, 481, 60), line  # as many as share the job
            minutes = "60"
        assert (minutes, memory) == ASKED[rule], line
        seen.add(rule)
    assert seen == set(ASKED)
    for path in (project / "results/demo/runs").rglob("run.json"):
        record = json.loads(path.read_text())
        tuned = record["settings"]["method"]["kind"] == "fine_tuning"
        assert record["slurm"]["node"].startswith("gpu" if tuned else "cpu")
        assert (record["slurm"]["gpus"] in ("0", "1")) == tuned
    cost = pd.read_csv(project / "results/demo/tables/cost.csv")
    runs = cost[cost["what"] == "run"]
    assert (runs["source"] == "sacct").all()
    assert (runs["gpu_hours"][runs["method"] == "fine_tuning"] > 0).all()
    assert (runs["gpu_hours"][runs["method"] == "off_the_shelf"] == 0).all()


@pytest.mark.long
def test_many_jobs_of_a_second(slurm, tmp_path):
    """Beside the same jobs from plain sbatch in a loop; ``SLURM_TEST_JOBS`` says how many."""
    count = int(os.environ.get("SLURM_TEST_JOBS", "40"))
    project = copy_project(tmp_path / "many")
    use_site(project)
    (project / "Snakefile").write_text(MANY.replace("COUNT", str(count)))
    calls = counted(tmp_path / "bin")
    began = time.monotonic()
    driver = Driver(project, "all", path=tmp_path / "bin")
    assert driver.wait(3600) == 0, driver.said[-3000:]
    ours = time.monotonic() - began
    assert len(list((project / "done").iterdir())) == count
    jobs = re.findall(r"submitted with SLURM jobid (\d+)", driver.said)
    assert len(jobs) == len(set(jobs)) == count
    seen = {name: calls.read_text().split().count(name) for name in COUNTED}
    assert seen["sbatch"] == count
    assert seen["squeue"] + seen["sacct"] < count  # no storm
    began = time.monotonic()
    plainly = ("sbatch", "-A", "art", "--mem=2000", "--parsable", "-o", "/dev/null")
    loop = [run(*plainly, "--wrap", "sleep 1") for _ in range(count)]
    while any(sacct(job.strip(), "State") != [["COMPLETED"]] for job in loop[-4:]):
        time.sleep(0.5)
    plain = time.monotonic() - began
    print(f"{count} jobs: {ours:.0f} s through the profile, {plain:.0f} s by sbatch; calls: {seen}")


def counted(folder: Path) -> Path:
    """Programs that note each call and hand it on; the file of their notes."""
    folder.mkdir()
    notes = folder / "calls.txt"
    for name in COUNTED:
        real = run("which", name).strip()
        (folder / name).write_text(f'#!/bin/sh\necho {name} >> {notes}\nexec {real} "$@"\n')
        (folder / name).chmod(0o755)
    return notes
