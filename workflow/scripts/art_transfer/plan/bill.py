"""The plan as a bill: which jobs, why, what each will cost, and what stays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from art_transfer.plan.jobs import Job
from art_transfer.plan.price import Prices
from art_transfer.plan.reasons import Reason, reasons

NAMED = 3
"""So many jobs, or modules, are named for each reason in a terminal."""


def bill(jobs: Sequence[Job], all_runs: Sequence[str], prices: Prices) -> dict[str, Any]:
    """The plan as values of JSON.

    ``jobs`` are those that Snakemake would run, ``all_runs`` the folders of all of the study's
    runs. Keys: ``config`` (keys that changed), ``rules`` (by name, the jobs with their reasons and
    hours), ``hours`` (by device), ``unpriced`` (runs like no finished one), ``stays`` and
    ``lost_checkpoints`` (runs that are repeated only since a checkpoint was not archived, and all
    that follows from them alone), ``lost_resources`` (whether files below resources/ are made
    again only since they are not here).
    """
    rules: dict[str, list[dict[str, Any]]] = defaultdict(list)
    hours: dict[str, float] = defaultdict(float)
    unpriced = 0
    for job in sorted(jobs, key=lambda job: job.name):
        cost = prices.of(job.folder) if job.trains else None
        unpriced += job.trains and cost is None
        if cost is not None:
            hours[cost.device] += cost.hours
        entry: dict[str, Any] = {
            "job": job.name,
            "output": job.outputs[0],
            "reasons": [vars(reason) for reason in reasons(job)],
            "follows": sorted(job.after),
        }
        if cost is not None:
            entry["cost"] = vars(cost)
        rules[job.rule].append(entry)
    stale = {job.folder for job in jobs if job.trains}
    config = [reason for job in jobs if job.rule == "run_config" for reason in reasons(job)]
    return {
        "config": [vars(reason) for reason in config if reason.kind == "setting"],
        "rules": dict(rules),
        "hours": {device: round(value, 4) for device, value in hours.items()},
        "unpriced": unpriced,
        "stays": {"runs": len(set(all_runs) - stale), "of": len(set(all_runs))},
        "lost_checkpoints": sorted(job.folder for job in lost_runs(jobs)),
        "lost_resources": any(job.lost and job.folder.startswith("resources/") for job in jobs),
    }


def lost_runs(jobs: Sequence[Job]) -> list[Job]:
    """The runs that are repeated only since checkpoints were not archived.

    Those whose checkpoint is needed and not here, and those for which nothing else changed than
    that such a run is repeated.
    """
    by_output = {name: job for job in jobs for name in job.outputs}

    def only_lost(job: Job, seen: frozenset[str]) -> bool:
        if job.name in seen:
            return True
        if any(reason.kind != "missing" for reason in reasons(job)):
            return False
        makers = [by_output[name] for name in job.after if name in by_output]
        return all(only_lost(maker, seen | {job.name}) for maker in makers)

    def touched(job: Job) -> bool:
        makers = [by_output[name] for name in job.after if name in by_output]
        return job.lost_checkpoint or any(touched(maker) for maker in makers)

    return [job for job in jobs if job.trains and only_lost(job, frozenset()) and touched(job)]


def lines(found: dict[str, Any], study: str) -> Iterator[str]:
    """The bill for a terminal."""
    for change in found["config"]:
        yield f"config   {Reason(**change)}"
    for rule, jobs in found["rules"].items():
        yield f"{rule}: {len(jobs)} {'job' if len(jobs) == 1 else 'jobs'}"
        groups: dict[str, list[str]] = defaultdict(list)
        for entry in jobs:
            words = _sentences([Reason(**reason) for reason in entry["reasons"]])
            for text in words if rule != "run_config" else ["the config changed"]:
                groups[text].append(entry["job"].removeprefix(rule).strip())
        for text, names in sorted(groups.items(), key=lambda item: -len(item[1])):
            shown = ", ".join(name for name in names[:NAMED] if name)
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            yield f"    {text}{f'  ({shown}{more})' if shown else ''}"
    yield ""
    yield from _sums(found, study)


def _sentences(found: Sequence[Reason]) -> list[str]:
    """Each reason in words, modules that changed together in one line."""
    modules = [reason.what for reason in found if reason.kind == "code"]
    more = f" and {len(modules) - NAMED} more" if len(modules) > NAMED else ""
    words = [str(reason) for reason in found if reason.kind != "code"]
    words += [f"code changed in {', '.join(modules[:NAMED])}{more}"] * bool(modules)
    return words or ["follows from others"]


def _rounded(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"


def _sums(found: dict[str, Any], study: str) -> Iterator[str]:
    count = sum(map(len, found["rules"].values()))
    stays = found["stays"]
    if not count:
        yield f"{study}: nothing to be done; all {stays['of']} runs stay"
        return
    prices = [
        f"{_rounded(value)} {device.upper()}-hours" for device, value in found["hours"].items()
    ]
    runs = stays["of"] - stays["runs"]
    price = " and ".join(prices) or ("hours unknown" if found["unpriced"] else "no training")
    yield f"{study}: {count} jobs; {runs} runs to train, {'about ' * bool(prices)}{price}"
    if found["unpriced"]:
        yield f"    {found['unpriced']} of them are like no finished run, and have no estimate"
    yield f"    {stays['runs']} of {stays['of']} runs stay"
    if found["lost_checkpoints"]:
        yield (
            f"    {len(found['lost_checkpoints'])} runs are repeated only because a checkpoint was "
            "not archived (make pack CHECKPOINTS=parents keeps those that others start from):"
        )
        yield from (f"        {folder}" for folder in found["lost_checkpoints"])
    if found["lost_resources"]:
        yield (
            "    files below resources/ are not here; after `snakemake shared` only what really "
            "changed is planned"
        )
