"""How long Snakemake plans: the paper with a finished results tree, and a hundred museums.

``python benchmarks/plan_time.py`` in the project; needs no finished study, for it makes empty files
and Snakemake's own records of them.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "results", "resources", "logs", "__pycache__")
MUSEUMS, TASKS = 100, ("material", "type", "artist")


def hundred_museums(path: Path) -> None:
    """A study of 100 museums, each with what the paper does on one: about 5,000 runs."""
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text(encoding="utf-8"))
    names = [f"museum{number:03d}" for number in range(MUSEUMS)]
    block = {"source": "synthetic", "museum": "large_museum", "objects": 50000, "shards": 10}
    config["study"] = "hundred"
    config["collections"] = dict.fromkeys(names, block)
    config["inits"] |= {
        "first": {"collection": names[0], "init": "imagenet", "method": "fine_tuning"}
    }
    del config["inits"]["rijksnet"]
    grid = {"tasks": list(TASKS), "backbones": list(config["backbones"])}
    methods = {"methods": ["off_the_shelf", "fine_tuning"]}
    both = {"inits": ["imagenet", "first"], **methods}
    config["experiments"] = {"all": {"collections": names, **grid, **both}}
    config["figures"] = {}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")


def snakemake(folder: Path, *arguments: str) -> tuple[float, float, str]:
    """Seconds of processor time, megabytes and output of one command."""
    start = _processor_seconds()
    command = [sys.executable, "-m", "snakemake", *arguments]
    together = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=folder, text=True, **together)
    seconds = _processor_seconds() - start
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, peak, done.stdout


def _processor_seconds() -> float:
    """Of all finished commands; on an idle machine as much as the time on the wall."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(what: str, measured: tuple[float, float, str]) -> None:
    """Print one line."""
    print(f"{what}: {measured[0]:.1f} s, at most {measured[1]:.0f} MB so far", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        shutil.copytree(PROJECT, folder, ignore=LEFT_OUT)
        paper = ["archive", "--configfile", "config/config.yaml"]
        report("the paper, nothing made", snakemake(folder, "-n", *paper))
        finish = [sys.executable, PROJECT / "benchmarks" / "finish.py", *paper]
        subprocess.run(finish, cwd=folder, check=True)
        measured = snakemake(folder, "-n", *paper)
        assert "Nothing to be done" in measured[2], measured[2][-3000:]
        report("the paper, all made", measured)
        hundred_museums(folder / "hundred.yaml")
        measured = snakemake(
            folder, "-n", "all", "--quiet", "rules", "--configfile", "hundred.yaml"
        )
        print(measured[2][measured[2].index("Job stats:") :].split("\n\n")[0])
        report("a hundred museums, nothing made", measured)
