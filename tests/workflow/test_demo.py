"""The demo study, whole: what it leaves behind, and what its tables say."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from art_transfer import check_figures
from crates import issues

from .conftest import ROOT, copy_project, planned, same_files, snakemake

DEMO = ["--configfile", "config/demo.yaml"]
FIGURES = [f"figure{number}" for number in range(1, 5)]
FIGURES += ["class_size", "tails", "confusion", "calibration", "gains"]


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
    assert {"report.html\n", "index.html\n", "ro-crate-metadata.json\n"} <= listed


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


def test_each_claim_ends_with_a_verdict_and_its_evidence(demo):
    results = demo / "results" / "demo"
    claims = pd.read_csv(results / "tables" / "claims.csv").set_index("id")
    verdicts = claims["verdict"].to_dict()
    assert len(verdicts) == 9 and set(verdicts.values()) <= {
        *["supported", "contradicted", "undecided"]
    }
    for claim in ("fine-tuning", "theta-hat-off-the-shelf", "artists-shared"):
        assert verdicts[claim] == "supported"
    assert verdicts["heads-alike"] == "undecided"
    assert claims.loc["heads-alike", "sentence"] == "Not run in this study."
    folders = claims.loc["fine-tuning", "evidence"].split()
    assert len(folders) == 12
    assert all((results / folder / "predictions.parquet").is_file() for folder in folders)


def test_the_names_that_no_experiment_and_no_figure_can_have_are_those_of_every_study(demo):
    """Names with a hyphen cannot be given to a block."""
    results = demo / "results" / "demo"
    config = yaml.safe_load((results / "run_config.yaml").read_text())
    of_every_study = []
    for folder, given in (
        ("tables", config["experiments"]),
        ("figures", [name for kind in config["figures"].values() for name in kind]),
    ):
        found = {path.stem for path in (results / folder).iterdir() if "-" not in path.stem}
        of_every_study.append(found - set(given))
    assert of_every_study == [set(check_figures.TABLES) - {"multitask"}, set(check_figures.FIGURES)]


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


def test_the_classes_add_up_to_the_scores_of_their_run(demo):
    results = demo / "results" / "demo"
    classes = pd.read_csv(results / "tables" / "classes.csv")
    cell = ["collection", "task", "backbone", "init", "method"]
    tested = classes[classes["test"] > 0].groupby(cell)
    scores = pd.DataFrame(
        {
            "accuracy": tested["right"].sum() / tested["test"].sum(),
            "balanced_accuracy": tested["recall"].mean(),
            "macro_f1": tested["f1"].mean(),
        }
    )
    assert len(scores) == 23
    for folder, row in scores.iterrows():
        path = results.joinpath("runs", *folder, "seed-1", "metrics.json")
        said = json.loads(path.read_text())["test"]
        assert row.to_dict() == pytest.approx({name: said[name] for name in row.index})


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
    tables = ("claims", "table2", "table3", "gains", "comparison", "datasets", "scores")
    for name in (*tables, "class_sizes", "calibration", "near_duplicates", "overlap"):
        assert f"tables/{name}.html" in report
    for name in FIGURES:
        assert f"{name}.png" in report
    assert "figures/figure4-numbers.html" in report
    for name in ("large_museum", "small_museum", "unrelated_museum", "photos"):
        assert f"catalogue/{name}.html" in report


def test_the_description_of_the_archive_is_a_valid_crate(demo, tmp_path):
    assert issues(demo / "results/demo", tmp_path / "cache") == []


def test_what_reviewers_are_told_to_type_works(demo):
    """The blocks marked as bash; the others, `make` and Snakemake, have tests of their own."""
    text = (ROOT / "docs/reviewer.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said = ""
    for block in blocks:
        command = ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(
            command,
            cwd=demo / "results/demo",
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        said += done.stdout
    number, in_table = said.splitlines()[0].split()
    assert said.splitlines()[1].split()[0] == in_table  # the hash of metrics.json
    assert said.splitlines()[2].split()[0] == number
    split = "splits/small_museum/type/seed-1.csv"
    digests = {line.split()[0] for line in said.splitlines() if line.endswith(split)}
    assert len(digests) == 1


def test_a_finished_run_says_of_its_test_images_what_it_said_before(demo, tmp_path):
    """In a copy, for what is predicted by hand is no part of the study."""
    project = shutil.copytree(demo, tmp_path / "project", symlinks=True)
    run = "small_museum/type/demo_plain/museum_net/off_the_shelf/seed-1"
    before = pd.read_parquet(project / f"results/demo/runs/{run}/predictions.parquet")
    (tmp_path / "images").mkdir()
    with zipfile.ZipFile(project / "resources/small_museum/images/0000.zip") as images:
        for object_id in before["object_id"]:
            (tmp_path / "images" / object_id).write_bytes(images.read(object_id))
    asked = f"predict={{run: {run}, images: {tmp_path / 'images'}, nearest: 1}}"
    done = snakemake(project, "predict", "--cores", "1", *DEMO, "--config", asked)
    assert done.returncode == 0, done.stdout[-3000:]
    table = pd.read_csv(project / "results/demo/predict/predictions.csv")
    assert table["object_id"].tolist() == before["object_id"].tolist()
    assert (table["label_1"] == before["predicted"]).all() and (table["status"] == "ok").all()
    split = pd.read_csv(project / "results/demo/splits/small_museum/type/seed-1.csv")
    assert set(table["nearest_1"]) <= set(split.loc[split["split"] == "train", "object_id"])
    again = snakemake(project, "archive", "-n", *DEMO)
    assert planned(again.stdout) == {}, again.stdout[-3000:]
    shutil.rmtree(project / "resources/small_museum/pixels-32-stretch-nearest")
    lacking = snakemake(project, "predict", "-n", "--forcerun", "predict", *DEMO, "--config", asked)
    assert lacking.returncode and "`snakemake shared` makes it" in lacking.stdout, lacking.stdout


MOSAIC = "results/demo/figures/figure1.png"


def test_the_same_seed_gives_the_same_bytes(demo, tmp_path):
    """Once more from nothing: from photographs to one museum's network and on to another's."""
    other = copy_project(tmp_path)
    run = "results/demo/runs/small_museum/type/demo_plain/museum_net/{}/seed-1/run.json"
    targets = [run.format("off_the_shelf"), run.format("fine_tuning"), MOSAIC]
    done = snakemake(other, *targets, "--cores", "2", *DEMO)
    assert done.returncode == 0, done.stdout[-5000:]
    patterns = ["splits/**/*", "labels/**/*", "runs/**/*", "figures/figure1.*"]
    again = same_files(other / "results/demo", demo / "results/demo", patterns)
    assert {Path(name).name for name in again} == {"run.json"}  # which has the date and the time
    assert len(again) == 4  # of photographs, the one museum, and the other twice


def test_with_permuted_labels_nothing_is_learned(tmp_path):
    """A control: if a number were hard-wired, or labels leaked, this would show it."""
    project = copy_project(tmp_path)
    (project / "permuted.yaml").write_text(
        "study: permuted\n"
        "tasks: {type: {permute_labels: true}}\n"
        "experiments:\n"
        "  table2: {tasks: [type], backbones: [demo_plain]}\n"
        "  table3: {tasks: [type]}\n"
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
    assert len(theta_hat) == 2
    assert (theta_hat["low"] <= 0).all(), theta_hat


@pytest.mark.parametrize("name", FIGURES)
def test_figures_come_as_vector_and_as_pixels(demo, name):
    figures = demo / "results" / "demo" / "figures"
    assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
