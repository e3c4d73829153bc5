"""A whole study of many small images and classes, through all rules on two cores.

    python tests/long/load.py [objects] [classes]

draws a museum of 100,000 images with 1,000 classes unless told otherwise, and one of a tenth of it
with half of its classes, trains tiny networks on both and from the one to the other, and seals the
archive, on a machine that says it has 2 GB (``--resources mem_mb=2000``). Prints seconds and memory
of the longest jobs, the peak of memory of all processes together, and how many files there are.
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
SIDE = 48
CONFIG = {
    "study": "load",
    "seeds": [1],
    "threads": 1,
    "collections": {
        name: {
            "source": "folder",
            "folder": name,
            "metadata": "metadata.csv",
            "columns": {"object_id": "id", "image": "image", "title": "title", "types": "type"},
            "shards": shards,
        }
        for name, shards in (("many", 10), ("few", 1))
    },
    "tasks": {"type": {"field": "types"}},
    "backbones": {"demo_plain": {"size": 32}},
    "preprocessings": {"unit": {}},
    "inits": {
        "random": {"random": "he_uniform"},
        "many_net": {"collection": "many", "init": "random", "method": "tuned"},
    },
    "methods": {
        "shelf": {
            "kind": "head",
            "preprocessing": "unit",
            "optimizer": {"name": "rmsprop", "learning_rate": 0.01},
            "epochs": 3,
        },
        "tuned": {
            "kind": "fine_tuning",
            "preprocessing": "unit",
            "optimizer": {"name": "sgd", "learning_rate": 0.02, "momentum": 0.9},
            "epochs": 1,
        },
    },
    "experiments": {
        "source": {
            "collections": ["many"],
            "tasks": ["type"],
            "backbones": ["demo_plain"],
            "inits": ["random"],
            "methods": ["shelf", "tuned"],
        },
        "transfer": {
            "collections": ["few"],
            "tasks": ["type"],
            "backbones": ["demo_plain"],
            "inits": ["random", "many_net"],
            "methods": ["shelf", "tuned"],
        },
    },
    "figures": {
        "mosaic": {"images": {"collections": ["many", "few"]}},
        "curves": {
            "epochs": {"collection": "many", "experiments": ["source"], "tasks": ["type"]},
        },
        "saliency": {
            "maps": {
                "collection": "many",
                "tasks": ["type"],
                "backbone": "demo_plain",
                "before": {"init": "random", "method": "shelf"},
                "after": {"init": "random", "method": "tuned"},
            }
        },
    },
}


def draw(folder: Path, objects: int, classes: int, seed: int) -> None:
    """A museum: coarse coloured patterns, one for each class, under one of each object's own."""
    (folder / "images").mkdir(parents=True)
    of_class = np.random.default_rng(0).integers(0, 256, (classes, 6, 6, 3))
    random, rows = np.random.default_rng(seed), []
    for number in range(objects):
        kind = number % classes
        own = random.integers(0, 256, (12, 12, 3))
        mixed = 0.6 * of_class[kind].repeat(2, 0).repeat(2, 1) + 0.4 * own
        image = Image.fromarray(mixed.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BOX)
        image.save(folder / f"images/{number:06d}.jpg", quality=90)
        rows.append((f"o{number:06d}", f"{number:06d}.jpg", f"Work {number}", f"kind {kind:04d}"))
    table = pd.DataFrame(rows, columns=["id", "image", "title", "type"])
    table.assign(image="images/" + table["image"]).to_csv(folder / "metadata.csv", index=False)


def memory(stop: threading.Event, peak: list[int]) -> None:
    """Watch the memory (PSS, bytes) of this process's children together."""
    while not stop.wait(1):
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)


def cost_of_jobs(logs: Path) -> pd.DataFrame:
    """Seconds, and MB at most (PSS), of each job by its log's name, the longest first."""
    tables = {path.relative_to(logs).with_suffix(""): path for path in logs.rglob("*.tsv")}
    found = {str(name): pd.read_csv(path, sep="\t").iloc[0] for name, path in tables.items()}
    return pd.DataFrame(found).T[["s", "max_pss"]].sort_values("s", ascending=False)


def main(objects: int, classes: int) -> None:
    """Draw, run, and print."""
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "project"
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        draw(project / "many", objects, classes, 1)
        draw(project / "few", objects // 10, classes // 2, 2)
        (project / "load.yaml").write_text(yaml.safe_dump(CONFIG))
        stop, peak = threading.Event(), [0]
        watcher = threading.Thread(target=memory, args=(stop, peak))
        watcher.start()
        began = time.monotonic()
        command = [sys.executable, "-m", "snakemake", "archive", "--cores", "2"]
        command += ["--resources", "mem_mb=2000", "museum=1"]
        done = subprocess.run(
            [*command, "--configfile", "load.yaml"], cwd=project, stderr=subprocess.PIPE, text=True
        )
        seconds = time.monotonic() - began
        stop.set()
        watcher.join()
        if done.returncode:
            sys.exit(done.stderr[-5000:])
        logs = project / "logs"
        for name, row in cost_of_jobs(logs).head(15).iterrows():
            print(f"{row['s']:8.0f} s {row['max_pss']:8.0f} MB  {name}")
        files = [
            path
            for top in ("results", "resources", ".snakemake", "logs")
            for path in (project / top).rglob("*")
            if path.is_file()
        ]
        print(
            f"{objects:,} and {objects // 10:,} images, {classes:,} classes: {seconds:.0f} s, "
            f"{peak[0] / 1e6:.0f} MB at most, {len(files):,} files"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["100000", "1000"]))
