"""What a seal is about: leftovers of other days neither break it nor get into it."""

import base64
import gzip
import json
import tarfile

import pandas as pd
import pytest
from art_transfer.archive.manifest import write_manifest
from art_transfer.archive.pack import pack, unpack
from art_transfer.archive.records import write_records
from art_transfer.archive.verify import wrong_hashes, wrong_scores, wrong_tables
from art_transfer.errors import StudyError
from art_transfer.formats import PREDICTIONS, write_parquet
from art_transfer.train.evaluation import scores

FAILED = "runs/museum/type/vgg19/imagenet/head/seed-1"


@pytest.fixture
def results(tmp_path):
    """A sealed study, with the folder of a run that failed."""
    study = tmp_path / "results" / "small"
    (study / FAILED).mkdir(parents=True)
    (study / "run_config.yaml").write_text("study: small\n")
    (study / "records.jsonl.gz").write_bytes(gzip.compress(b""))
    write_manifest(study)
    return study


def test_the_empty_folder_of_a_failed_run_is_no_trouble(results, tmp_path):
    assert [*wrong_hashes(results), *wrong_scores(results)] == []
    for which in ("parents", "all"):
        assert pack(results, tmp_path / f"{which}.tar", which) == 2


def test_what_was_made_after_the_seal_is_not_left_out_of_a_pack_unsaid(results, tmp_path):
    (results / FAILED / "metrics.json").write_text("{}")
    with pytest.raises(StudyError, match=r"1 files were made after the seal, such as metrics.json"):
        pack(results, tmp_path / "study.tar")
    assert not (tmp_path / "study.tar").exists()


@pytest.mark.parametrize("text", ["", '{"test": {}}', '{"test": 3}', "[]", '{"tes'])
def test_a_run_whose_scores_cannot_be_read_ends_no_check(results, text):
    (results / FAILED / "metrics.json").write_text(text)
    (found,) = wrong_scores(results)
    assert found.startswith(f"{results / FAILED}: its scores cannot be checked: ")


def test_a_score_that_is_no_number_differs(results):
    rows = [("a", "x", "x", 0.9, 1), ("b", "y", "x", 0.5, 2)]
    table = pd.DataFrame(rows, columns=PREDICTIONS.names)
    write_parquet(results / FAILED / "predictions.parquet", table, PREDICTIONS)
    test = scores(table) | {"accuracy": float("nan")}
    (results / FAILED / "metrics.json").write_text(json.dumps({"test": test}))
    (found,) = wrong_scores(results)
    assert "test.accuracy is nan, but the predictions give 0.5" in found


def test_a_study_without_its_config_ends_no_check(results):
    (results / "run_config.yaml").unlink()
    assert len(list(wrong_hashes(results))) == 1
    (found,) = wrong_tables(results)
    assert found.startswith(f"{results / 'run_config.yaml'}: no tables can be made from it: ")


def test_a_new_seal_forgets_the_checkpoints_that_came_with_an_archive(results):
    (results / FAILED / "model.keras").write_bytes(b"trained anew")
    (results / "CHECKPOINTS.sha256").write_text(f"{'0' * 64}  {FAILED}/model.keras\n")
    assert len(list(wrong_hashes(results))) == 1
    write_manifest(results)
    assert list(wrong_hashes(results)) == []


def test_what_was_asked_for_by_hand_is_not_told_to_others(tmp_path):
    """Its records name folders of this machine."""
    kept = ["results/small/tables/table2.csv", "results/small/features/a.npy", "resources/m/a.csv"]
    left = ["results/small/predict/predictions.csv", "results/small/export/a/MODEL_CARD.md"]
    left += ["results/other/tables/table2.csv"]
    (tmp_path / "metadata").mkdir()
    for name in [*kept, *left]:
        encoded = base64.urlsafe_b64encode(name.encode()).decode()
        (tmp_path / "metadata" / encoded).write_text(json.dumps({"params": [name]}))
    write_records(tmp_path / "records.gz", tmp_path, "small", ["m"])
    lines = gzip.decompress((tmp_path / "records.gz").read_bytes()).splitlines()
    assert sorted(json.loads(line)["path"] for line in lines) == sorted(kept)


def test_a_record_that_snakemake_wrote_by_half_is_nothing_known(tmp_path):
    names = ["results/small/a.csv", "results/small/b.csv", "results/other/c.csv"]
    (tmp_path / "metadata").mkdir()
    for name, text in zip(names, ['{"params": []}', '{"par', ""], strict=True):
        encoded = base64.urlsafe_b64encode(name.encode()).decode()
        (tmp_path / "metadata" / encoded).write_text(text)
    write_records(tmp_path / "records.gz", tmp_path, "small", [])
    lines = gzip.decompress((tmp_path / "records.gz").read_bytes()).splitlines()
    assert [json.loads(line)["path"] for line in lines] == names[:1]


def test_runs_on_another_disk_behind_a_link_are_sealed_and_packed(results, tmp_path):
    (results / FAILED / "metrics.json").write_text("{}")
    (results / "runs").rename(tmp_path / "elsewhere")
    (results / "runs").symlink_to(tmp_path / "elsewhere")
    write_manifest(results)
    assert f"{FAILED}/metrics.json" in (results / "MANIFEST.sha256").read_text()
    pack(results, tmp_path / "small.tar")
    with tarfile.open(tmp_path / "small.tar") as tar:
        assert f"results/small/{FAILED}/metrics.json" in tar.getnames()
    (tmp_path / "elsewhere" / FAILED.removeprefix("runs/") / "metrics.json").unlink()
    assert list(wrong_hashes(results)) == [f"{results / FAILED / 'metrics.json'}: missing"]


def test_a_study_whose_records_find_no_place_is_not_unpacked(results, tmp_path):
    pack(results, tmp_path / "small.tar")
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / ".snakemake").write_text("a file where Snakemake has a folder")
    with pytest.raises(OSError, match="snakemake"):
        unpack(tmp_path / "small.tar", clone)
    assert list((clone / "results").iterdir()) == []
    (clone / ".snakemake").unlink()
    assert unpack(tmp_path / "small.tar", clone) == clone / "results/small"


def test_a_folder_is_no_archive(results, tmp_path):
    for use in (lambda: pack(results, tmp_path), lambda: unpack(results, tmp_path)):
        with pytest.raises(StudyError, match="is a folder; expected the name of a file"):
            use()
