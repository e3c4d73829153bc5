"""Naming anybody's images: as the run did its test objects, and with a reason where it cannot."""

import os
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.files import read_json, write_json
from art_transfer.formats import PREDICTIONS, read_parquet
from art_transfer.predict.images import find_images, listed
from art_transfer.predict.network import Neighbours, Network
from art_transfer.predict.table import predicted
from art_transfer.prepare.pixels import PixelStore
from art_transfer.train.run_folder import write_run
from art_transfer.train.training import fine_tune
from builders import file_of
from builders import images_of as image_table
from training_data import painted, pixel_store, split_table, training

TABLE = split_table(train=70, validation=42, test=21, classes=7)
IMAGES = painted(TABLE, 60, size=50)
HOW = training("demo_residual", scaling="tf", epochs=6)
TESTED = sorted(TABLE["object_id"][TABLE["split"] == "test"])
TRAINED = sorted(TABLE["object_id"][TABLE["split"] == "train"])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished run, its museum's pixels, and the test objects' images in a folder."""
    folder = tmp_path_factory.mktemp("study")
    trained = fine_tune(HOW, TABLE, pixel_store(folder / "pixels", IMAGES), "")
    write_run(folder / "run", trained.model, trained.tested, HOW, {}, {}, "c0de")
    (folder / "images").mkdir()
    for object_id in TESTED:
        (folder / "images" / f"{object_id}.png").write_bytes(file_of(IMAGES[object_id]))
    return folder


@pytest.fixture(scope="module")
def network(study):
    return Network(study / "run")


@pytest.fixture(scope="module")
def neighbours(study, network):
    ids = list(IMAGES)
    paths = [study / f"pixels/{shard:04d}.npy" for shard in range(2)]
    tables = [image_table(dict.fromkeys(ids[shard::2], "ok")) for shard in range(2)]
    return Neighbours(network, PixelStore(tables, paths), TRAINED)


def test_of_its_own_test_images_a_run_says_what_its_predictions_say(study, network):
    table = read_parquet(study / "run/predictions.parquet", PREDICTIONS)
    assert table["predicted"].nunique() > 2
    network_at_one = Network(study / "run")
    network_at_one.temperature = 1.0  # predictions.parquet holds uncalibrated ones
    found = predicted(network_at_one, find_images(study / "images"), 0.5)
    assert found["object_id"].tolist() == [f"{name}.png" for name in table["object_id"]]
    assert found["label_1"].tolist() == table["predicted"].tolist()
    np.testing.assert_allclose(found["probability_1"], table["probability"], rtol=0, atol=1e-6)
    places = found[[f"label_{n}" for n in range(1, 6)]].to_numpy()
    ranks = [
        list(row).index(label) + 1 if label in row else 9
        for row, label in zip(places, table["label"], strict=True)
    ]
    assert [rank if rank < 6 else 9 for rank in table["rank"]] == ranks
    calibrated = predicted(network, find_images(study / "images"), 0.5)
    assert calibrated["label_1"].tolist() == found["label_1"].tolist()
    temperature = read_json(study / "run/calibration.json")["temperature"]
    assert abs(temperature - 1) > 0.01
    change = calibrated["probability_1"] - found["probability_1"]
    assert (np.sign(change) == np.sign(1 - temperature)).all()


def test_four_files_are_all_that_it_needs(study, network, tmp_path):
    for name in ("model.keras", "labels.json", "preprocessing.json", "calibration.json"):
        shutil.copy(study / "run" / name, tmp_path)
    images = find_images(study / "images")
    alone = predicted(Network(tmp_path), images, 0.5)
    pd.testing.assert_frame_equal(alone, predicted(network, images, 0.5))


def test_unsure_is_what_stays_below_the_confidence(study, network):
    images = find_images(study / "images")
    middle = float(predicted(network, images, 0.0)["probability_1"].median())
    table = predicted(network, images, middle)
    assert set(table["sure"]) == {"sure", "unsure"}
    assert ((table["probability_1"] >= middle) == (table["sure"] == "sure")).all()
    assert set(predicted(network, images, 0.0)["sure"]) == {"sure"}


def test_what_cannot_be_read_is_listed_in_its_place_with_its_reason(study, network, tmp_path):
    good = file_of(IMAGES[TESTED[0]])
    for name, data in {"b.png": good, "d.png": good[:60], "a.txt": b"text", "c.png": b""}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / ".hidden").write_bytes(good)
    (tmp_path / "list.txt").write_text("b.png\n\n  gone.png\na\0b.png\n")
    table = predicted(network, find_images(tmp_path), 0.5).set_index("object_id")
    assert list(table.index) == ["a.txt", "b.png", "c.png", "d.png", "list.txt"]
    assert table["status"]["a.txt"].startswith("unreadable: no known image format")
    assert table["status"]["c.png"] == "unreadable: empty file"
    assert table["status"]["d.png"].startswith("unreadable: broken image")
    assert table["label_1"].notna().tolist() == [False, True, False, False, False]
    table = predicted(network, find_images(tmp_path / "list.txt"), 0.5)
    assert table["object_id"].tolist() == ["b.png", "gone.png", "a\0b.png"]
    assert table["status"].tolist() == [
        "ok",
        "unreadable: no file that can be read: No such file or directory",
        "unreadable: no file that can be read: embedded null byte",
    ]
    nothing = tmp_path / "none.txt"
    nothing.write_text("gone.png\n")
    assert len(predicted(network, find_images(nothing), 0.5)) == 1


def test_the_nearest_object_of_an_image_that_was_trained_on_is_itself(
    study, network, neighbours, tmp_path
):
    chosen = TRAINED[::9]
    for object_id in chosen:
        (tmp_path / object_id).write_bytes(file_of(IMAGES[object_id]))
    table = predicted(network, find_images(tmp_path), 0.5, neighbours, 3)
    assert table["nearest_1"].tolist() == chosen
    assert (table["similarity_1"] > 0.99999).all()
    assert (table["similarity_1"] >= table["similarity_2"]).all()
    assert set(table["nearest_2"]) | set(table["nearest_3"]) <= set(TRAINED)
    assert list(predicted(network, find_images(tmp_path), 0.5).columns) == [
        c for c in table.columns if not c.startswith(("nearest", "similarity"))
    ]


def test_an_image_gets_the_same_answer_alone_and_among_others(study, network):
    images = find_images(study / "images")
    whole = predicted(network, images, 0.5)
    name = whole["object_id"].iloc[-1]
    alone = predicted(network, {name: images[name]}, 0.5).iloc[0]
    assert alone["label_1"] == whole["label_1"].iloc[-1]
    assert alone["probability_1"] == pytest.approx(whole["probability_1"].iloc[-1], abs=1e-6)


def test_a_list_has_ids_of_its_own_and_paths_beside_it(study, tmp_path):
    (tmp_path / "list.csv").write_text("object_id,image,more\n007,3,x\nNA,04,y\n")
    assert find_images(tmp_path / "list.csv") == {
        "007": tmp_path / "3",
        "NA": tmp_path / "04",
    }


def test_a_list_that_begins_with_a_mark_and_has_lines_that_are_no_names(tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg\n" + "x" * 5000 + "\n", encoding="utf-8-sig")
    images = find_images(tmp_path / "list.txt")
    assert list(images) == ["a.jpg", "x" * 5000]
    listed(images)


def test_a_name_that_is_not_utf_8_is_shown_and_found(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / os.fsdecode(b"Gem\xe4lde.jpg")).write_bytes(b"1")
    images = find_images(tmp_path / "images")
    ((name, path),) = images.items()
    assert name == "Gem\\xe4lde.jpg" and path.read_bytes() == b"1"
    name.encode() and listed(images)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"\n", "holds no image"),
        ("twice.csv", b"object_id,image\n1,a\n1,b\n", r"more than once: \['1'\]"),
        ("columns.csv", b"id,image\n1,a\n", "column object_id is missing"),
        ("image.png", b"\x89PNG\xff", "no list in UTF-8; one image alone"),
        ("nowhere", None, "there is no such folder or file"),
        ("folder", "folder", "holds no image"),
    ],
)
def test_a_list_that_is_wrong_is_a_message(tmp_path, name, content, message):
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=message):
        find_images(tmp_path / name)


def test_another_image_makes_another_listing_and_another_time_does_not(study, tmp_path):
    folder = shutil.copytree(study / "images", tmp_path / "images")
    before = listed(find_images(folder))
    (folder / f"{TESTED[0]}.png").touch()
    assert listed(find_images(folder)) == before
    (folder / f"{TESTED[0]}.png").write_bytes(b"other")
    assert listed(find_images(folder)) != before


def test_a_checkpoint_that_is_none_or_of_another_run_is_a_message(study, tmp_path):
    folder = shutil.copytree(study / "run", tmp_path / "run")
    write_json(folder / "labels.json", ["one", "two"])
    with pytest.raises(StudyError, match=r"has 7 outputs, but labels.json beside it 2 classes"):
        Network(folder)
    inputs = keras.Input((32, 32, 3))
    code = keras.layers.Lambda(lambda x: x[:, 0, 0], output_shape=(3,), name="features")
    keras.Model(inputs, code(inputs)).save(folder / "model.keras")  # whose code must not run
    with pytest.raises(StudyError, match=r"model.keras: this is no checkpoint of a run.*[Ll]ambda"):
        Network(folder)
    (folder / "model.keras").write_bytes(b"no checkpoint")
    with pytest.raises(StudyError, match=r"model.keras: this is no checkpoint of a run"):
        Network(folder)
