"""Two in turn: ours and a peer, each in a process of its own; one waits while the other computes.

A script gives two *makers*: functions without arguments that load what they need, and give the
function to time. Nothing but a maker imports a library of arrays or networks, so each process holds
one engine. An entry's ``ratio`` is the median of the ratios of the pairs, ``low`` and ``high``
their smallest and largest. ``results.json`` keeps one entry for each name and peer: a script that
runs again replaces its own, and README.md's table is written anew.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# After benchmarks/ itself, for the rules' scripts have some of the same names.
sys.path += [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "unit")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Two engines share a GPU's memory: none may take all of it when it starts.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

Make = Callable[[], Callable[[], Any]]
Check = Callable[[Any, Any], None]

TIMES = "times as fast"
ROUNDS = 5
_TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- /results -->)", re.DOTALL)
CORES = len(os.sched_getaffinity(0))
_WIDE = {"avx512f": "AVX-512", "avx2": "AVX2"}
_BUSY = 0.1  # share of the processors' time that others take before a script begins


@dataclass(frozen=True)
class Entry:
    """One line of the table; ``target`` is None where nothing was promised."""

    name: str
    peer: str
    ratio: float
    low: float
    high: float
    target: float | None
    unit: str
    at_most: bool  # whether a smaller ratio is the better one
    ours: float  # median seconds, or what ``unit`` counts
    theirs: float
    rounds: int
    machine: str
    versions: str
    date: str

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the target."""
        if self.target is None:
            return None
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


class Benchmark:
    """One script's entries, written as they are measured."""

    def __init__(self, description: str, **sizes: int) -> None:
        """Read the command line: each of ``sizes`` is an option with its full size as default."""
        parser = argparse.ArgumentParser(description=description)
        for name, size in sizes.items():
            parser.add_argument(f"--{name}", type=int, default=size)
        parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs for each entry")
        parser.add_argument("--only", default="", help="entries whose `name / peer` has this text")
        parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results.json")
        self.given = parser.parse_args()
        self.machine = machine() + (", shared with other work" if _taken() > _BUSY else "")

    def compare(
        self,
        name: str,
        ours: Make,
        peer: str,
        theirs: Make,
        target: float | None,
        same: Check,
        *,
        versions: tuple[str, ...] = (),
        unit: str = TIMES,
        at_most: bool = False,
        cores: tuple[int, int] | None = None,
    ) -> list[list[Any]]:
        """Time both in turn; ``same`` compares the results of the first round.

        That round is to warm up, and not counted.

        The ratio is theirs over ours, or ours over theirs where ``at_most``. ``versions`` names
        the libraries that the peer is made of; a peer that is not installed is skipped, and says
        so. ``cores`` is how many each may use; all by default. Gives the results of each pair, ours
        first; none where nothing was measured.
        """
        if self.given.only not in f"{name} / {peer}":
            return []
        mine, other = cores or (0, 0)
        try:
            with contender(theirs, other) as second, contender(ours, mine) as first:
                turns = []
                for number in range(1 + self.given.rounds):
                    if number % 2 == 0:
                        turns.append([first(), second()])
                    else:  # the other one first, so that neither has the better half of a trend
                        turns.append([second(), first()][::-1])
                    if not number:
                        same(*(result for _, result in turns[0]))
        except NotInstalled as error:
            print(f"SKIPPED {name} / {peer}: {error}", flush=True)
            return []
        del turns[0]
        pairs = [[seconds for seconds, _ in turn] for turn in turns]
        ratios = [a / b if at_most else b / a for a, b in pairs]
        self.record(name, peer, ratios, target, unit, at_most, pairs, versions)
        return [[result for _, result in turn] for turn in turns]

    def record(
        self,
        name: str,
        peer: str,
        ratios: list[float],
        target: float | None,
        unit: str,
        at_most: bool,
        pairs: list[list[float]],
        versions: tuple[str, ...] = (),
    ) -> None:
        """Put an entry in the place of the one with its name and peer, and print it."""
        entry = Entry(
            name,
            peer,
            *(significant(f(ratios)) for f in (statistics.median, min, max)),
            target,
            unit,
            at_most,
            *(significant(statistics.median(side)) for side in zip(*pairs, strict=True)),
            len(ratios),
            self.machine,
            ", ".join(f"{package} {metadata.version(package)}" for package in versions),
            date.today().isoformat(),
        )
        merge(self.given.results, entry)
        print(row(entry), flush=True)


class NotInstalled(Exception):
    """A peer's library is not there."""


@contextmanager
def contender(make: Make, cores: int) -> Iterator[Callable[[], tuple[float, Any]]]:
    """Within the block a process that has called ``make``; each call gives seconds and result.

    ``cores`` is how many it may use; 0 for all. Raises NotInstalled where a library is lacking.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make, cores))
    process.start()
    there.close()
    try:
        ready = _answer(here)
        if isinstance(ready, str):
            raise NotInstalled(ready)

        def turn() -> tuple[float, Any]:
            here.send(None)
            return _answer(here)

        yield turn
    finally:
        here.close()
        process.join()


def _answer(connection: Connection) -> Any:
    try:
        return connection.recv()
    except EOFError:
        sys.exit("a contender ended before its time; its traceback stands above")


def _serve(connection: Connection, make: Make, cores: int) -> None:
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    try:
        once = make()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("art_transfer"):
            raise
        connection.send(f"{error.name} is not installed")
        return
    connection.send(None)
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        start = time.perf_counter()
        result = once()
        seconds = time.perf_counter() - start
        connection.send((seconds, result))


def merge(path: Path, entry: Entry) -> None:
    """Replace or add an entry in the results, and write the table beside them, if it is there."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    kept = {(old["name"], old["peer"]): old for old in found}
    kept[entry.name, entry.peer] = dataclasses.asdict(entry)
    entries = [kept[key] for key in sorted(kept)]
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if (readme := path.with_name("README.md")).exists():
        text = readme.read_text(encoding="utf-8")
        table = rendered([Entry(**old) for old in entries])
        readme.write_text(_TABLE.sub(lambda _: table, text), encoding="utf-8")


def rendered(entries: list[Entry]) -> str:
    """The entries as a table, with what they were measured on below it."""
    lines = [
        "| what | peer | ratio | spread | target | reached | ours | peer's |",
        "|---|---|---|---|---|---|---|---|",
        *map(row, entries),
        "",
    ]
    by_machine: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        versions = by_machine.setdefault((entry.machine, entry.date), [])
        versions += [one for one in entry.versions.split(", ") if one and one not in versions]
    for (name, day), versions in by_machine.items():
        lines += [f"{day}, {name}. Peers: {', '.join(sorted(versions))}.", ""]
    return "\n".join(lines) + "\n"


def row(entry: Entry) -> str:
    """A line of the table."""
    target = "none" if entry.target is None else f"{entry.target:g}"
    sign = "at most " if entry.at_most and entry.target is not None else ""
    reached = {True: "yes", False: "**no**", None: ""}[entry.reached]
    measured = "" if entry.unit == TIMES else f" {entry.unit}"
    unit = " s" if entry.unit == TIMES else ""
    return (
        f"| {entry.name} | {entry.peer} | {entry.ratio:g}{measured} | "
        f"{entry.low:g}-{entry.high:g}, n={entry.rounds} | {sign}{target} | {reached} | "
        f"{entry.ours:g}{unit} | {entry.theirs:g}{unit} |"
    )


def significant(value: float) -> float:
    """Three digits, which is more than a shared machine repeats."""
    return float(f"{value:.3g}")


def machine() -> str:
    """The processor with its widest instructions, how many cores there are, and our libraries."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = next(line.split(": ")[1] for line in info.splitlines() if line.startswith("model name"))
    wide = [label for flag, label in _WIDE.items() if f" {flag} " in info][:1]
    ours = (f"{package} {metadata.version(package)}" for package in ("keras", "tensorflow"))
    python = f"Python {platform.python_version()}"
    parts = [gpu_name(), name, *wide, f"{CORES} cores", python, *ours]
    return ", ".join(part for part in parts if part)


def gpu_name() -> str:
    """What NVIDIA's driver calls the GPU; "" where there is none."""
    if not Path("/proc/driver/nvidia/version").exists():
        return ""
    if not (program := shutil.which("nvidia-smi")):
        return "an NVIDIA GPU"
    ask = [program, "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def _taken() -> float:
    """The share of the processors' time that is not idle, in two seconds of doing nothing here."""

    def read() -> tuple[int, int]:
        first = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
        ticks = [int(each) for each in first]
        return sum(ticks), ticks[3] + ticks[4]  # of which idle, and waiting for a disk

    all_before, idle_before = read()
    time.sleep(2)
    all_after, idle_after = read()
    return 1 - (idle_after - idle_before) / (all_after - all_before)
