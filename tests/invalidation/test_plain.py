"""The same matrix for the same study as a plain Snakemake workflow, for comparison.

Plain: rules with ``script:`` and their config values as parameters, one by one, Snakemake's default
triggers, no fingerprint of code and no profile.
"""

import shutil
from pathlib import Path

import pytest
import yaml
from workflow.conftest import snakemake

from .cases import config_cases, expected, load, rules_of, with_config
from .conftest import PLAIN, copied
from .edits import EDITS, edited

WITHOUT = '''

def canonical(value):
    """Snakemake keeps parameters without their names."""
    leaves, waiting = set(), [json.loads(named(value))]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            waiting += item.values() if isinstance(item, dict) else item
        else:
            leaves.add(json.dumps(item))
    return json.dumps(sorted(leaves))


def fingerprint(script):
    return ""
'''


@pytest.fixture(scope="module")
def plain(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study, with the records that the plain workflow would have left."""
    project = copied(finished, tmp_path_factory.mktemp("plain") / "small")
    shutil.rmtree(project / "profiles")
    common = project / "workflow" / "rules" / "common.smk"
    text = common.read_text(encoding="utf-8")
    imported = "from art_transfer.settings import Run, canonical\n"
    assert imported in text
    ours = "import json\n" + imported.replace("canonical", "canonical as named") + WITHOUT
    common.write_text(text.replace(imported, ours), encoding="utf-8")
    touch = ["archive", "--touch", "--forceall", "--cores", "1", "--configfile", "small.yaml"]
    done = snakemake(project, *touch)
    assert done.returncode == 0, done.stdout[-3000:]
    return project


def count(planned: set[str], wanted: set[str]) -> None:
    PLAIN["cases"] += 1
    PLAIN["missed"] += len(wanted - planned)
    PLAIN["unneeded"] += len(planned - wanted)


@pytest.mark.full
def test_a_plain_workflow_misses_keys(plain, plan, tmp_path):
    assert plan(plain) == set()
    before, change = dict(PLAIN), tmp_path / "change.yaml"
    for _, case in config_cases():
        change.write_text(yaml.safe_dump(case["change"]))
        count(plan(plain, "small.yaml", str(change)), expected(with_config(case)))
    assert PLAIN["missed"] > before["missed"]


@pytest.mark.full
@pytest.mark.parametrize(("kind", "what"), [("real", "missed"), ("cosmetic", "unneeded")])
def test_a_plain_workflow_misses_and_repeats_code(kind, what, plain, plan):
    before = dict(PLAIN)
    for name, scripts in load("code_cases.yaml")["files"].items():
        stale = rules_of(scripts) if kind == "real" else []
        with edited(plain / "workflow" / "scripts" / name, EDITS[kind]):
            count(plan(plain), expected({"stale": stale}))
    assert PLAIN[what] > before[what]


@pytest.mark.full
def test_a_plain_workflow_misses_versions(plain, plan):
    before = dict(PLAIN)
    for name, scripts in load("code_cases.yaml")["libraries"].items():
        count(plan(plain, versions={name: "99.0"}), expected({"stale": rules_of(scripts)}))
    assert PLAIN["missed"] > before["missed"]
