"""The demo study, whole: what it leaves behind, and what its tables say."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from .conftest import copy_project, planned, same_files, snakemake

DEMO = ["--configfile", "config/demo.yaml"]


def test_a_second_run_does_nothing(demo):
    again = snakemake(demo, "archive", "-n", "--cores", "2", *DEMO)
    assert planned(again.stdout) == {}, again.stdout[-3000:]


def test_the_manifest_holds_every_file_but_checkpoints_and_features(demo):
    results = demo / "results" / "demo"
    subprocess.run(["sha256sum", "--check", "--quiet", "MANIFEST.sha256"], cwd=results, check=True)
    listed = {line.split("  ", 1)[1] for line in (results / "MANIFEST.sha256").open()}
    found = {
        f"{path.relative_to(results)}\n"
        for path in results.rglob("*")
        if path.is_file() and path.suffix != ".keras" and "features" not in path.parts
    }
    assert listed == found - {"MANIFEST.sha256\n"}
    assert "report.html\n" in listed and "ro-crate-metadata.json\n" in listed


def test_fine_tuning_beats_off_the_shelf_and_theta_hat_beats_theta(demo):
    gains = pd.read_csv(demo / "results/demo/tables/gains.csv")
    methods = gains[gains["of"] == "photos/fine_tuning"]
    large = methods[methods["collection"] == "large_museum"]
    assert len(large) == 6 and (large["low"] > 0).all()
    theta_hat = gains[
        (gains["collection"] == "small_museum")
        & gains["of"].str.startswith("museum_net/")
        & gains["over"].str.startswith("photos/")
    ]
    assert len(theta_hat) == 4
    off_the_shelf = theta_hat[theta_hat["of"] == "museum_net/off_the_shelf"]
    assert (off_the_shelf["low"] > 0).all()
    assert (theta_hat["gain"] > 0).all()


def test_fine_tuning_beats_what_one_gets_without_a_network(demo):
    table = pd.read_csv(demo / "results/demo/tables/table2.csv")
    tuned = table[table["method"] == "fine_tuning"]
    assert (tuned["accuracy"] > tuned[["largest_class", "thumbnail"]].max(axis=1) + 0.1).all()


def test_from_a_number_in_a_table_back_to_the_images(demo):
    results = demo / "results" / "demo"
    table = pd.read_csv(results / "tables" / "table3.csv").set_index(
        ["collection", "task", "backbone", "init", "method"]
    )
    cell = table.loc["small_museum", "type", "demo_plain", "museum_net", "fine_tuning"]
    run = results / cell["runs"]
    assert digest(run / "metrics.json") == cell["metrics_sha256"]
    steps = 0
    while True:
        inputs = json.loads((run / "run.json").read_text())["inputs"]
        for path, expected in inputs.items():
            assert digest(demo / path) == expected, path
        for path in inputs:
            if path.endswith(".csv") and "/images/" in path:
                images = pd.read_csv(demo / path)
                assert images.loc[images["status"] == "ok", "sha256"].str.len().eq(64).all()
        parents = [path for path in inputs if path.endswith("model.keras")]
        if not parents:
            break
        run, steps = (demo / parents[0]).parent, steps + 1
    assert steps == 2  # the small museum's run, the large museum's, the photographs'
    assert "photos" in run.parts


def digest(path: Path) -> str:
    return subprocess.check_output(["sha256sum", path], text=True).split()[0]


def test_unreadable_images_are_listed_left_out_and_counted(demo):
    images = pd.concat(
        pd.read_csv(path, dtype={"object_id": str})
        for path in (demo / "resources/large_museum/images").glob("*.csv")
    )
    refused = images[images["status"] != "ok"]
    assert 1 <= len(refused) <= 20 and refused["status"].str.startswith("unreadable: ").all()
    sizes = pd.read_csv(demo / "results/demo/tables/datasets.csv")
    rows = sizes[(sizes["collection"] == "large_museum") & (sizes["task"] == "type")]
    counted = rows.set_index("step")["objects"]
    assert counted["in the museum"] - counted["with a readable image"] == len(refused)
    for path in (demo / "results/demo/splits/large_museum").rglob("*.csv"):
        assert not set(pd.read_csv(path, dtype=str)["object_id"]) & set(refused["object_id"])


def test_the_report_holds_every_table_and_figure(demo):
    report = (demo / "results/demo/report.html").read_text(encoding="utf-8")
    for name in ("table2.md", "table3.md", "gains.md", "comparison.md", "datasets.md"):
        assert name in report
    for name in ("near_duplicates.md", "overlap.md", "figure4-numbers.md"):
        assert name in report
    for name in ("figure1.png", "figure2.png", "figure3.png", "figure4.png"):
        assert name in report
    for name in ("large_museum", "small_museum", "unrelated_museum", "photos"):
        assert f"catalogue/{name}.html" in report


SMALLER = """
experiments:
  table2: {tasks: [type], backbones: [demo_residual]}
  scratch: null
  unrelated: null
figures: {curves: null, saliency: null}
"""


def test_the_same_seed_gives_the_same_bytes(demo, tmp_path):
    """Half of the demo's runs once more from nothing, by a config that asks for fewer."""
    other = copy_project(tmp_path)
    (other / "smaller.yaml").write_text(SMALLER)
    targets = ["tables", "figures", "catalogue", "--cores", "2"]
    done = snakemake(other, *targets, *DEMO, "smaller.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    patterns = ["splits/**/*", "labels/**/*", "tables/table3.*", "figures/figure1.*", "runs/**/*"]
    again = same_files(other / "results/demo", demo / "results/demo", patterns)
    assert {Path(name).name for name in again} == {"run.json"}  # which has the date and the time
    assert len(again) == 14


def test_with_permuted_labels_nothing_is_learned(tmp_path):
    """A control: if a number were hard-wired, or labels leaked, this would show it."""
    project = copy_project(tmp_path)
    (project / "permuted.yaml").write_text(
        "study: permuted\n"
        "tasks: {type: {permute_labels: true}, artist: {permute_labels: true}}\n"
        "experiments:\n"
        "  table2: {tasks: [type, artist], backbones: [demo_plain]}\n"
        "  scratch: null\n  unrelated: null\n"
        "figures: null\n"
    )
    overlay = ["--configfile", "config/demo.yaml", "permuted.yaml"]
    done = snakemake(project, "tables", "--cores", "2", *overlay)
    assert done.returncode == 0, done.stdout[-5000:]
    tables = project / "results" / "permuted" / "tables"
    cells = pd.concat(pd.read_csv(tables / f"{name}.csv") for name in ("table2", "table3"))
    spread = 3 * (cells["largest_class"] * (1 - cells["largest_class"]) / cells["n"]) ** 0.5
    assert (cells["accuracy"] < cells["largest_class"] + spread).all(), cells
    gains = pd.read_csv(tables / "gains.csv")
    theta_hat = gains[
        (gains["collection"] == "small_museum")
        & gains["of"].str.startswith("museum_net/")
        & gains["over"].str.startswith("photos/")
    ]
    assert len(theta_hat) == 4
    assert (theta_hat["low"] <= 0).all(), theta_hat


@pytest.mark.parametrize("name", ["figure1", "figure2", "figure3", "figure4"])
def test_figures_come_as_vector_and_as_pixels(demo, name):
    figures = demo / "results" / "demo" / "figures"
    assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
