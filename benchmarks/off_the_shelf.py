"""Off the shelf from files to metrics.json: this workflow against the way it was published.

    python benchmarks/off_the_shelf.py [--images 2000] [--epochs 10]

Three tasks, one network (ResNet50 at 224; a file of random weights), all from a cold start. The
published way sends every image through the network again for each task and epoch, and Pillow
decodes it again each time, on one thread. Ours takes turns with it twice, with features by Keras
and by the engine openvino. What is checked: the accuracy on the test split. At its full size a
round of the published way takes half an hour on two fast cores, and two hours on slow ones.
"""

import functools
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import engines
import numpy as np
import pictures
import yaml
from measure import ROOT, TIMES, Benchmark, Make, contender

NETWORK, SIZE, BATCH = "resnet50", 224, 32
TASKS = {"material": "materials", "type": "types", "artist": "creators"}
CLASSES = {"material": 2, "type": 4, "artist": 8}
LEFT_OUT = shutil.ignore_patterns(".*", "results", "resources", "logs", "__pycache__")
CLOSE = 0.1  # of the accuracy: orders of objects differ
Accuracies = dict[str, float]


def config(folder: Path, weights: Path, epochs: int, engine: str) -> dict[str, Any]:
    """A study of one museum, one network and three tasks; ``engine`` makes the features."""
    from art_transfer.files import sha256

    file = {"address": str(weights), "hash": f"sha256:{sha256(weights)}", "expects": "unit"}
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
        "preprocessings": {"unit": {"scaling": "unit", "engine": engine}},
        "inits": {"file": {"weights": {NETWORK: file}}},
        "methods": {"off_the_shelf": method | {"epochs": epochs, "patience": epochs}},
        "experiments": {"all": grid | {"inits": ["file"], "methods": ["off_the_shelf"]}},
    }


def write_museum(folder: Path, count: int) -> None:
    """Images and their metadata; each class has a tint of its own."""
    pictures.write_files(folder / "images", count, tints=8)
    lines = ["id,image,material,type,artist"]
    for number in range(count):
        values = [f"{task} {number % 8 % n}" for task, n in CLASSES.items()]
        lines.append(",".join([f"{number:06d}", f"images/{number:06d}.jpg", *values]))
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")


def ours(project: Path, file: str) -> Callable[[], Accuracies]:
    """Everything made anew by Snakemake on two cores, two small heads at a time."""
    command = [sys.executable, "-m", "snakemake", "runs", "--cores", "2"]
    command += ["--set-threads", "head=1", "--configfile", file]

    def once() -> Accuracies:
        for name in ("results", "resources", "logs", ".snakemake"):
            shutil.rmtree(project / name, ignore_errors=True)
        _run(command, project)
        runs = project / "results/bench/runs/museum"
        end = f"{NETWORK}/file/off_the_shelf/seed-1/metrics.json"
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


def take_turns(makers: dict[str, Make], rounds: int) -> list[dict[str, tuple[float, Accuracies]]]:
    """Seconds and accuracies of each contender in each round; every other begins at the end."""
    found = []
    with ExitStack() as stack:
        turns = {name: stack.enter_context(contender(make, 0)) for name, make in makers.items()}
        for number in range(rounds):
            names = list(turns)[:: 1 if number % 2 == 0 else -1]
            found.append({name: turns[name]() for name in names})
            seconds = ", ".join(f"{name} {found[-1][name][0]:.1f} s" for name in turns)
            print(f"round {number + 1} of {rounds}: {seconds}", flush=True)
            for name in turns:
                close(found[-1][name][1], found[-1]["published"][1])
    return found


def main() -> None:
    """Measure the entries."""
    bench = Benchmark(__doc__, images=2000, epochs=10)
    count, epochs = bench.given.images, bench.given.epochs
    peer = "the published way: the network again for each task and epoch, Pillow on one thread"
    name = f"off the shelf, 3 tasks, ResNet50 at 224, {epochs} epochs, {count:,} images, "
    name += "cold start to metrics.json"
    entries = {"keras": name, "openvino": f"{name}, features by the engine openvino"}
    if importlib.util.find_spec("openvino") is None:
        print(f"SKIPPED {entries.pop('openvino')}: openvino is not installed")
    wanted = {e: name for e, name in entries.items() if bench.given.only in f"{name} / {peer}"}
    if not wanted:
        return
    with tempfile.TemporaryDirectory() as temporary:
        museum, project = Path(temporary) / "museum", Path(temporary) / "project"
        weights = Path(temporary) / "first.weights.h5"
        write_museum(museum, count)
        _run([sys.executable, __file__, "--weights", str(weights)], museum)
        shutil.copytree(ROOT, project, ignore=LEFT_OUT)
        for engine in entries:
            text = yaml.safe_dump(config(museum, weights, epochs, engine))
            (project / f"{engine}.yaml").write_text(text)
        command = [sys.executable, "-m", "snakemake", "splits", "--cores", "2"]
        _run([*command, "--configfile", "keras.yaml"], project)
        (project / "splits").mkdir()
        for task in TASKS:
            made = project / f"results/bench/splits/museum/{task}/seed-1.csv"
            shutil.copy(made, project / "splits" / f"{task}.csv")
        makers = {e: functools.partial(ours, project, f"{e}.yaml") for e in wanted}
        makers["published"] = functools.partial(published, project, museum, epochs)
        rounds = take_turns(makers, bench.given.rounds)
    for engine, name in wanted.items():
        pairs = [[each[engine][0], each["published"][0]] for each in rounds]
        ratios = [theirs / mine for mine, theirs in pairs]
        bench.record(name, peer, ratios, 20, TIMES, False, pairs, ("pillow",))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--published"]:
        run_published(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["--weights"]:
        engines.backbone(NETWORK, SIZE, "tensorflow").save_weights(sys.argv[2])
    else:
        main()
