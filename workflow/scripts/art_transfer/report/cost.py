"""What a study cost: hours, memory and energy, from its records and from Slurm's accounting."""

import dataclasses
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn
from matplotlib.figure import Figure

from art_transfer.errors import StudyError
from art_transfer.files import read_json
from art_transfer.report.style import WIDTH, figure
from art_transfer.report.tables import words
from art_transfer.report_settings import CostRecord

COST = [
    *["what", "collection", "task", "backbone", "init", "method", "seed", "device"],
    *["hours", "gpu_hours", "cpu_hours", "peak_memory_mb", "images_per_second", "energy_wh"],
    *["jobs", "source"],
]
"""Columns of ``cost.csv``. ``source`` is ``sacct``, or ``record`` for the program's own clock."""

SUMMED = ["hours", "gpu_hours", "cpu_hours", "energy_wh"]
_FIELDS = "JobIDRaw,ElapsedRaw,CPUTimeRAW,AllocTRES,MaxRSS,ConsumedEnergyRaw"
_KILOBYTES = {"K": 1, "M": 1024, "G": 1024**2}


@dataclass
class Used:
    """What the accounting says that a job used, all its starts together."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    joules: float = 0.0


def cost(records: Iterable[CostRecord], accounted: Mapping[str, Used]) -> pd.DataFrame:
    """One row for each record of a run or of features, and one for their sum: columns of COST.

    ``accounted`` is what ``accounting`` gives; runs that shared a job share what it used, by the
    seconds of their records. Times are in hours, energy in watt-hours and empty where no node
    measures it. Raises StudyError where a record lacks what it should have.
    """
    found = {record: read_json(record.path) for record in records}
    seconds: dict[str, float] = defaultdict(float)
    for said in found.values():
        for job in said.get("jobs", []):
            seconds[job] += said.get("seconds", 0)
    rows = [
        dataclasses.asdict(record) | _row(record.path, said, accounted, seconds)
        for record, said in found.items()
    ]
    table = pd.DataFrame(rows).reindex(columns=COST)
    total = table[SUMMED].sum(min_count=1).to_dict() | {"what": "total"}
    total["peak_memory_mb"] = table["peak_memory_mb"].max()
    total["jobs"] = len(seconds) + sum(not said.get("jobs") for said in found.values())
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True).reindex(columns=COST)


def _row(
    path: str,
    record: dict[str, Any],
    accounted: Mapping[str, Used],
    together: Mapping[str, float],
) -> dict[str, Any]:
    """The numbers of one record; the accounting counts attempts that came to nothing, too.

    ``together`` are the seconds of all records of a job.
    """
    try:
        device, seconds = record["device"], float(record["seconds"])
        threads = record["settings"]["threads"] if "settings" in record else record["threads"]
        row = {
            "device": device["name"],
            "peak_memory_mb": record["peak_memory_mb"],
            "images_per_second": record["images_per_second"],
        }
    except (KeyError, TypeError) as error:
        raise StudyError(
            f"{path}: the key {error} is missing; remove the file to have it made again"
        ) from error
    jobs = record.get("jobs", [])
    used = [(accounted[job], seconds / together[job]) for job in jobs if job in accounted]
    if not used or len(used) < len(jobs):
        gpus = device["count"] if device["kind"] == "gpu" else 0
        times = {"hours": seconds, "gpu_hours": seconds * gpus, "cpu_hours": seconds * threads}
        energy, source = None, "record"
    else:
        times = {
            "hours": sum(job.seconds * share for job, share in used),
            "gpu_hours": sum(job.gpu_seconds * share for job, share in used),
            "cpu_hours": sum(job.cpu_seconds * share for job, share in used),
        }
        if device["kind"] == "gpu" and not times["gpu_hours"]:  # a site need not account for GPUs
            times["gpu_hours"] = times["hours"] * device["count"]
        # Slurm looks every half a minute, the program at its end.
        peaks = [row["peak_memory_mb"], *(job.peak_memory_mb for job, _ in used)]
        row["peak_memory_mb"] = max(peaks)
        joules = sum(job.joules * share for job, share in used)
        energy, source = joules / 3600 or None, "sacct"
    hours = {name: round(value / 3600, 6) for name, value in times.items()}
    return row | hours | {"energy_wh": energy, "jobs": max(1, len(jobs)), "source": source}


def accounting(records: Iterable[CostRecord]) -> dict[str, Used]:
    """What Slurm's accounting knows of the jobs behind these records, where there is one."""
    wanted = sorted({job for record in records for job in read_json(record.path).get("jobs", [])})
    if not wanted or shutil.which("sacct") is None:
        return {}
    command = ["sacct", "-n", "-P", "-D", "-j", ",".join(wanted), f"--format={_FIELDS}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"sacct failed, so that the programs' own clocks count: {done.stderr.strip()}")
        return {}
    return read_accounting(done.stdout)


def read_accounting(text: str) -> dict[str, Used]:
    """Read what ``sacct --parsable2`` prints of the fields of ``accounting``.

    A job has a line of its own, again for each time that it was requeued, and one for each step;
    memory is known of steps alone.
    """
    used: dict[str, Used] = {}
    for line in text.splitlines():
        number, elapsed, cpu, tres, memory, joules = line.split("|")
        name, _, step = number.partition(".")
        job = used.setdefault(name, Used())
        job.peak_memory_mb = max(job.peak_memory_mb, _megabytes(memory))
        if step:
            continue
        asked = dict(part.split("=", 1) for part in tres.split(",") if "=" in part)
        job.seconds += float(elapsed or 0)
        job.cpu_seconds += float(cpu or 0)
        kinds = [int(count) for name, count in asked.items() if name.startswith("gres/gpu:")]
        job.gpu_seconds += float(elapsed or 0) * int(asked.get("gres/gpu", sum(kinds)))
        job.joules += float(joules or 0)
    return used


def _megabytes(text: str) -> float:
    if not text:
        return 0.0
    unit = _KILOBYTES.get(text[-1])
    kilobytes = float(text[:-1]) * unit if unit else float(text) / 1024
    return round(kilobytes / 1024, 1)


def cost_figure(table: pd.DataFrame, networks: Mapping[str, str]) -> Figure:
    """Hours by network and method, of GPUs where there were any.

    ``networks`` are the backbones' titles. Call within ``style.styled``.
    """
    rows = table[table["what"] != "total"]
    unit = "gpu_hours" if (rows["gpu_hours"] > 0).any() else "cpu_hours"
    methods = rows["method"].replace("", "features")
    sums = rows.groupby([rows["backbone"], methods], sort=False)[unit].sum().unstack(fill_value=0)
    labels = [networks[str(name)] for name in sums.index]
    made = figure(WIDTH, max(1.0 + 0.35 * len(sums), 0.4 + 0.16 * len(sums.columns)))
    axes = made.subplots()
    ends = sums.cumsum(axis=1)
    few = len(sums.columns) <= 10
    colors = seaborn.color_palette("colorblind" if few else "husl", len(sums.columns))
    for method, color in zip(sums, colors, strict=True):
        starts = ends[method] - sums[method]
        axes.barh(labels, sums[method], 0.7, starts, color=color, label=words(str(method)))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("GPU-hours" if unit == "gpu_hours" else "CPU-hours")
    made.legend(loc="outside right upper", frameon=False)
    return made
