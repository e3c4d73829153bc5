"""What Snakemake plans, as names of jobs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGETS = {"all", "archive", "metadata", "fetch", "splits", "shared", "runs"}
TARGETS |= {"tables", "figures", "catalogue"}
UNNAMED = {"preprocessing", "end"}
USUAL = {"size": "32", "fit": "stretch", "filter": "nearest"}
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", re.MULTILINE)


def jobs(output: str) -> set[str]:
    """The jobs of a dry run: the rule and its wildcards but for those that are as usual."""
    found = set()
    for rule, rows in JOB.findall(output):
        if rule in TARGETS:
            continue
        line = re.search(r"^    wildcards: (.*)$", rows, re.MULTILINE)
        pairs = [pair.split("=", 1) for pair in line[1].split(", ")] if line else []
        words = [v for k, v in pairs if v and k not in UNNAMED and USUAL.get(k) != v]
        found.add(" ".join([rule, *words]))
    return found


class Planner:
    """Dry runs, each in a fork of one process that has Snakemake loaded (planner.py)."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, HERE / "planner.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self, project: Path, *files: str, target: str = "archive", **more: Any
    ) -> set[str]:
        """The jobs that Snakemake would run for the study in these config files."""
        arguments = ["-n", target, "--configfile", *(files or ["small.yaml"])]
        request = {"folder": str(project), "arguments": arguments, **more}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        assert answer["status"] == 0, answer["output"][-3000:]
        return jobs(answer["output"])

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
