"""Why a job would run: which setting, module or input changed, from what to what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from art_transfer.plan.jobs import Job, Made

NOTHING = "nothing"
SHOWN = 60
"""So many characters of a value are shown."""


@dataclass(frozen=True, order=True)
class Reason:
    """One thing that changed."""

    kind: str  # setting, code, library, input, missing or new
    what: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        """The reason in words."""
        if self.kind in ("setting", "library"):
            return f"{self.what}: {self.old} -> {self.new}"
        words = {
            "code": "code changed in",
            "changed": "contents changed of",
            "more": "more inputs:",
            "fewer": "fewer inputs:",
            "missing": "not here, and needed:",
            "new": "never made",
        }
        return f"{words[self.kind]} {self.what}".strip()


def reasons(job: Job) -> list[Reason]:
    """What changed for this job itself; empty where it only follows others."""
    found = [Reason("changed", name) for name in sorted(job.changed)]
    if job.before is not None:
        found += differences(job.before, job.now)
        if not found:
            found += [Reason("missing", name) for name in sorted(_kinds(job.missing))]
    elif job.missing or not job.after:
        found.append(Reason("new", ""))
    return found


def differences(before: Made, now: Made) -> list[Reason]:
    """What is another in what a job is made from."""
    found = []
    olds, news = _told_apart(before.params), _told_apart(now.params)
    for name, old, new in changes(olds["settings"], news["settings"]):
        found.append(Reason("setting", name, _shown(old), _shown(new)))
    for name, old, new in changes(olds["code"], news["code"]):
        if name.endswith(".py"):
            found.append(Reason("code", name))
        else:
            found.append(Reason("library", name, _shown(old), _shown(new)))
    found += [Reason("more", name) for name in sorted(_kinds(now.inputs - before.inputs))]
    found += [Reason("fewer", name) for name in sorted(_kinds(before.inputs - now.inputs))]
    return found


def changes(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves that differ between two values of JSON: dotted key, old and new value.

    A key that one of them lacks has the value NOTHING there. Of lists that grew or shrank, the
    items that only one of them has are given.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            path = f"{key}.{name}" if key else name
            yield from changes(old.get(name, NOTHING), new.get(name, NOTHING), path)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new):
            for number, pair in enumerate(zip_longest(old, new)):
                yield from changes(*pair, f"{key}[{number}]")
        else:
            gone, come = [i for i in old if i not in new], [i for i in new if i not in old]
            yield key, gone or f"{len(old)} items", come or f"{len(new)} items"
    elif type(old) is not type(new) or old != new:
        yield key, old, new


def _told_apart(params: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """A rule's settings and its fingerprint of code, which Snakemake keeps without names."""
    found: dict[str, dict[str, Any]] = {"settings": {}, "code": {}}
    for text in params:
        try:
            value = json.loads(text)
        except ValueError:
            value = {"parameter": text}
        value = value if isinstance(value, dict) else {"parameter": value}
        found["code" if any(name.endswith(".py") for name in value) else "settings"] |= value
    return found


def _kinds(paths: frozenset[str]) -> set[str]:
    """Few paths as they are; of many only what they are called."""
    return set(paths) if len(paths) <= 2 else {path.rsplit("/", 1)[-1] for path in paths}


def _shown(value: Any) -> str:
    text = value if value == NOTHING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
