"""The hand-written tables of cases, and which jobs they say that Snakemake must plan."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SCRIPTS = {
    "catalogue": ("catalogue_page",),
    "features": ("features_shared", "features_of_run"),
}
"""The rules of a script; of others the one with its name."""


@dataclass(frozen=True)
class Graph:
    """The jobs of the small study and what reads what."""

    follows: dict[str, list[str]]
    checkpoints: dict[str, list[str]]  # of what follows, what reads the checkpoint
    left_out: list[str]  # the jobs whose files an archive has not


def load(name: str) -> Any:
    """One of the tables beside this file."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


@cache
def graph() -> Graph:
    """The hand-written graph, with the names written out."""
    found = load("graph.yaml")
    jobs = list(found["follows"])
    written = [
        {j: matching(f, jobs) for j, f in found[k].items()} for k in ("follows", "checkpoints")
    ]
    return Graph(*written, matching(found["left_out"], jobs))


def expected(
    case: dict[str, Any], missing: Iterable[str] = (), lost: Iterable[str] = ()
) -> set[str]:
    """The jobs that must be planned for a case: what is stale, and all that follows.

    ``missing`` are the jobs whose files are not there, and so must be made again where they are
    read; ``lost`` the runs of which only the checkpoint is not there.
    """
    known = graph()
    jobs = list(known.follows)
    gone = set(matching(case.get("gone", []), jobs))
    stale = {job for job in matching(case.get("stale", []), jobs) if job not in gone}
    waiting = list(stale)
    while waiting:
        job = waiting.pop()
        more = set(known.follows[job])
        more |= {maker for maker in missing if job in known.follows[maker]}
        more |= {maker for maker in lost if job in known.checkpoints[maker]}
        waiting += more - stale - gone
        stale |= more - gone
    return stale | set(_braces(case.get("new", [])))


def matching(patterns: Iterable[Any], jobs: Iterable[str]) -> list[str]:
    """The jobs that these patterns mean; a pattern that means none is a mistake in a table."""
    found: dict[str, None] = {}
    for pattern in _braces(patterns):
        hits = [job for job in jobs if fnmatchcase(job, pattern)]
        assert hits, f"no job of the small study is called {pattern!r}"
        found |= dict.fromkeys(hits)
    return list(found)


def _braces(patterns: Iterable[Any]) -> Iterator[str]:
    """Lists in lists laid flat, and ``{a,b} c`` as ``a c`` and ``b c``."""
    for pattern in patterns:
        if isinstance(pattern, list):
            yield from _braces(pattern)
        elif (choice := re.search(r"\{([^}]*)\}", pattern)) is None:
            yield pattern
        else:
            before, after = pattern[: choice.start()], pattern[choice.end() :]
            yield from _braces(f"{before}{part}{after}" for part in choice[1].split(","))


def config_cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """A name and a case for each change of the config."""
    for key, cases in load("config_cases.yaml").items():
        for number, case in enumerate(cases):
            yield f"{key}-{number}", case


def with_config(case: dict[str, Any]) -> dict[str, Any]:
    """The case, with what every change of the config writes anew."""
    return {**case, "stale": ["run_config", *case.get("stale", [])]}


def rules_of(scripts: Iterable[str]) -> list[str]:
    """Patterns of the jobs that run these scripts."""
    names = [rule for script in scripts for rule in SCRIPTS.get(script, (script,))]
    return [job for job in graph().follows if job.split()[0] in names]
