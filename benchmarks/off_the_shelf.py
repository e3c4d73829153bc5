"""Off the shelf from files to metrics.json: this workflow against the way it was published.

    python benchmarks/off_the_shelf.py [--images 2000] [--epochs 10]

Three tasks, one network (ResNet50 at 224, random weights from a seed), both from a cold start. The
published way sends every image through the network again for each task and epoch, and Pillow
decodes it again each time, on one thread. What is checked: the accuracy on the test split.
At its full size a round of the published way takes half an hour on two cores.
"""

import functools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import yaml
from measure import ROOT, Benchmark

NETWORK, SIZE, BATCH = "resnet50", 224, 32
TASKS = {"material": "materials", "type": "types", "artist": "creators"}
CLASSES = {"material": 2, "type": 4, "artist": 8}
LEFT_OUT = shutil.ignore_patterns(".*", "results", "resources", "logs", "__pycache__")
CLOSE = 0.1  # of the accuracy: orders of objects differ
Accuracies = dict[str, float]


def config(folder: Path, epochs: int) -> dict[str, Any]:
    """A study of one museum, one network and three tasks."""
    columns = {"object_id": "id", "image": "image"} | {field: task for task, field in TASKS.items()}
    museum = {"source": "folder", "folder": str(folder), "metadata": "metadata.csv"}
    optimizer = {"name": "rmsprop", "learning_rate": 0.001, "rho": 0.9, "epsilon": 1.0e-8}
    method = {"kind": "head", "preprocessing": "unit", "optimizer": optimizer}
    grid = {"collections": ["museum"], "tasks": list(TASKS), "backbones": [NETWORK]}
    return {
        "study": "bench",
        "seeds": [1],
        "threads": 2,
        "collections": {"museum": museum | {"columns": columns}},
        "tasks": {task: {"field": field} for task, field in TASKS.items()},
        "backbones": {NETWORK: {"size": SIZE}},
        "preprocessings": {"unit": {"scaling": "unit"}},
        "inits": {"random": {"random": "he_uniform"}},
        "methods": {"off_the_shelf": method | {"epochs": epochs, "patience": epochs}},
        "experiments": {"all": grid | {"inits": ["random"], "methods": ["off_the_shelf"]}},
    }


def write_museum(folder: Path, count: int) -> None:
    """Images and their metadata; each class has a tint of its own."""
    pictures.write_files(folder / "images", count, tints=8)
    lines = ["id,image,material,type,artist"]
    for number in range(count):
        values = [f"{task} {number % 8 % n}" for task, n in CLASSES.items()]
        lines.append(",".join([f"{number:06d}", f"images/{number:06d}.jpg", *values]))
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")


def ours(project: Path) -> Callable[[], Accuracies]:
    """Everything made anew by Snakemake on two cores."""
    command = [sys.executable, "-m", "snakemake", "runs", "--cores", "2"]

    def once() -> Accuracies:
        for name in ("results", "resources", "logs", ".snakemake"):
            shutil.rmtree(project / name, ignore_errors=True)
        _run([*command, "--configfile", "bench.yaml"], project)
        runs = project / "results/bench/runs/museum"
        end = f"{NETWORK}/random/off_the_shelf/seed-1/metrics.json"
        metrics = {task: json.loads((runs / task / end).read_text()) for task in TASKS}
        return {task: found["test"]["accuracy"] for task, found in metrics.items()}

    return once


def published(project: Path, museum: Path, epochs: int) -> Callable[[], Accuracies]:
    """A process that does it the published way, with our splits."""
    given = [str(museum), str(project / "splits"), str(epochs)]

    def once() -> Accuracies:
        _run([sys.executable, __file__, "--published", *given], museum)
        return json.loads((museum / "metrics.json").read_text())

    return once


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert not done.returncode, done.stdout[-3000:]


def run_published(museum: Path, splits: Path, epochs: int) -> None:
    """A frozen network with a new head, trained from the files for each task."""
    import engines
    import pandas as pd

    accuracies = {}
    for task in TASKS:
        table = pd.read_csv(splits / f"{task}.csv", dtype=str)
        backbone = engines.backbone(NETWORK, SIZE, "tensorflow")
        import keras

        backbone.trainable = False
        classes = sorted(table["label"].unique())
        outputs = keras.layers.Dense(len(classes), activation="softmax")(backbone.output)
        model = keras.Model(backbone.input, outputs)
        model.compile(
            optimizer=keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        data = {split: _files(museum, part, classes) for split, part in table.groupby("split")}
        model.fit(
            data["train"],
            validation_data=data["validation"],
            epochs=epochs,
            callbacks=[keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)],
            verbose=0,
        )
        accuracies[task] = float(model.evaluate(data["test"], verbose=0)[1])
    (museum / "metrics.json").write_text(json.dumps(accuracies))


def _files(museum: Path, table: Any, classes: list[str]) -> Any:
    """Batches that Pillow reads from files, in Keras's own way."""
    import keras
    from PIL import Image

    def read(object_id: str) -> Any:
        with Image.open(museum / "images" / f"{object_id}.jpg") as image:
            small = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.NEAREST)
        return np.asarray(small, np.float32) / 255

    class Files(keras.utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(table) // BATCH)

        def __getitem__(self, index: int) -> Any:
            part = table.iloc[index * BATCH : (index + 1) * BATCH]
            images = np.stack([read(object_id) for object_id in part["object_id"]])
            return images, np.array([classes.index(label) for label in part["label"]])

    return Files()


def close(ours: Accuracies, theirs: Accuracies) -> None:
    """Assert that each task's accuracy is about the same."""
    for task in TASKS:
        assert abs(ours[task] - theirs[task]) <= CLOSE, f"accuracies {ours} and {theirs}"


def main() -> None:
    """Measure the entry."""
    bench = Benchmark(__doc__, images=2000, epochs=10)
    count, epochs = bench.given.images, bench.given.epochs
    with tempfile.TemporaryDirectory() as temporary:
        museum, project = Path(temporary) / "museum", Path(temporary) / "project"
        write_museum(museum, count)
        shutil.copytree(ROOT, project, ignore=LEFT_OUT)
        (project / "bench.yaml").write_text(yaml.safe_dump(config(museum, epochs)))
        command = [sys.executable, "-m", "snakemake", "splits", "--cores", "2"]
        _run([*command, "--configfile", "bench.yaml"], project)
        (project / "splits").mkdir()
        for task in TASKS:
            made = project / f"results/bench/splits/museum/{task}/seed-1.csv"
            shutil.copy(made, project / "splits" / f"{task}.csv")
        bench.compare(
            f"off the shelf, 3 tasks, ResNet50 at 224, {epochs} epochs, {count:,} images, "
            "cold start to metrics.json",
            functools.partial(ours, project),
            "the published way: the network again for each task and epoch, Pillow on one thread",
            functools.partial(published, project, museum, epochs),
            20,
            close,
            versions=("pillow",),
            warm_up=False,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--published"]:
        run_published(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
