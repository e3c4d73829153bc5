"""How long tables, gains and claims of 1,000 runs take, and how much memory.

    python tests/long/thousand_runs.py [test objects]

writes 1,000 run folders of 10,000 predictions (4 networks, 5 first weights, 2 methods, 5 tasks,
5 seeds) to a temporary folder, then does in a process of its own what the jobs ``table``, ``gains``
and ``claims`` do, and prints the seconds of each and the peak of memory.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from art_transfer.files import write_json  # noqa: E402
from art_transfer.formats import PREDICTIONS, SPLITS, write_csv, write_parquet  # noqa: E402
from art_transfer.report.claim_files import CLAIMS, read_claims  # noqa: E402
from art_transfer.report.claims import evaluate  # noqa: E402
from art_transfer.report.estimates import with_intervals  # noqa: E402
from art_transfer.report.gains import gains, pairs  # noqa: E402
from art_transfer.report.runs import read_baselines, read_runs, read_tested  # noqa: E402
from art_transfer.report.tables import cells  # noqa: E402
from art_transfer.settings import Run  # noqa: E402
from art_transfer.train.evaluation import scores  # noqa: E402

BACKBONES, INITS = ["vgg19", "resnet50", "xception", "inception_v3"], [f"init{n}" for n in range(5)]
RUNS = [
    Run("museum", f"task{task}", backbone, init, method, seed)
    for task, backbone, init, method, seed in product(
        range(5), BACKBONES, INITS, ["off_the_shelf", "fine_tuning"], range(1, 6)
    )
]
CLASSES = np.array([f"class {n}" for n in range(1000)])


def split_of(results: Path, run: Run) -> Path:
    """The path of a run's split."""
    return results / f"splits/{run.collection}/{run.task}/seed-{run.seed}.csv"


def write_study(results: Path, objects: int) -> None:
    """Splits, baselines, run folders and a file of claims."""
    random = np.random.default_rng(0)
    tests = {}
    for task, seed in dict.fromkeys((run.task, run.seed) for run in RUNS):
        path = split_of(results, Run("museum", task, "", "", "", seed))
        ids = [f"{number:07d}" for number in sorted(random.choice(10**7, objects, replace=False))]
        test = pd.DataFrame({"object_id": ids, "label": random.choice(CLASSES, objects)})
        write_csv(path, test.assign(split="test"), SPLITS)
        tests[path] = test
        baseline = {name: {"accuracy": 0.1} for name in ("largest_class", "thumbnail")}
        write_json(results / f"baselines/museum/{task}/seed-{seed}.json", baseline)
    for run in RUNS:
        test = tests[split_of(results, run)]
        right = random.random(objects) < 0.6 + 0.2 * (run.method == "fine_tuning")
        predicted = np.where(right, test["label"], random.permutation(test["label"]))
        right = predicted == test["label"]
        table = test.assign(
            predicted=predicted,
            probability=random.random(objects),
            rank=np.where(right, 1, random.integers(2, 1000, objects)),
        )
        write_parquet(results / run.folder / "predictions.parquet", table, PREDICTIONS)
        tested = scores(table)
        accuracy = tested["accuracy"]
        metrics: dict[str, Any] = {"train": {"accuracy": 1.0, "n": objects}, "test": tested}
        metrics |= {"validation": {"accuracy": accuracy, "loss": 1.0, "n": 5}}
        metrics |= {"best_epoch": 1, "epochs": 2}
        write_json(results / run.folder / "metrics.json", metrics)
        settings = {"architecture": {"network": run.backbone}, "method": {"kind": "head"}}
        settings |= {"first": {"kind": "weights"}, "scaling": "unit", "expected_scaling": "unit"}
        record = {"run": asdict(run), "parameters": 1, "features": 1, "settings": settings}
        write_json(results / run.folder / "run.json", record)
    names = f"{{{','.join(BACKBONES)}}}/{{{','.join(INITS)}}}"
    statement = f"museum/task0/{names}/fine_tuning > museum/*/*/*/off_the_shelf"
    claim = ["fine-tuning", "it helps", "1", "superiority", statement, "all", ""]
    write_csv(results / "claims.csv", pd.DataFrame([claim], columns=CLAIMS))


def aggregate(results: Path) -> None:
    """Make the tables, and print as JSON what that took."""
    took = {}

    def timed(name: str, make: Callable[[], Any]) -> Any:
        started = time.monotonic(), time.process_time()
        found = make()
        took[name] = [time.monotonic() - started[0], time.process_time() - started[1]]
        return found

    def table() -> pd.DataFrame:
        runs = read_runs(RUNS, results, [split_of(results, run) for run in RUNS])
        return with_intervals(cells(runs, read_baselines(RUNS, results)), runs)

    read = cache(partial(read_tested, results=results))
    made = timed("table", table)
    gained = timed("gains", lambda: gains(pairs(RUNS), results))
    verdicts, _ = timed(
        "claims",
        lambda: evaluate(read_claims(results / "claims.csv"), RUNS, read, pd.DataFrame()),
    )
    assert (len(made), len(gained)) == (200, 260), (len(made), len(gained))
    assert verdicts["verdict"].tolist() == ["supported"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"took": took, "peak": peak}))


def main(objects: int) -> None:
    """Print seconds, seconds of CPU and the peak of memory."""
    with tempfile.TemporaryDirectory() as temporary:
        started = time.monotonic()
        write_study(Path(temporary), objects)
        print(
            f"{len(RUNS)} runs of {objects} objects, written in {time.monotonic() - started:.0f} s"
        )
        command = [sys.executable, __file__, "aggregate", temporary]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for name, (seconds, cpu) in found["took"].items():
        print(f"{name}: {seconds:.1f} s, {cpu:.1f} s of CPU")
    total = [sum(parts) for parts in zip(*found["took"].values(), strict=True)]
    print(f"all: {total[0]:.1f} s, {total[1]:.1f} s of CPU, peak {found['peak']:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["aggregate"]:
        aggregate(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
