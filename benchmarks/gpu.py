"""What a GPU adds: mixed precision and XLA in a fine-tuning step, and several heads on it at once.

    python benchmarks/gpu.py [--steps 20] [--side 0] [--heads 4] [--objects 20000]

The other scripts use a GPU where there is one; this one is about settings that only make sense
there, and skips itself without; `--anyway 1` measures them on the processor, to try the script.
Each of the paper's networks with a method's `mixed_precision` and `jit_compile` against the same
step in full precision, and against PyTorch, compiled, with its own mixed precision; then `--heads`
trainings of a head, each a process as a job's, at once and one after the other. What is checked:
the loss.
"""

import functools
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import engines
import pictures
from fine_tuning import CLOSE, close, ours, pytorch
from head import write_features
from measure import Benchmark

HALF = 0.05  # of the loss, in 16 bits
WIDTH, CLASSES = 2048, 1196
_HEAD = (
    "import sys; sys.path[:0] = {path}; from pathlib import Path; from head import ours; "
    "print(ours(Path({folder}), {classes}, 3)())"
)


def heads(folder: Path, count: int, at_once: bool) -> Callable[[], list[float]]:
    """So many trainings of a head, each in a process of its own, at once or in turn."""
    given = {"path": sys.path, "folder": str(folder), "classes": CLASSES}
    command = [sys.executable, "-c", _HEAD.format(**{k: repr(v) for k, v in given.items()})]

    def once() -> list[float]:
        running: list[subprocess.Popen[str]] = []
        for _ in range(count):
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            if not at_once:
                running[-1].wait()
        return [float(process.communicate()[0].split()[-1]) for process in running]

    return once


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, steps=20, side=0, heads=4, objects=20_000, anyway=0)
    if not (bench.given.anyway or has_gpu()):
        print("SKIPPED: TensorFlow sees no GPU here")
        return
    make = functools.partial
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for network, full in engines.SIZES.items():
            size = bench.given.side or full
            pictures.write_store(folder, bench.given.steps * engines.BATCH, size)
            plain = make(ours, folder, network, size)
            half = {"compiled": True, "half": "bfloat16"}
            for what, changes, peers in (
                ("XLA", {"jit_compile": True}, {}),
                ("bfloat16", {"mixed_precision": "bfloat16"}, half),
                ("float16", {"mixed_precision": "float16"}, half | {"half": "float16"}),
            ):
                name = f"fine-tuning with {what}, {network} at {size}, {bench.given.steps} steps"
                mine, limit = make(ours, folder, network, size, **changes), HALF if peers else CLOSE
                bench.compare(
                    name, mine, "in float32, without", plain, None, make(close, limit=limit)
                )
                if peers:
                    theirs = make(pytorch, folder, network, size, **peers)
                    bench.compare(
                        name,
                        mine,
                        "PyTorch, compiled, the same precision",
                        theirs,
                        0.97,
                        make(close, limit=limit),
                        versions=("torch",),
                    )
        write_features(folder, bench.given.objects, WIDTH, CLASSES)
        given = folder, bench.given.heads
        bench.compare(
            f"{bench.given.heads} heads on {bench.given.objects:,} x {WIDTH} features, at once",
            make(heads, *given, at_once=True),
            "one after the other",
            make(heads, *given, at_once=False),
            None,
            close,
        )


def has_gpu() -> bool:
    """Whether TensorFlow sees one, asked in another process, which gives it back."""
    ask = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return int(done.stdout) > 0


if __name__ == "__main__":
    main()
