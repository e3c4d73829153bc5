"""What must not count: how a config is written, file times, places, users; and what must."""

import os
import subprocess

import pytest
import yaml
from workflow.conftest import planned, snakemake

from .cases import expected
from .conftest import check


def turned(value):
    """The same config with its keys in another order."""
    if not isinstance(value, dict):
        return value
    return {key: turned(value[key]) for key in reversed(value)}


def test_the_way_a_config_is_written_does_not_count(finished, plan, tmp_path):
    config = yaml.safe_load((finished / "small.yaml").read_text())
    style = {"default_style": '"', "default_flow_style": True, "sort_keys": False, "width": 60}
    text = yaml.safe_dump(turned(config), **style)
    (tmp_path / "small.yaml").write_text(f"# Written otherwise.\n{text}")
    check(plan(finished, str(tmp_path / "small.yaml")), set())


def test_defaults_that_are_written_out_do_not_count(finished, plan):
    check(plan(finished, "results/small/run_config.yaml"), set())


def test_in_another_place_with_every_file_touched(small, plan):
    for parent, _, names in os.walk(small):
        for name in names:
            if ".snakemake" not in parent:
                os.utime(os.path.join(parent, name))
    check(plan(small), set())


def test_another_user_in_another_time_zone(finished, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("USER", "somebody")
    before = os.umask(0o077)
    try:
        done = snakemake(finished, "-n", "archive", "--configfile", "small.yaml")
    finally:
        os.umask(before)
    assert done.returncode == 0 and planned(done.stdout) == {}
    check(set(planned(done.stdout)), set())


def test_to_another_branch_and_back(small, plan):
    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=small, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("config", "user.email", "nobody@example.org")
    git("config", "user.name", "Nobody")
    git("add", ".")
    git("commit", "--message", "One")
    git("checkout", "-b", "other")
    for path in (small / "workflow" / "scripts").rglob("*.py"):
        with path.open("a") as stream:
            stream.write("\nOTHER = 1\n")
    git("commit", "--all", "--message", "Two")
    assert "labels big type" in plan(small)
    git("checkout", "main")
    check(plan(small), set())


@pytest.mark.parametrize(
    ("edit", "stale"),
    [
        (lambda museum: (museum / "images" / "0.png").write_bytes(b"broken"), ["images own 0000"]),
        (lambda museum: (museum / "new.txt").write_text("x"), ["images own 0000"]),
        (
            lambda museum: (museum / "objects.csv").write_text(
                (museum / "objects.csv").read_text().replace("Ann", "Eve")  # of the same size
            ),
            ["objects own"],
        ),
        (lambda museum: (museum / "images" / "0.png").touch(), []),
        (lambda museum: (museum / "objects.csv").touch(), []),
    ],
)
def test_a_museum_that_is_a_folder(edit, stale, small, plan):
    edit(small / "museum")
    check(plan(small), expected({"stale": stale}))


RUN = "results/small/runs/big/type/small/files/tuned/seed-1/run.json"


@pytest.mark.parametrize(
    ("name", "target", "jobs"),
    [
        ("results/small/splits/big/type/seed-1.csv", "splits", {"split big type 1"}),
        (
            "results/small/tables/first.csv",
            "tables",
            {"table first", "gains", "comparison", "claims"},
        ),
        (
            RUN,
            "runs",
            {
                "fine_tune big type small files tuned 1",
                "features_of_run own small net type 1",
                "head own type small net shelf 1",
                "classifier own type small net probe 1",
                "fine_tune own type small net tuned 1",
            },
        ),
        ("resources/big/images/0001.csv", "fetch", {"images big 0001"}),
        ("results/small/figures/maps.pdf", "archive", set()),  # its twin is there
    ],
)
def test_a_file_that_was_removed_is_made_again_by_its_target(name, target, jobs, small, plan):
    (small / name).unlink()
    check(plan(small, target=target), jobs)


def test_another_caption_makes_the_report_and_the_page_anew(small, plan):
    (small / "workflow/report/table.rst").write_text("Another caption.")
    check(plan(small), expected({"stale": ["html_report", "index"]}))
