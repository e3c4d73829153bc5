"""What the paper's jobs would tell sbatch: the plugin's own submit lines, with nothing computed.

The programs of Slurm are stand-ins here, which write down how they are called. The real ones
are in ``tests/slurm``.
"""

import itertools
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import copy_project
from .test_profile import GPU, MEGABYTES, MINUTES, PAPER

PROFILE = ["--profile", "profiles/slurm"]
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "20", "--jobs", "500"]
SBATCH = """#!{python}
import fcntl, json, pathlib, sys
folder = pathlib.Path(__file__).parent
for name in json.loads((folder / "outputs.json").read_text()):
    pathlib.Path(name).touch()  # as if the job had run; it counts as ended once its call is there
with (folder / "calls.jsonl").open("a+") as calls:
    fcntl.flock(calls, fcntl.LOCK_EX)
    calls.seek(0)
    number = len(calls.readlines()) + 1
    calls.write(json.dumps(sys.argv[1:]) + chr(10))
print(number)
"""
SQUEUE = """#!/bin/sh
i=0; while read -r line; do i=$((i + 1)); echo "$i|COMPLETED"; done < "$(dirname "$0")/calls.jsonl"
"""
OTHERS = {
    "sacctmgr": "echo default",
    "sacct": ":",
    "scancel": ":",
    "scontrol": "echo MinJobAge = 3600 sec",
}


def stand_in(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The calls of sbatch for the paper's heads and a job of each other rule that is submitted."""
    project = copy_project(tmp_path_factory.mktemp("paper"))
    programs = tmp_path_factory.mktemp("bin")
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", *PROFILE]
    dry = subprocess.run(
        [*command, "-n", "all"], cwd=project, env=env, capture_output=True, text=True
    )
    made, wanted = set(), {}
    for block in re.split(r"\n(?= *(?:local)?rule \w+:\n)", dry.stdout)[1:]:
        listed = re.findall(r"^ +(?:output|benchmark): (.*)$", block, re.MULTILINE)
        names = [name for line in listed for name in line.split(", ")]
        made.update(names)
        rule = re.match(r" *(?:local)?rule (\w+)", block)[1]
        wanted.setdefault(rule, []).extend(names[:1])
    for name in made:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("study: paper\n" if name.endswith("collection.yaml") else "")
        os.utime(project / name, (0, 0))  # none is newer than another
    (programs / "outputs.json").write_text(json.dumps([str(project / name) for name in made]))
    stand_in(programs / "sbatch", SBATCH.format(python=sys.executable))
    stand_in(programs / "squeue", SQUEUE)
    for name, body in OTHERS.items():
        stand_in(programs / name, f"#!/bin/sh\n{body}\n")
    asked = [*wanted["head"], *(wanted[rule][0] for rule in sorted(PAPER))]
    done = subprocess.run(
        [*command, *asked, *QUICK, "--forcerun", *asked],
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    lines = (programs / "calls.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def rule_of(call: list[str]) -> str:
    """The rule that a call of sbatch is for."""
    comment = call[call.index("--comment") + 1]
    return re.sub(r"^(rule|group)_(heads_\w+_(?=head$))?|_wildcards_.*$", "", comment)


def test_every_rule_of_the_paper_is_submitted_as_the_profile_says(calls):
    assert {rule_of(call) for call in calls} == PAPER
    for call in calls:
        rule = rule_of(call)
        told = dict(itertools.pairwise(call))
        assert told["-p"] == ("gpu" if rule in GPU else "cpu"), call
        assert told["-A"] == "default", call
        assert told["--mem"] == str(MEGABYTES[rule]), call
        assert "--requeue" in call, call
        gpus = [word for word in call if word.startswith(("--gpus", "--gres"))]
        assert gpus == (["--gpus=1"] if rule in GPU else []), call
        assert ("--nodes=1" in call) == (rule in GPU), call
        minutes, heads = int(told["-t"]), call[-1].count("head:")
        assert minutes == MINUTES[rule] * max(heads, 1), call


def test_heads_come_eight_to_a_job_and_every_other_job_alone(calls):
    targets = {tuple(re.findall(r"(\w+):\w+=", call[-1])) for call in calls}
    heads = [call[-1].count("head:") for call in calls if rule_of(call) == "head"]
    assert sorted(heads) == [4, 8, 8, 8]
    for call in calls:
        if rule_of(call) == "head":  # of ImageNet's weights none waits for the Rijksmuseum's
            assert len(set(re.findall(r"init=(\w+)", call[-1]))) == 1
    assert all(len(names) <= 1 for names in targets if "head" not in names)
