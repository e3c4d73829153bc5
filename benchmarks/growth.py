"""What each step costs at 1, 10 and 100 times a small size: time, and peak memory.

    python benchmarks/growth.py [--images 100]

Collecting, preparing, features and a head on 100, 1,000 and 10,000 made-up images; the tables of
1,000 runs on 100, 1,000 and 10,000 test objects each (tests/long/thousand_runs.py). Each step runs
once at each size, in a process of its own. Writes docs/growth.svg and the table of docs/scaling.md;
sizes other than the full ones are printed only.
"""

import functools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from measure import CORES, ROOT, Benchmark, contender
from records import peak

TIMES = (1, 10, 100)
FULL = 100  # images, and test objects
SIZE, NETWORK, FEATURES, CLASSES, EPOCHS = 64, "demo_residual", 512, 50, 3
DISTINCT = 50  # pictures, which are repeated
_TABLE = re.compile(r"(?<=<!-- growth -->\n).*?(?=<!-- /growth -->)", re.DOTALL)
Step = Callable[[], float]


def collecting(folder: Path, count: int) -> Step:
    """Image files checked and written to a shard with its table."""
    from art_transfer.collect.shards import write_shard
    from art_transfer.collect.source import FetchedImage

    data = [pictures.jpeg(number) for number in range(DISTINCT)]
    images = (FetchedImage(f"{n:06d}", data[n % DISTINCT], "ok") for n in range(count))

    def once() -> float:
        write_shard(images, "0000", folder / "0000.zip", folder / "0000.csv")
        return peak()

    return once


def preparing(folder: Path, count: int) -> Step:
    """That shard decoded to pixels."""
    from art_transfer.collect.shards import read_shard
    from art_transfer.prepare.pixels import write_pixels
    from art_transfer.settings import Pixels

    def once() -> float:
        images = read_shard(folder / "0000.zip", folder / "0000.csv")
        write_pixels(images, count, SIZE, Pixels("stretch", "nearest"), folder / "pixels.npy")
        return peak()

    return once


def features(folder: Path, count: int) -> Step:
    """Those pixels sent through a small network."""
    import engines
    from art_transfer.formats import IMAGES, read_csv
    from art_transfer.prepare.pixels import PixelStore
    from art_transfer.train.features import extract
    from art_transfer.train.machine import prepare

    prepare(CORES, 0, 0)
    model = engines.backbone(NETWORK, SIZE, "tensorflow")
    store = PixelStore([read_csv(folder / "0000.csv", IMAGES)], [folder / "pixels.npy"])

    def once() -> float:
        extract(model, store, "unit", folder / "features.npy", folder / "ids.csv")
        return peak()

    return once


def head(folder: Path, count: int) -> Step:
    """A head trained on as many made-up features, for a few epochs."""
    from head import ours, write_features

    write_features(folder, count, FEATURES, CLASSES)
    once = ours(folder, CLASSES, EPOCHS)
    return lambda: (once(), peak())[1]


def tables(folder: Path, count: int) -> Step:
    """Tables, gains and claims of 1,000 runs of so many test objects."""
    script = ROOT / "tests/long/thousand_runs.py"
    sys.path.append(str(script.parent))
    from thousand_runs import write_study

    write_study(folder, count)
    command = [sys.executable, script, "aggregate", folder]

    def once() -> float:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        return float(json.loads(done.stdout)["peak"])

    return once


STEPS = (collecting, preparing, features, head, tables)


def measured(small: int) -> dict[str, list[tuple[int, float, float]]]:
    """For each step the size, seconds and MB at each multiple of a small size."""
    found: dict[str, list[tuple[int, float, float]]] = {step.__name__: [] for step in STEPS}
    for times in TIMES:
        with tempfile.TemporaryDirectory() as temporary:
            for step in STEPS:
                make = functools.partial(step, Path(temporary), times * small)
                with contender(make, 0) as turn:
                    seconds, megabytes = turn()
                found[step.__name__].append((times * small, seconds, megabytes))
                print(f"{step.__name__} {times * small}: {seconds:.2f} s, {megabytes:.0f} MB")
    return found


def slope(points: list[tuple[int, float, float]]) -> float:
    """The exponent of size by which time grew in the last step: 1 is linear."""
    (size, seconds, _), (larger, more, _) = points[-2:]
    return float(np.log(more / seconds) / np.log(larger / size))


def table(found: dict[str, list[tuple[int, float, float]]], machine: str) -> str:
    """As Markdown."""
    sizes = [size for size, _, _ in found["collecting"]]
    heads = [f"{size:,}: s, MB" for size in sizes]
    lines = [f"| step | {' | '.join(heads)} | exponent |", "|---" * (len(sizes) + 2) + "|"]
    for name, points in found.items():
        cells = [f"{seconds:.2f}, {megabytes:.0f}" for _, seconds, megabytes in points]
        lines.append(f"| {name} | {' | '.join(cells)} | {slope(points):.2f} |")
    return "\n".join([*lines, "", f"Measured once each on {machine}.", ""])


def plot(found: dict[str, list[tuple[int, float, float]]], path: Path) -> None:
    """Time and memory against size; a thin line shows linear growth."""
    from art_transfer.report.style import figure, styled
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    with styled():
        made = figure(7, 2.6)
        axes: Any = made.subplots(1, 2)
        for name, points in found.items():
            sizes, seconds, megabytes = zip(*points, strict=True)
            axes[0].loglog(sizes, seconds, marker="o", markersize=3, label=name)
            axes[1].semilogx(sizes, megabytes, marker="o", markersize=3)
        ends = np.array([sizes[0], sizes[-1]])
        axes[0].loglog(
            ends, 0.4 * ends / ends[0], color="0.7", linewidth=0.8, label="linear growth"
        )
        axes[0].set(ylabel="seconds")
        axes[1].set(ylabel="peak memory, MB", ylim=(0, None))
        axes[0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes[0].yaxis.set_minor_formatter(NullFormatter())
        for part in axes:
            part.set(xlabel="images, or test objects of each run", xticks=sizes)
            part.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            part.minorticks_off()
        made.legend(loc="outside right center", fontsize=7)
        made.savefig(path)


def main() -> None:
    """Measure, and write what is in docs."""
    bench = Benchmark(__doc__, images=FULL)
    found = measured(bench.given.images)
    print(table(found, bench.machine))
    if bench.given.images != FULL:
        return
    plot(found, ROOT / "docs" / "growth.svg")
    document = ROOT / "docs" / "scaling.md"
    text = document.read_text(encoding="utf-8")
    document.write_text(_TABLE.sub(lambda _: table(found, bench.machine), text), encoding="utf-8")


if __name__ == "__main__":
    main()
