"""The science of training, checked independently of the code that does it."""

import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.job_settings import Architecture, FirstWeights, Training
from art_transfer.networks import NETWORKS
from art_transfer.settings import Method, Optimizer, Pixels, Run
from art_transfer.train.backbones import build, with_head
from art_transfer.train.fitting import Batches, fit
from art_transfer.train.scaling import scale
from art_transfer.train.training import checked_split, fine_tune, train_head
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

REAL = ["xception", "inception_v3", "resnet50", "vgg19"]
RUN = Run("museum", "type", "demo_plain", "random", "method", 1)
DEMO = Architecture("demo_plain", 32, "last")
RANDOM = FirstWeights("random", 1)


def method(kind: str, **changes: object) -> Method:
    optimizer = Optimizer("sgd", 0.05, 0.9, True, 0.9, 1e-8)
    known = {
        "preprocessing": "unit",
        "optimizer": optimizer,
        "batch_size": 16,
        "epochs": 3,
        "patience": 7,
    }
    known |= {"batch_norm": "batch", "frozen_layers": 0, "head_warmup_epochs": 0}
    known |= {"mixed_precision": "none", "jit_compile": False, "gpus": 1}
    return Method(kind=kind, **(known | changes))


def training(how: Method, network: str = "demo_plain") -> Training:
    architecture = Architecture(network, 32, "last")
    return Training(RUN, how, architecture, RANDOM, Pixels("stretch", "nearest"), "unit", "unit", 1)


def split(count: int = 120, classes: int = 3) -> pd.DataFrame:
    """Objects of some classes, of each ten two to validate and two to test."""
    part = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    return pd.DataFrame(
        {
            "object_id": [f"o{n:04}" for n in range(count)],
            "label": [f"class {n % classes}" for n in range(count)],
            "split": [part[n // classes % 10] for n in range(count)],
        }
    )


class Painted:
    """Pixels of objects whose classes differ in colour, with noise; stands for a museum."""

    def __init__(self, table: pd.DataFrame) -> None:
        random = np.random.default_rng(0)
        shade = table["label"].str[-1].astype(int).to_numpy()[:, None, None, None]
        noise = random.integers(0, 120, (len(table), 32, 32, 3))
        self.images = (noise + 40 * shade).astype(np.uint8)

    def rows(self, object_ids: pd.Series) -> np.ndarray:
        return object_ids.str[1:].astype(int).to_numpy()

    def batch(self, rows: np.ndarray) -> np.ndarray:
        return self.images[rows]


def test_a_head_reaches_the_loss_of_an_unregularised_logistic_regression():
    random = np.random.default_rng(3)
    table = split(600)
    truth = table["label"].str[-1].astype(int).to_numpy()
    features = (random.normal(size=(600, 8)) + 0.6 * np.eye(8)[truth]).astype(np.float32)
    adam = Optimizer("adam", 0.02, 0.0, False, 0.9, 1e-8)
    how = method("head", optimizer=adam, batch_size=600, epochs=400, patience=400)
    train = (table["split"] == "train").to_numpy()
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="softmax")])
    batches = Batches(lambda i: features[train][i], truth[train], 600, 1)
    history = fit(model, batches, batches, how, 1, how.epochs)
    reference = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-8).fit(
        features[train], truth[train]
    )
    expected = log_loss(truth[train], reference.predict_proba(features[train]))
    assert history["val_loss"].min() == pytest.approx(expected, rel=0.01)


def test_the_epoch_tested_is_the_one_with_the_smallest_validation_loss():
    table = split()
    pixels = Painted(table)
    long = fine_tune(training(method("fine_tuning", epochs=12, patience=3)), table, pixels, "")
    best = int(long.history["epoch"].iloc[int(np.argmin(long.history["val_loss"]))])
    assert long.metrics["best_epoch"] == best
    assert len(long.history) == min(12, best + 3)
    short = fine_tune(training(method("fine_tuning", epochs=best)), table, pixels, "")
    pd.testing.assert_frame_equal(short.predictions, long.predictions)
    assert sorted(long.predictions["object_id"]) == sorted(
        table.loc[table["split"] == "test", "object_id"]
    )


def test_fine_tuning_moves_every_layer_and_a_head_moves_none():
    table = split()
    before = build(DEMO, RANDOM, "").get_weights()
    tuned = fine_tune(training(method("fine_tuning")), table, Painted(table), "").model
    for old, new in zip(before, tuned.get_weights()[:-2], strict=True):
        assert not np.array_equal(old, new)
    backbone = build(DEMO, RANDOM, "")
    features = backbone.predict(scale(Painted(table).images, "unit"), verbose=0)
    trained = train_head(training(method("head")), table, features, "")
    for old, new in zip(before, trained.model.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(old, new)
    seen = trained.model.predict(scale(Painted(table).images, "unit"), verbose=0).argmax(1)
    labels = pd.Series(np.array(trained.classes)[seen], index=table["object_id"])
    predicted = trained.predictions.set_index("object_id")["predicted"]
    assert (labels[predicted.index] == predicted).all()


@pytest.mark.parametrize("changes", [{"frozen_layers": 2}, {"head_warmup_epochs": 3}])
def test_what_a_method_keeps_does_not_move(changes):
    table = split()
    before = build(DEMO, RANDOM, "").get_weights()
    how = method("fine_tuning", epochs=4, **changes)
    after = fine_tune(training(how), table, Painted(table), "").model.get_weights()[:-2]
    kept = [np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    assert kept == [n < 4 if "frozen_layers" in changes else False for n in range(len(kept))]


def test_batch_norm_in_inference_mode_keeps_its_statistics():
    table = split()
    before = build(Architecture("demo_residual", 32, "last"), RANDOM, "")
    how = method("fine_tuning", batch_norm="inference")
    after = fine_tune(training(how, "demo_residual"), table, Painted(table), "").model
    for layer in before.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for old, new in zip(
                layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True
            ):
                np.testing.assert_array_equal(old, new)


def test_each_object_comes_once_an_epoch_in_an_order_of_seed_and_epoch_alone():
    def order(seed: int, epoch: int) -> list[int]:
        data = Batches(lambda i: i.astype(np.float32), np.arange(50), 16, seed)
        data.start(epoch)
        assert [len(data[n][1]) for n in range(len(data))] == [16, 16, 16, 2]
        return np.concatenate([data[n][1] for n in range(len(data))]).tolist()

    assert sorted(order(1, 1)) == list(range(50))
    assert order(1, 1) == order(1, 1)
    assert order(1, 1) != order(1, 2) and order(1, 1) != order(2, 1)


def test_pixels_are_scaled_as_keras_documents():
    pixels = np.array([0, 51, 255], np.uint8).reshape(1, 1, 1, 3)
    assert scale(pixels, "unit").ravel().tolist() == pytest.approx([0, 0.2, 1])
    assert scale(pixels, "raw").ravel().tolist() == [0, 51, 255]
    assert scale(pixels, "tf").ravel().tolist() == pytest.approx([-1, -0.6, 1])
    caffe = [255 - 103.939, 51 - 116.779, 0 - 123.68]  # BGR minus the mean
    assert scale(pixels, "caffe").ravel().tolist() == pytest.approx(caffe, rel=1e-5)
    for name in REAL:
        module = getattr(keras.applications, name)
        expected = module.preprocess_input(pixels.astype(np.float32))
        np.testing.assert_array_equal(scale(pixels, NETWORKS[name].scaling), expected)


@pytest.mark.parametrize("name", REAL)
def test_a_real_network_takes_a_step_at_its_smallest_size_from_he_uniform_weights(name):
    size = NETWORKS[name].min_size
    backbone = build(Architecture(name, size, "last"), RANDOM, "")
    assert backbone.output_shape == (None, 512 if name == "vgg19" else 2048)
    for layer in backbone.layers:
        for variable in layer.weights:
            if not variable.name.endswith("kernel"):
                continue
            values = variable.numpy()
            fan_in = np.prod(values.shape[:-1])
            if variable.name == "depthwise_kernel":
                fan_in = np.prod(values.shape[:2])
            limit = np.sqrt(6 / fan_in)
            assert np.abs(values).max() <= limit, (layer.name, variable.name)
            assert np.abs(values).max() > 0.8 * limit, (layer.name, variable.name)
    model = with_head(backbone, 3, 1)
    images = np.random.default_rng(0).random((4, size, size, 3)).astype(np.float32)
    data = Batches(lambda i: images[i], np.array([0, 1, 2, 0]), 4, 1)
    how = method("fine_tuning", optimizer=Optimizer("sgd", 0.001, 0.9, True, 0.9, 1e-8))
    before = model.get_weights()
    history = fit(model, data, data, how, 1, 1)
    assert np.isfinite(history.to_numpy()).all()
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_a_loss_that_is_no_number_stops_the_run():
    table = split()
    how = method("fine_tuning", optimizer=Optimizer("sgd", 1e30, 0.9, True, 0.9, 1e-8))
    with pytest.raises(StudyError, match="no longer a number"):
        fine_tune(training(how), table, Painted(table), "")


@pytest.mark.parametrize("column", ["label", "split", "object_id"])
def test_an_edited_split_is_refused(column):
    table = split()
    table.loc[0, column] = {"label": "new", "split": "tset", "object_id": "o0001"}[column]
    with pytest.raises(StudyError, match=r"splits\.csv: .*Delete the file"):
        checked_split(table, "splits.csv")
