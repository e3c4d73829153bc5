"""The archive's description: valid for the validator, and true."""

import pandas as pd
import pytest
from art_transfer.archive.crate import copy_code, write_crate
from art_transfer.files import read_json, write_json, write_text
from art_transfer.formats import write_csv
from art_transfer.report_settings import CrateSettings
from builders import ROOT
from crates import issues

SETTINGS = CrateSettings("small", "One study")
RIGHTS = {
    "own": ["CC-BY-SA-4.0", "https://rights.example/1", '© the heirs; <ask> "them"'],
    "other": [],
    "many": [f"© {number}" for number in range(30)],
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A study's folder with a file of each kind."""
    monkeypatch.chdir(ROOT)
    root = tmp_path / "results" / "small"
    for name in (
        "run_config.yaml",
        "report.html",
        "tables/first table.csv",
        "tables/first.tex",
        "figures/one.pdf",
        "figures/one.png",
        "runs/a/b/c/d/e/seed-1/metrics.json",
        "runs/a/b/c/d/e/seed-1/model.keras",
        "predict/mine.csv",
        "export/a/model.keras",
    ):
        write_text(root / name, f"{name} é\n")
    objects = pd.DataFrame({"object_id": ["1"], "rights": ["CC-BY-SA-4.0"], "source_url": [""]})
    write_csv(root / "rights/own.csv.gz", objects)
    copy_code(["Snakefile", "workflow/rules/common.smk"], root)
    write_crate(root, ROOT / "CITATION.cff", SETTINGS, RIGHTS)
    return root


def graph(root):
    described = read_json(root / "ro-crate-metadata.json")
    return {entity["@id"]: entity for entity in described["@graph"]}


def ids(value):
    return [entry["@id"] for entry in (value if isinstance(value, list) else [value])]


def test_the_validator_finds_nothing(results, tmp_path):
    assert issues(results, tmp_path / "cache") == []
    assert issues(results, tmp_path / "cache", "workflow-ro-crate-1.0") == []


@pytest.mark.parametrize(
    ("entity", "key", "value"),
    [
        ("./", "mainEntity", None),
        ("#run", "instrument", None),
        ("#parameter-tables", "additionalType", None),
        ("code/Snakefile", "@type", "File"),
        ("./", "colour", "red"),
    ],
)
def test_the_validator_finds_what_is_broken(results, tmp_path, entity, key, value):
    described = read_json(results / "ro-crate-metadata.json")
    for part in described["@graph"]:
        if part["@id"] == entity:
            part.pop(key, None)
            part |= {key: value} if value else {}
    write_json(results / "ro-crate-metadata.json", described)
    assert issues(results, tmp_path / "cache")


def test_a_file_that_was_removed_is_found_missing(results, tmp_path):
    (results / "report.html").unlink()
    assert any("report.html" in issue for issue in issues(results, tmp_path / "cache"))


def test_every_archived_file_is_described_with_its_size_and_nothing_else(results):
    entities = graph(results)
    files = {i: e for i, e in entities.items() if "File" in e["@type"]}
    assert set(files) == {
        "run_config.yaml",
        "report.html",
        "tables/first%20table.csv",
        "tables/first.tex",
        "figures/one.pdf",
        "figures/one.png",
        "runs/a/b/c/d/e/seed-1/metrics.json",
        "rights/own.csv.gz",
        "code/Snakefile",
        "code/workflow/rules/common.smk",
    }
    sizes = {i: int(e["contentSize"]) for i, e in files.items()}
    assert sizes["figures/one.png"] == (results / "figures/one.png").stat().st_size
    assert set(ids(entities["./"]["hasPart"])) == set(files)
    total = sum(sizes.values()) / 1e6
    assert f" 10 files of {total:.1f} MB beside" in entities["./"]["description"]


def test_the_run_leads_from_the_config_to_what_was_made(results):
    entities = graph(results)
    run = entities["#run"]
    assert ids(run["instrument"]) == ["code/Snakefile"] == ids(entities["./"]["mainEntity"])
    assert ids(run["object"]) == ["run_config.yaml"]
    assert set(ids(run["result"])) == {
        "report.html",
        "tables/first%20table.csv",
        "tables/first.tex",
        "figures/one.pdf",
        "figures/one.png",
        "runs/a/b/c/d/e/seed-1/metrics.json",
    }
    assert entities[ids(run["agent"])[0]]["name"] == "The art-transfer authors"
    assert (results / "code/Snakefile").read_bytes() == (ROOT / "Snakefile").read_bytes()


def test_the_page_of_a_table_is_told_of_once_as_a_table(results):
    write_text(results / "tables/first.html", "<table>")
    write_crate(results, ROOT / "CITATION.cff", SETTINGS, RIGHTS)
    entities = graph(results)
    made = ids(entities["#run"]["result"])
    assert made.count("tables/first.html") == 1 and len(made) == len(set(made))
    assert ids(entities["tables/first.html"]["exampleOfWork"]) == ["#parameter-tables"]
    assert "tables/first.html" in ids(entities["#parameter-tables"]["workExample"])
    assert ids(entities["#parameter-pages"]["workExample"]) == ["report.html"]


def test_licences_are_those_that_the_sources_state(results):
    entities = graph(results)
    own = [entities[i] for i in ids(entities["#collection-own"]["license"])]
    assert [licence["name"] for licence in own] == RIGHTS["own"]
    assert own[0]["@id"] == "https://spdx.org/licenses/CC-BY-SA-4.0"
    assert own[1]["@id"] == "https://rights.example/1"
    assert ids(entities["#collection-own"]["hasPart"]) == ["rights/own.csv.gz"]
    assert entities["#collection-other"]["usageInfo"] == "not stated by the source"
    assert "license" not in entities["#collection-other"]
    many = entities["#collection-many"]
    assert len(many["license"]) == 20 and many["usageInfo"].endswith("© 19; and 10 more")


def test_the_same_results_give_the_same_description_and_no_time_is_in_it(results):
    before = (results / "ro-crate-metadata.json").read_bytes()
    rights = (results / "rights/own.csv.gz").read_bytes()
    write_crate(results, ROOT / "CITATION.cff", SETTINGS, RIGHTS)
    objects = pd.read_csv(results / "rights/own.csv.gz", dtype=str, keep_default_na=False)
    write_csv(results / "rights/own.csv.gz", objects)
    assert (results / "ro-crate-metadata.json").read_bytes() == before
    assert (results / "rights/own.csv.gz").read_bytes() == rights
    assert objects.values.tolist() == [["1", "CC-BY-SA-4.0", ""]]
    assert b"startTime" not in before and b"endTime" not in before
