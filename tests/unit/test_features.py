"""Features of a museum, and how a run finds those of its objects."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import read_csv, write_csv
from art_transfer.prepare.pixels import PixelStore
from art_transfer.train.backbones import build
from art_transfer.train.features import extract, read_features
from art_transfer.train.scaling import scale
from builders import noise
from training_data import RANDOM, architecture, pixel_store

# two full batches and a partial one; ids that a careless reader takes for numbers or for nothing
IDS = ["007", "7", "NA", "1.0", "nan", *(f"object {number}" for number in range(65))]


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    images = {name: noise(32, 32, seed) for seed, name in enumerate(IDS)}
    return pixel_store(tmp_path_factory.mktemp("pixels"), images)


@pytest.fixture(scope="module")
def backbone():
    return build(architecture("demo_residual"), RANDOM, "")


@pytest.fixture(scope="module")
def files(tmp_path_factory, pixels, backbone):
    """The features of all objects."""
    folder = tmp_path_factory.mktemp("features")
    path, ids = folder / "unit.npy", folder / "unit.ids.csv"
    assert extract(backbone, pixels, "unit", path, ids) == 70
    return path, ids


def alone(backbone: keras.Model, pixels: PixelStore, object_id: str, scaling: str) -> np.ndarray:
    """The features of one object, by itself."""
    image = scale(pixels.batch(pixels.rows([object_id])), scaling)
    return backbone.predict_on_batch(image)[0]


def test_an_objects_features_are_its_own_whatever_batch_it_was_in(files, pixels, backbone):
    found = read_features(*files, IDS)
    assert found.shape == (70, 64) and found.dtype == np.float32
    for features, object_id in zip(found, IDS, strict=True):
        wanted = alone(backbone, pixels, object_id, "unit")
        np.testing.assert_allclose(features, wanted, rtol=1e-4, atol=1e-5)
    assert len({row.tobytes() for row in found}) == 70


@pytest.mark.parametrize("network", ["demo_residual", "resnet50"])
def test_openvino_gives_the_same_features_within_a_thousandth(tmp_path, pixels, network):
    backbone = build(dataclasses.replace(architecture(network), size=32), RANDOM, "")
    found = {}
    for engine in ("keras", "openvino"):
        path = tmp_path / f"{engine}.npy"
        extract(backbone, pixels, "caffe", path, tmp_path / f"{engine}.csv", engine=engine)
        found[engine] = np.load(path)
    keras_, openvino = found.values()
    assert np.abs(openvino - keras_).max() < 1e-3 * np.abs(keras_).max()
    assert not np.array_equal(openvino, keras_)  # another engine computed them


@pytest.mark.parametrize("wanted", [IDS[::-1], IDS[3:20:2], ["7", "007"], ["NA", "nan", "NA"], []])
def test_features_are_found_by_id_in_any_order(files, wanted):
    every = dict(zip(IDS, read_features(*files, IDS), strict=True))
    found = read_features(*files, wanted)
    assert found.shape == (len(wanted), 64)
    for row, object_id in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(row, every[object_id])


def test_the_scaling_of_pixels_is_the_one_asked_for(tmp_path, pixels, backbone):
    path, ids = tmp_path / "caffe.npy", tmp_path / "caffe.ids.csv"
    extract(backbone, pixels, "caffe", path, ids)
    found, wanted = read_features(path, ids, ["007"])[0], alone(backbone, pixels, "007", "caffe")
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)
    assert not np.allclose(found, alone(backbone, pixels, "007", "unit"), rtol=0.1)


def test_the_same_features_are_the_same_bytes(tmp_path, files, pixels, backbone):
    again = tmp_path / "unit.npy", tmp_path / "unit.ids.csv"
    extract(backbone, pixels, "unit", *again)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files]


@pytest.mark.parametrize("count", [69, 71])
def test_another_number_of_ids_than_features_is_a_message(tmp_path, files, count):
    ids = tmp_path / "other.csv"
    write_csv(ids, pd.DataFrame({"object_id": [f"o{number}" for number in range(count)]}))
    with pytest.raises(StudyError) as caught:
        read_features(files[0], ids, ["o1"])
    for word in (str(files[0]), str(ids), "70 rows", f"{count} ids", "delete"):
        assert word in str(caught.value)


def test_ids_that_stand_in_several_rows_are_a_message(tmp_path, files):
    repeated = read_csv(files[1], ["object_id"])
    repeated.loc[5, "object_id"] = repeated.loc[2, "object_id"]
    write_csv(tmp_path / "twice.csv", repeated)
    with pytest.raises(StudyError) as caught:
        read_features(files[0], tmp_path / "twice.csv", ["o1"])
    for word in (str(tmp_path / "twice.csv"), repeated.loc[2, "object_id"], "delete"):
        assert word in str(caught.value)


@pytest.mark.parametrize("missing", ["7.0", "object 65", "Object 1", ""])
def test_an_object_without_features_is_named(files, missing):
    with pytest.raises(StudyError) as caught:
        read_features(*files, ["007", missing, "7"])
    assert str(files[0]) in str(caught.value) and f"1 objects: ['{missing}']" in str(caught.value)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_stop_the_job_and_leave_no_file(tmp_path, pixels, value):
    broken = build(architecture("demo_residual"), RANDOM, "")
    norm = broken.get_layer("block2_second_norm")
    gamma, beta, *statistics = norm.get_weights()
    beta[5] = value
    norm.set_weights([gamma, beta, *statistics])
    with pytest.raises(StudyError) as caught:
        extract(broken, pixels, "unit", tmp_path / "unit.npy", tmp_path / "unit.ids.csv")
    assert "unit.npy" in str(caught.value) and "'007'" in str(caught.value)
    assert left(tmp_path) == []
