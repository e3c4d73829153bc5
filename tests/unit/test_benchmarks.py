"""How benchmarks measure: two in turn, checked, kept, and shown as they are."""

import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from measure import TIMES, Benchmark  # noqa: E402

KEYS = {"name", "peer", "ratio", "low", "high", "target", "unit"}


def sleeper(seconds: float, result: int = 1) -> Callable[[], int]:
    return lambda: (time.sleep(seconds), result)[1]


def lacking() -> Callable[[], int]:
    raise ModuleNotFoundError("No module named 'peerless'", name="peerless")


def equal(ours: int, theirs: int) -> None:
    assert ours == theirs, f"{ours} here, {theirs} there"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text(
        "By hand.\n<!-- results -->\nold\n<!-- /results -->\nEnd.\n"
    )
    arguments = ["script.py", "--rounds", "3", "--results", str(tmp_path / "results.json")]
    monkeypatch.setattr(sys, "argv", arguments)
    return Benchmark("A test.", images=10)


def results(tmp_path):
    return json.loads((tmp_path / "results.json").read_text())


def test_both_are_timed_and_the_ratio_is_a_median(bench, tmp_path):
    bench.compare("a nap", partial(sleeper, 0.02), "a sleep", partial(sleeper, 0.2), 2, equal)
    (entry,) = results(tmp_path)
    assert entry.keys() >= KEYS and entry["rounds"] == 3
    assert entry["ours"] >= 0.02 and entry["theirs"] >= 0.2
    assert 0 < entry["low"] <= entry["ratio"] <= entry["high"]


@pytest.mark.parametrize(("ratio", "reached"), [(1.9, "**no**"), (2.0, "yes")])
def test_the_table_says_whether_a_target_is_reached(bench, tmp_path, ratio, reached):
    bench.record("a nap", "a sleep", [1.0, ratio, 9.0], 2, TIMES, False, [[1.0, ratio]])
    (entry,) = results(tmp_path)
    assert (entry["low"], entry["ratio"], entry["high"]) == (1.0, ratio, 9.0)
    table = (tmp_path / "README.md").read_text()
    assert table.startswith("By hand.") and table.endswith("End.\n") and "old" not in table
    assert f"| a nap | a sleep | {ratio:g} | 1-9, n=3 | 2 | {reached} |" in table


def test_a_script_that_runs_again_replaces_its_own_entries_only(bench, tmp_path):
    for name, ratio in (("first", 1.0), ("second", 2.0), ("first", 3.0)):
        bench.record(name, "peer", [ratio], None, "MB", True, [[ratio, 1.0]])
    assert {entry["name"]: entry["ratio"] for entry in results(tmp_path)} == {
        "first": 3.0,
        "second": 2.0,
    }


@pytest.mark.parametrize(("ratio", "reached"), [(400.0, "yes"), (600.0, "**no**")])
def test_of_memory_less_is_better(bench, tmp_path, ratio, reached):
    bench.record("memory", "peer", [ratio], 500, "MB", True, [[ratio, 1.0]])
    assert f"| at most 500 | {reached} |" in (tmp_path / "README.md").read_text()


def test_a_peer_that_is_not_installed_is_skipped_and_leaves_nothing(bench, tmp_path, capfd):
    bench.compare("a nap", partial(sleeper, 0), "peerless", lacking, 2, equal)
    assert "SKIPPED a nap / peerless: peerless is not installed" in capfd.readouterr().out
    assert not (tmp_path / "results.json").exists()


def test_another_result_stops_the_script(bench, tmp_path):
    with pytest.raises(AssertionError, match="1 here, 2 there"):
        bench.compare("a nap", partial(sleeper, 0), "liar", partial(sleeper, 0, 2), 2, equal)
    assert not (tmp_path / "results.json").exists()


def test_the_kept_results_are_whole():
    entries = json.loads((ROOT / "benchmarks/results.json").read_text())
    assert entries and all(entry.keys() >= KEYS for entry in entries)
    assert all(e["low"] <= e["ratio"] <= e["high"] and e["rounds"] >= 5 for e in entries)


def test_make_bench_runs_every_script_and_nothing_else():
    makefile = (ROOT / "Makefile").read_text()
    named = re.search(r"^BENCHMARKS := (.*)$", makefile, re.MULTILINE).group(1).split()
    scripts = [
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if "Benchmark(__doc__" in path.read_text()
    ]
    assert sorted(named) == sorted(scripts)
