"""Every key of the config and every file of the code: Snakemake plans exactly what must run."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from art_transfer.config import schema
from art_transfer.config_reference import reference

from . import cases, test_remote
from .cases import config_cases, expected, graph, load, matching, rules_of, with_config
from .conftest import ROOT, check
from .edits import EDITS, edited

SCRIPTS = "workflow/scripts"
CODE = load("code_cases.yaml")
CONFIG = dict(config_cases())
SAMPLE = {
    "title-0",
    "threads-0",
    "collections.NAME.shards-0",
    "tasks.NAME.min_objects-0",
    "pixels.fit-0",
    "inits.NAME.collection-0",
    "methods.NAME.optimizer.momentum-0",
    "several keys-0",
    "figures.saliency.NAME.images-0",
}
"""What `make test` does of the config; the rest is marked `full`."""
SAMPLED_FILES = {"art_transfer/train/fitting.py", "art_transfer/report/style.py"}


def sampled(name: str, sample: set[str]) -> Any:
    return pytest.param(name, marks=[] if name in sample else pytest.mark.full)


def leaves(part: dict[str, Any], key: str = "") -> Iterator[str]:
    """Every key of the config that holds a value, as the config's reference writes it."""
    definitions = schema()["$defs"]
    if "$ref" in part:
        part = {**definitions[part["$ref"].rsplit("/", 1)[1]], **part}
    for name, value in part.get("properties", {}).items():
        yield from leaves(value, f"{key}.{name}" if key else name)
    inner = part.get("additionalProperties")
    if isinstance(inner, dict):
        yield from leaves(inner, f"{key}.NAME")
    if "properties" not in part and not isinstance(inner, dict):
        yield key


def test_every_key_of_the_config_has_a_case():
    keys = set(leaves(schema()))
    for kind in schema()["$defs"]["collection"]["properties"]["source"]["enum"]:
        source = schema()["$defs"][kind]
        keys |= set(leaves({"properties": source["properties"]}, "collections.NAME"))
    assert keys == set(load("config_cases.yaml")) - {"several keys"} | set(test_remote.keys())


def documented() -> dict[str, set[str]]:
    """The rules in the column "reruns" of the config's reference, by key."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", reference(), re.MULTILINE)
    names = {key: re.sub(r"\(.*\)", "", cell).strip().split(", ") for key, cell in rows}
    return {
        key: {rule for name in cell for rule in cases.SCRIPTS.get(name, (name,))} - {"none"}
        for key, cell in names.items()
    }


def test_the_reference_names_the_rules_that_rerun():
    said = documented()
    for name, case in CONFIG.items():
        key = name.rsplit("-", 1)[0]
        key = key if key in said else key.removesuffix(".NAME")  # a mapping has one row
        if key in ("study", "methods.NAME.kind", "several keys"):
            continue  # a study lies elsewhere; another kind is another rule with other followers
        stale = {job.split()[0] for job in matching(case.get("stale", []), graph().follows)}
        stale -= {"cost"} if "new" in case else set()  # of all runs; said once for all keys
        stale -= said[case["with"]] if "with" in case else set()
        assert stale <= said[key], f"{name}: not said of {stale - said[key]}"
    rules = {job.split()[0] for job in graph().follows}
    for key, names in said.items():
        if key != "study" and names != {"see below"}:
            assert names <= rules, f"{key}: {names - rules} are no rules"


def test_every_file_of_the_code_has_a_case():
    files = {p.relative_to(ROOT / SCRIPTS).as_posix() for p in (ROOT / SCRIPTS).rglob("*.py")}
    assert files == set(CODE["files"])


def test_the_finished_study_has_exactly_the_jobs_of_the_table(finished, plan):
    logs = (finished / "logs").rglob("*.tsv")
    assert len(list(logs)) == len(graph().follows)
    assert plan(finished) == set()


@pytest.mark.parametrize("name", [sampled(name, SAMPLE) for name in CONFIG])
def test_a_changed_key(name, finished, plan, tmp_path):
    case = CONFIG[name]
    change = tmp_path / "change.yaml"
    change.write_text(yaml.safe_dump(case["change"]))
    check(plan(finished, "small.yaml", str(change)), expected(with_config(case)))


@pytest.mark.parametrize("name", [sampled(name, SAMPLED_FILES) for name in CODE["files"]])
@pytest.mark.parametrize("kind", ["real", "cosmetic"])
def test_a_changed_file_of_the_code(name, kind, finished, plan):
    stale = rules_of(CODE["files"][name]) if kind == "real" else []
    with edited(finished / SCRIPTS / name, EDITS[kind]):
        planned = plan(finished)
    check(planned, expected({"stale": stale}))


@pytest.mark.parametrize("name", [sampled(name, {"keras"}) for name in CODE["libraries"]])
def test_another_version_of_a_library(name, finished, plan):
    planned = plan(finished, versions={name: "99.0"})
    check(planned, expected({"stale": rules_of(CODE["libraries"][name])}))
