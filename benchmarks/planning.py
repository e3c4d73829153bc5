"""Snakemake's plan of the paper, and a job's start, against the least that they could cost.

    python benchmarks/planning.py [--museums 100]

A plan is `snakemake -n`, beside that of a workflow of one rule; a start is a fine-tuning job up to
its first batch (imports, threads, seeds, split, pixels, network), beside `import keras`. Further
entries, without a target: the paper with everything made, and a study of a hundred museums.
"""

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml
from measure import ROOT, Benchmark

LEFT_OUT = shutil.ignore_patterns(".*", "results", "resources", "logs", "__pycache__")
TASKS = ("material", "type", "artist")
PAPER = ("archive", "--configfile", "config/config.yaml")
EMPTY = "rule all:\n    output: 'nothing'\n    shell: 'touch {output}'\n"
FIRST_BATCH = """
import os
import sys
sys.path[:0] = {paths!r}
from art_transfer.formats import IMAGES, SPLITS, read_csv
from art_transfer.job_settings import Architecture, FirstWeights
from art_transfer.prepare.splits import checked_split
from art_transfer.train.backbones import build, with_head
from art_transfer.train.machine import prepare
from art_transfer.train.run_folder import write_run
from art_transfer.train.scaling import on_pixels
from art_transfer.train.state import State
from art_transfer.train.training import Data, pixel_reader
from pathlib import Path
import pictures
prepare(len(os.sched_getaffinity(0)), 1, 0)
store = pictures.read_store(Path({folder!r}), 224)
split = checked_split(read_csv({folder!r} + "/split.csv", SPLITS), "split.csv")
data = Data(split, pixel_reader(store, split["object_id"]))
model = with_head(build(Architecture("vgg19", 224, "last"), FirstWeights("random", 1), ""), 2, 1)
model = on_pixels(model, "unit")
assert data.batches("train", 32)[0][0].shape == (32, 224, 224, 3)
"""


def command(folder: Path, *arguments: str) -> Callable[[], str]:
    """A process that must end well; its output is the result."""

    def once() -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert not done.returncode, done.stdout[-3000:]
        return done.stdout

    return once


def hundred_museums(path: Path, museums: int) -> None:
    """A study of many museums, each with what the paper does on one: about 50 runs for each."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    names = [f"museum{number:03d}" for number in range(museums)]
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


def write_museum(folder: Path) -> None:
    """Pixels and a split that a training can begin with."""
    import pandas as pd
    import pictures

    pictures.write_store(folder, 64, 224)
    ids = [f"{number:06d}" for number in range(64)]
    splits = ["train"] * 48 + ["validation"] * 8 + ["test"] * 8
    labels = ["one", "other"] * 32
    table = pd.DataFrame({"object_id": ids, "label": labels, "split": splits})
    table.to_csv(folder / "split.csv", index=False)


def planned(ours: str, theirs: str) -> None:
    """Assert that both planned something."""
    assert "Job stats" in ours and "Job stats" in theirs, ours[-500:]


def done(ours: str, theirs: str) -> None:
    """Assert that nothing is left to do in the finished study."""
    assert "Nothing to be done" in ours and "Job stats" in theirs, ours[-500:]


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, museums=100)
    make = functools.partial
    with tempfile.TemporaryDirectory() as temporary:
        folder, empty, museum = (Path(temporary) / name for name in ("project", "empty", "museum"))
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        empty.mkdir()
        (empty / "Snakefile").write_text(EMPTY)
        nothing = make(command, empty, "-m", "snakemake", "-n")
        dry = make(command, folder, "-m", "snakemake", "-n")
        peer, how = (
            "Snakemake on a workflow of one rule",
            {"unit": "times as long", "at_most": True},
        )
        plan = make(dry, *PAPER)
        bench.compare("planning the paper", plan, peer, nothing, 2, planned, **how)
        hundred_museums(folder / "hundred.yaml", bench.given.museums)
        many = make(dry, "all", "--quiet", "rules", "--configfile", "hundred.yaml")
        name = f"planning {bench.given.museums} museums"
        bench.compare(name, many, peer, nothing, None, planned, **how)
        finish = [sys.executable, ROOT / "benchmarks" / "finish.py", *PAPER]
        subprocess.run(finish, cwd=folder, check=True)
        bench.compare("planning the paper, all made", plan, peer, nothing, None, done, **how)
        write_museum(museum)
        paths = [str(ROOT / "workflow/scripts"), str(ROOT / "benchmarks"), str(ROOT / "tests/unit")]
        start = FIRST_BATCH.format(paths=paths, folder=str(museum))
        bench.compare(
            "a fine-tuning job's script, without Snakemake, to its first batch, VGG19",
            make(command, museum, "-c", start),
            "import keras",
            make(command, museum, "-c", "import keras"),
            1.3,
            lambda one, other: None,
            **how,
        )


if __name__ == "__main__":
    main()
