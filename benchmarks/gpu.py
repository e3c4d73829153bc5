"""A GPU: fine-tuning steps and features beside other engines, and what its settings add there.

    python benchmarks/gpu.py [--steps 20] [--side 0] [--heads 4] [--objects 20000]

The other scripts use a GPU where there is one; this one needs it, and skips itself without;
`--anyway 1` measures on the processor, to try the script. For each of the paper's networks the
contenders of a group (steps in float32, steps in 16 bits, features) start together, since a GPU
costs while compilers run, and then take turns, alone; what an engine tries out when it starts, it
so tries beside the others. All eleven at once do not fit into 80 GB. Ours in float32 is the
study's; a method's `jit_compile` and `mixed_precision` are measured against it. What is checked:
losses, and features (with the 10 bits of TF32 that all engines use for convolutions in float32).
Then `--heads` trainings of a head, each in a process as a job's is, at once and one after the
other.
"""

import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engines
import features
import fine_tuning
import head
import numpy as np
import pictures
from head import write_features
from measure import TIMES, Benchmark, Check, Make, NotInstalled, contender

LOSS = 0.05  # what rounding may do to a loss in 40 steps, of TF32 or of 16 bits
TF32 = 1e-2  # of the largest feature
WAITING = 0.02  # of a step
WIDTH, CLASSES = 2048, 1196


@dataclass(frozen=True)
class Row:
    """An entry: two contenders' names, and what they are compared by."""

    name: str
    ours: str
    peer: str
    theirs: str
    target: float | None
    same: Check
    versions: tuple[str, ...] = ()
    waiting: bool = False  # whether the entry is the share of ours that theirs does not need


def one_batch(folder: Path, network: str, size: int, steps: int) -> fine_tuning.Losses:
    """The study's step on one batch, copied ahead: what a step takes without making its input."""
    import tensorflow as tf

    model = fine_tuning.our_model(network, size, steps)
    images = np.load(folder / f"pixels-{size}.npy")[: engines.BATCH]
    data = tf.data.Dataset.from_tensors((images, engines.labels(len(images)))).repeat(steps)
    if engines.on_gpu():
        data = data.apply(tf.data.experimental.prefetch_to_device("/gpu:0"))
    return fine_tuning.begun(
        lambda: fine_tuning.mean_loss(model.fit(data, shuffle=False, verbose=0))
    )


def contenders(folder: Path, network: str, size: int, steps: int) -> dict[str, Make]:
    """Whatever takes turns for one network, by name."""
    make = functools.partial
    given: dict[str, Any] = {"folder": folder, "network": network, "size": size}
    ours, torch = make(fine_tuning.ours, **given), make(fine_tuning.pytorch, compiled=True, **given)
    predict = make(features.keras_predict, backend="jax", **given)
    return {
        "ours": ours,
        "XLA": make(ours, jit_compile=True),
        "bfloat16": make(ours, mixed_precision="bfloat16"),
        "float16": make(ours, mixed_precision="float16"),
        "one batch": make(one_batch, steps=steps, **given),
        "JAX": make(fine_tuning.keras_fit, backend="jax", **given),
        "PyTorch": torch,
        "PyTorch, bfloat16": make(torch, half="bfloat16"),
        "features": make(features.ours, **given),
        "features, JAX": predict,
        "features, PyTorch": make(features.pytorch, compiled=True, **given),
    }


def groups(network: str, size: int, steps: int) -> list[list[Row]]:
    """The entries of one network, by what is on the GPU together."""
    at = f"{network} at {size}, on a GPU"
    step = f"fine-tuning, {at}, {steps} steps of 32"
    feature = f"features, {at}, {steps * engines.BATCH} images"
    close = functools.partial(fine_tuning.close, limit=LOSS)
    jax, torch, compiled = "Keras on JAX", ("torch",), "PyTorch, compiled"
    waiting = f"waiting for batches, {at}", "ours", "as many steps on one batch, copied ahead"
    return [
        [
            Row(step, "ours", f"{jax}, fit", "JAX", 0.97, close, ("jax",)),
            Row(step, "ours", compiled, "PyTorch", 0.97, close, torch),
            Row(f"{step}, with XLA", "XLA", "without", "ours", None, close),
            Row(*waiting, "one batch", WAITING, lambda one, other: None, waiting=True),
        ],
        [
            Row(f"{step}, in bfloat16", "bfloat16", "in float32", "ours", None, close),
            Row(f"{step}, in float16", "float16", "in float32", "ours", None, close),
            Row(
                f"{step}, in bfloat16", "bfloat16", compiled + ", too", "PyTorch, bfloat16", 0.97,
                close, torch,
            ),
        ],
        [
            Row(feature, "features", f"{jax}, predict", "features, JAX", 0.97, near, ("jax",)),
            Row(feature, "features", compiled, "features, PyTorch", 0.97, near, torch),
        ],
    ]  # fmt: skip


def near(ours: features.Array, theirs: features.Array) -> None:
    """Assert that features are the same up to TF32's rounding."""
    difference = float(np.abs(ours - theirs).max() / np.abs(ours).max())
    assert difference < TF32, f"features differ by {difference:.2g} of the largest"


def take_turns(bench: Benchmark, makers: dict[str, Make], entries: list[Row]) -> list[str]:
    """Start all contenders at once; then time each alone, in turn, and record the entries.

    A peer that is not installed is left out with its entries. So is, and is given as a fault, one
    that does not start, and an entry whose two results differ: the rest is worth its time.
    """
    faults, begin = [], time.perf_counter()
    with ExitStack() as stack, ThreadPoolExecutor(len(makers)) as pool:

        def start(item: tuple[str, Make]) -> tuple[str, Callable[[], tuple[float, Any]] | str]:
            try:
                turn = stack.enter_context(contender(item[1], 0))
                print(f"{item[0]}: ready after {time.perf_counter() - begin:.0f} s", flush=True)
                return item[0], turn
            except NotInstalled as error:
                return item[0], str(error)
            except SystemExit as error:
                faults.append(f"{item[0]}: {error}")
                return item[0], str(error)

        turns: dict[str, Callable[[], tuple[float, Any]]] = {}
        for name, turn in pool.map(start, makers.items()):
            if isinstance(turn, str):
                print(f"SKIPPED {name}: {turn}", flush=True)
            else:
                turns[name] = turn
        results = {name: turn()[1] for name, turn in turns.items()}
        seconds: dict[str, list[float]] = {name: [] for name in turns}
        for number in range(bench.given.rounds):
            for name in list(turns)[:: 1 if number % 2 == 0 else -1]:
                seconds[name].append(turns[name]()[0])
    for row in entries:
        if row.ours in turns and row.theirs in turns:
            try:
                row.same(results[row.ours], results[row.theirs])
            except AssertionError as error:
                faults.append(f"{row.name} / {row.peer}: {error}")
                continue
            pairs = [list(p) for p in zip(seconds[row.ours], seconds[row.theirs], strict=True)]
            ratios = [1 - b / a if row.waiting else b / a for a, b in pairs]
            unit = "of the time" if row.waiting else TIMES
            given = ratios, row.target, unit, row.waiting, pairs, row.versions
            bench.record(row.name, row.peer, *given)
    return faults


def pack_heads(bench: Benchmark, folder: Path) -> None:
    """An epoch of each of several heads, each in a process of its own: at once, and in turn."""
    count, name = bench.given.heads, "{} heads on {:,} x {} features, on a GPU, at once"
    name = name.format(count, bench.given.objects, WIDTH)
    if bench.given.only not in f"{name} / one after the other":
        return
    write_features(folder, bench.given.objects, WIDTH, CLASSES)
    make, pairs = functools.partial(head.ours, folder, CLASSES), []
    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        turns = [stack.enter_context(contender(make, 0)) for _ in range(count)]
        for _ in range(1 + bench.given.rounds):  # the first is to warm up
            start = time.perf_counter()
            losses = list(pool.map(lambda turn: turn()[1], turns))
            at_once = time.perf_counter() - start
            in_turn = [turn() for turn in turns]
            fine_tuning.close(losses, [loss for _, loss in in_turn])
            pairs.append([at_once, sum(seconds for seconds, _ in in_turn)])
    ratios = [in_turn / at_once for at_once, in_turn in pairs[1:]]
    bench.record(name, "one after the other", ratios, None, TIMES, False, pairs[1:])


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, steps=20, side=0, heads=4, objects=20_000, anyway=0)
    if not (bench.given.anyway or has_gpu()):
        print("SKIPPED: TensorFlow sees no GPU here")
        return
    steps, faults = bench.given.steps, []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for network in sorted(engines.SIZES):
            size = bench.given.side or engines.SIZES[network]
            makers = contenders(folder, network, size, steps)
            wanted = [
                [r for r in group if bench.given.only in f"{r.name} / {r.peer}"]
                for group in groups(network, size, steps)
            ]
            if any(wanted):
                pictures.write_store(folder, steps * engines.BATCH, size)
            for entries in filter(None, wanted):
                needed = {name for row in entries for name in (row.ours, row.theirs)}
                chosen = {name: make for name, make in makers.items() if name in needed}
                faults += take_turns(bench, chosen, entries)
        pack_heads(bench, folder)
    if faults:
        sys.exit("\n".join(faults))


def has_gpu() -> bool:
    """Whether TensorFlow sees one, asked in another process, which gives it back."""
    ask = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return int(done.stdout) > 0


if __name__ == "__main__":
    main()
