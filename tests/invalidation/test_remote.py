"""Each key of a museum on the network makes that museum's objects and images run again."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from workflow.conftest import ROOT, copy_project

from .cases import load
from .conftest import check
from .planning import Planner

CASES = load("remote_cases.yaml")
CHANGES = [(name, change) for name, changes in CASES["changes"].items() for change in changes]
SAMPLE = 7  # every so many changes are part of `make test`


@pytest.fixture(scope="module")
def far(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that looks as if these museums had been fetched."""
    folder = copy_project(tmp_path_factory.mktemp("far"))
    shutil.copy(finished / "small.yaml", folder)
    shutil.copytree(finished / "museum", folder / "museum")
    config = {"extends": "small.yaml", "contact": "nobody@museum.example"}
    config["collections"] = CASES["museums"]
    config["figures"] = {"mosaic": {"images": {"collections": [*CASES["museums"]]}}}
    (folder / "far.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, ROOT / "benchmarks/finish.py", "fetch", "--configfile", "far.yaml"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


def planned(plan: Planner, far: Path, change: dict[str, Any], folder: Path) -> set[str]:
    (folder / "change.yaml").write_text(yaml.safe_dump(change))
    return plan(far, "far.yaml", str(folder / "change.yaml"), target="fetch")


def keys() -> Iterator[str]:
    """The keys that these cases change, as the config's reference writes them."""
    for _, change in CHANGES:
        yield from names("collections.NAME", change)
    for change in CASES["nothing"]:
        for key in names("", change):
            yield key.replace("collections.api", "collections.NAME")


def names(key: str, value: Any) -> Iterator[str]:
    if key.rsplit(".", 1)[-1] in ("where", "parameters", "headers"):
        yield f"{key}.NAME"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from names(f"{key}.{name}".removeprefix("."), inner)
    else:
        yield key


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.full] * (n % SAMPLE > 0)) for n in range(len(CHANGES))],
)
def test_a_changed_key(number, far, plan, tmp_path):
    name, change = CHANGES[number]
    found = planned(plan, far, {"collections": {name: change}}, tmp_path)
    check(found, {f"objects {name}", f"images {name} 0000"})


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.full] * (n > 1)) for n in range(len(CASES["nothing"]))],
)
def test_how_a_museum_is_asked_does_not_count(number, far, plan, tmp_path):
    check(planned(plan, far, CASES["nothing"][number], tmp_path), set())
