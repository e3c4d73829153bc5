"""Training: what is trained, on whom, for how long, and which weights are tested."""

import random
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from art_transfer.errors import StudyError
from art_transfer.settings import Optimizer
from art_transfer.train.backbones import HEAD, build, with_head
from art_transfer.train.fitting import Batches, fit, make_optimizer
from art_transfer.train.run_folder import write_model
from art_transfer.train.scaling import scale
from art_transfer.train.training import Data, Trained, fine_tune, train_head
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from training_data import (
    FOUR,
    RANDOM,
    SGD,
    architecture,
    features_of,
    moved,
    museum,
    normal,
    same_weights,
    split_table,
    training,
)

RMSPROP = Optimizer("rmsprop", 0.001, 0.0, False, 0.9, 1e-8, 0.004)  # the paper's
ADAM = Optimizer("adam", 0.02, 0.0, False, 0.9, 1e-7, 0.004)
TABLE = split_table(train=45, validation=15, test=13)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": Optimizer("sgd", 0.5, 0.9, True, 0.9, 1e-8, 0.004), "batch_size": 9999},
        {"optimizer": RMSPROP, "batch_size": 32},
    ],
)
def test_a_head_reaches_the_loss_of_an_unregularised_logistic_regression(changes):
    table = split_table(train=480, validation=480, test=6).sort_values("object_id")
    features = normal(table, 16, 0.8)
    train, validation = ((table["split"] == part).to_numpy() for part in ("train", "validation"))
    features[validation] = features[train]  # so the epoch chosen is the best on what is trained on
    how = training(layer="block1_conv", kind="head", epochs=60, patience=60, **changes)
    trained = train_head(how, table, features, "")
    weights, bias = trained.model.get_layer(HEAD).get_weights()
    inputs, truth = features[train], table["label"][train]
    reached = log_loss(truth, tf.nn.softmax(inputs @ weights + bias).numpy())
    peer = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-9).fit(inputs, truth)
    least = log_loss(truth, peer.predict_proba(inputs))
    assert 0.1 < least < 0.9  # neither separable nor hopeless
    assert least <= reached * 1.000001 and reached == pytest.approx(least, rel=0.01)
    assert trained.tested.metrics["validation"]["loss"] == pytest.approx(reached, rel=1e-4)


@pytest.mark.parametrize(("kind", "optimizer"), [("head", ADAM), ("fine_tuning", SGD)])
def test_the_epoch_tested_is_the_best_in_validation_or_the_last(tmp_path, kind, optimizer):
    features, pixels = normal(TABLE, 64, 0.5), museum(tmp_path, TABLE, contrast=6)

    def run(epochs: int, restored: bool = True) -> Trained:
        how = {"kind": kind, "epochs": epochs, "patience": 4, "optimizer": optimizer}
        wanted = training("demo_residual", restore_best_weights=restored, **how)
        if kind == "head":
            return train_head(wanted, TABLE, features, "")
        return fine_tune(wanted, TABLE, pixels, "")

    long = run(60)
    losses = long.tested.history["val_loss"].tolist()
    best = losses.index(min(losses)) + 1
    assert 1 < best < len(losses)
    assert len(losses) == best + 4  # its patience
    assert long.tested.metrics["best_epoch"] == best and long.tested.metrics["epochs"] == len(
        losses
    )
    chosen = long.tested.history.set_index("epoch").loc[best]
    assert long.tested.metrics["validation"]["loss"] == chosen["val_loss"]
    assert long.tested.metrics["validation"]["accuracy"] == chosen["val_accuracy"]
    assert long.tested.metrics["train"]["accuracy"] == chosen["accuracy"]
    short = run(best)
    assert same_weights(short.model, long.model)
    pd.testing.assert_frame_equal(short.tested.predictions, long.tested.predictions)
    last = run(60, restored=False)
    assert last.tested.metrics["best_epoch"] == last.tested.metrics["epochs"] == len(losses)
    assert last.tested.metrics["validation"]["loss"] == losses[-1]
    assert not same_weights(last.model, long.model)
    assert same_weights(run(best, restored=False).model, long.model)


def test_fine_tuning_moves_everything_and_off_the_shelf_only_the_head(tmp_path):
    network = "demo_residual"
    pixels, first = museum(tmp_path, TABLE), build(architecture(network), RANDOM, "")
    features = features_of(first, pixels, TABLE, tmp_path)
    tuned = fine_tune(training(network), TABLE, pixels, "").model
    shelf = train_head(training(network, kind="head", epochs=1), TABLE, features, "").model
    new = with_head(build(architecture(network), RANDOM, ""), 3, training(network).run.seed)
    write_model(shelf, tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert all(moved(first, tuned).values())
    assert not any(moved(first, saved).values())
    kernels = [model.get_layer(HEAD).get_weights()[0] for model in (saved, new)]
    assert not np.array_equal(*kernels)


@pytest.mark.parametrize("frozen", [1, 4])
def test_exactly_the_frozen_layers_stay(tmp_path, frozen):
    first = build(architecture("demo_residual"), RANDOM, "")
    names = [layer.name for layer in first.layers if layer.weights]
    how = training("demo_residual", frozen_layers=frozen)
    after = fine_tune(how, TABLE, museum(tmp_path, TABLE), "").model
    for variable, has_moved in moved(first, after).items():
        assert has_moved == (variable.split("/")[0] in names[frozen:]), variable


def test_more_frozen_layers_than_there_are_is_a_message(tmp_path):
    with pytest.raises(StudyError, match=r"frozen_layers.* is 5, but demo_plain has only 4 layers"):
        fine_tune(training(frozen_layers=5), TABLE, museum(tmp_path, TABLE), "")


def test_batch_norm_kept_in_inference_does_not_move_while_convolutions_do(tmp_path):
    first = build(architecture("demo_residual"), RANDOM, "")
    how = training("demo_residual", batch_norm="inference")
    after = fine_tune(how, TABLE, museum(tmp_path, TABLE), "").model
    for variable, has_moved in moved(first, after).items():
        assert has_moved == ("_conv/" in variable), variable


def test_a_warm_up_trains_the_head_alone_first(tmp_path):
    pixels, first = museum(tmp_path, TABLE), build(architecture("demo_residual"), RANDOM, "")
    features = features_of(first, pixels, TABLE, tmp_path)
    warm = fine_tune(training("demo_residual", epochs=5, head_warmup_epochs=3), TABLE, pixels, "")
    head = train_head(training("demo_residual", kind="head", epochs=5), TABLE, features, "")
    alike = [
        np.allclose(warm.tested.history.iloc[row], head.tested.history.iloc[row], rtol=1e-4)
        for row in range(5)
    ]
    assert alike == [True, True, True, False, False]
    assert warm.tested.history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert all(moved(first, warm.model).values())
    assert warm.tested.metrics["best_epoch"] > 3


def test_a_warm_up_has_its_epochs_whatever_they_gain(tmp_path):
    """Steps this large make the head worse and worse; the patience is for what comes after."""
    wild = Optimizer("sgd", 50.0, 0.0, False, 0.9, 1e-8, 0.004)
    how = {"epochs": 8, "head_warmup_epochs": 5, "patience": 1, "optimizer": wild}
    trained = fine_tune(training("demo_residual", **how), TABLE, museum(tmp_path, TABLE), "")
    assert trained.tested.history["epoch"].tolist()[:6] == [1, 2, 3, 4, 5, 6]
    assert np.diff(trained.tested.history["val_loss"][:5]).max() > 0


class Recorder(keras.layers.Layer):
    """Hands its inputs on, and notes those of each training step."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[list[int]] = []

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training:
            tf.py_function(lambda ids: self.steps.append(ids.numpy()[:, 0].tolist()), [x], [])
        return x


def seen(
    seed: int, first_epoch: int = 1, global_seed: int = 0, order: str = "shuffled"
) -> list[list[list[int]]]:
    """The positions that were trained on, by epoch and step, up to epoch 3."""
    random.seed(global_seed)
    keras.utils.set_random_seed(global_seed)
    inputs, recorder = keras.Input((1,)), Recorder()
    output = keras.layers.Dense(3, activation="softmax")(recorder(inputs))
    model = keras.Model(inputs, output)
    data = Data(TABLE, lambda positions: positions[:, None].astype(np.float32))
    train, validation = (
        data.batches("train", 16, seed=seed, order=order),
        data.batches("validation", 16),
    )
    fit(model, train, validation, training().method, first_epoch, 3)
    steps = recorder.steps
    return [steps[start : start + 3] for start in range(0, len(steps), 3)]


def joined(steps: list[list[int]]) -> list[int]:
    return [position for step in steps for position in step]


def test_every_object_is_seen_once_an_epoch_in_an_order_of_seed_and_epoch_alone():
    epochs = seen(1)
    positions = np.flatnonzero(TABLE["split"] == "train").tolist()
    assert len(epochs) == 3
    for steps in epochs:
        assert [len(step) for step in steps] == [16, 16, 13]
        assert sorted(joined(steps)) == positions
    orders = [joined(steps) for steps in epochs + seen(2)]
    assert len({tuple(order) for order in [positions, *orders]}) == 7
    assert seen(1, global_seed=5) == epochs
    assert seen(1, first_epoch=2) == epochs[1:]


def test_a_fixed_order_is_the_same_in_every_epoch():
    positions = np.flatnonzero(TABLE["split"] == "train").tolist()
    first, *others = [joined(steps) for steps in seen(1, order="fixed")]
    assert others == [first] * 2 and sorted(first) == positions != first
    assert joined(seen(2, order="fixed")[0]) != first


def test_a_balanced_order_shows_every_class_as_often():
    table = split_table(train=900, validation=15, test=13, classes=9)
    table["label"] = table["label"].where(table["label"] == "class 0", "class 1")  # one to eight
    data = Data(table, lambda positions: positions)
    batches = data.batches("train", 16, seed=1, order="class_balanced")
    epochs = []
    for _ in range(2):
        epochs.append(np.concatenate([batches[number][1] for number in range(len(batches))]))
        batches.start(batches.epoch + 1)
    assert len(epochs[0]) == 900 and (epochs[0] != epochs[1]).any()
    assert all(400 < (shown == 0).sum() < 500 for shown in epochs)


def test_keras_goes_through_each_epoch_in_its_own_order():
    read, features = [], normal(TABLE, 8, 1)
    classes = np.arange(len(TABLE)) % 3

    def spied(positions):
        read.extend(positions.tolist())
        return features[positions]

    train = Batches(spied, classes, 16, seed=1, order="shuffled")
    validation = Batches(lambda positions: features[positions], classes, 16)
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    history = fit(model, train, validation, training(kind="head", patience=3).method, 1, 3)
    other, wanted = Batches(lambda positions: positions, classes, 16, 1, "shuffled"), []
    for epoch in (1, 2, 3):
        other.start(epoch)
        wanted += [each for number in range(len(other)) for each in other[number][0].tolist()]
    assert len(history) == 3 and read[-len(wanted) :] == wanted


def test_labels_stay_with_their_objects_when_batches_are_shuffled():
    data = Data(TABLE, lambda positions: positions)
    for split, order in (("train", "shuffled"), ("train", "class_balanced"), ("test", "given")):
        batches = data.batches(split, 16, seed=1, order=order)
        for positions, classes in (batches[index] for index in range(len(batches))):
            labels = TABLE["label"].iloc[positions].tolist()
            assert [data.classes[number] for number in classes] == labels
            assert (TABLE["split"].iloc[positions] == split).all()


def test_the_same_seed_gives_the_same_run_and_another_one_another(tmp_path):
    pixels, runs = museum(tmp_path, TABLE), []
    for global_seed, seed in ((0, 1), (5, 1), (0, 2)):
        random.seed(global_seed)
        keras.utils.set_random_seed(global_seed)
        runs.append(fine_tune(training("demo_residual", seed=seed), TABLE, pixels, ""))
    one, again, other = runs
    assert same_weights(one.model, again.model) and not same_weights(one.model, other.model)
    pd.testing.assert_frame_equal(
        one.tested.predictions, again.tested.predictions, check_exact=True
    )
    pd.testing.assert_frame_equal(one.tested.history, again.tested.history, check_exact=True)


@pytest.mark.parametrize(("layer", "standardize"), [("last", False), ("block1_pool", True)])
def test_the_whole_network_says_of_pixels_what_the_head_says_of_features(
    tmp_path, layer, standardize
):
    pixels = museum(tmp_path, TABLE)
    backbone = build(architecture("demo_residual", layer), RANDOM, "")
    features = features_of(backbone, pixels, TABLE, tmp_path, "tf")
    changes = {"kind": "head", "epochs": 8, "standardize": standardize}
    how = training("demo_residual", layer, scaling="tf", **changes)
    trained = train_head(how, TABLE, features, "")
    weights, bias = trained.model.get_layer(HEAD).get_weights()
    small = tf.nn.softmax(features @ weights + bias).numpy()
    images = scale(pixels.batch(pixels.rows(TABLE["object_id"])), "tf")
    whole = trained.model.predict(images, verbose=0)
    np.testing.assert_allclose(whole, small, rtol=1e-3, atol=1e-6)
    says = pd.DataFrame({"p": whole.max(axis=1)}, index=TABLE["object_id"])
    says["class"] = np.array(trained.tested.classes)[whole.argmax(axis=1)]
    table = trained.tested.predictions.set_index("object_id")
    assert sorted(table.index) == sorted(TABLE["object_id"][TABLE["split"] == "test"])
    assert (says["class"][table.index] == table["predicted"]).all()
    np.testing.assert_allclose(says["p"][table.index], table["probability"], rtol=1e-3)


@pytest.fixture
def eager():
    """Compute at once: to compile the graphs of a large network takes longer than a step."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("network", FOUR)
def test_each_network_of_the_paper_takes_a_step(tmp_path, network):
    table = split_table(train=4, validation=2, test=3, classes=2)
    pixels, first = (
        museum(tmp_path, table, network=network),
        build(architecture(network), RANDOM, ""),
    )
    how = training(
        network, epochs=1, optimizer=Optimizer("sgd", 0.001, 0.9, True, 0.9, 1e-8, 0.004)
    )
    trained = fine_tune(how, table, pixels, "")
    assert np.isfinite(trained.tested.history.to_numpy()).all() and len(trained.tested.history) == 1
    assert (
        len(trained.tested.predictions) == 3
        and np.isfinite(trained.tested.predictions["probability"]).all()
    )
    assert trained.model.count_params() == first.count_params() + 2 * (first.output_shape[-1] + 1)
    kernels = [hit for name, hit in moved(first, trained.model).items() if "kernel" in name]
    assert all(kernels)


@pytest.mark.parametrize(
    ("optimizer", "kind", "settings"),
    [
        (RMSPROP, "RMSprop", {"rho": 0.9, "momentum": 0, "epsilon": 1e-8}),
        (SGD, "SGD", {"momentum": 0.9, "nesterov": True}),
        (ADAM, "Adam", {"epsilon": 1e-7}),
        (replace(ADAM, name="adamw"), "AdamW", {"epsilon": 1e-7, "weight_decay": 0.004}),
    ],
)
def test_an_optimiser_has_the_settings_it_was_given(optimizer, kind, settings):
    made = make_optimizer(optimizer, optimizer.learning_rate)
    assert type(made).__name__ == kind
    config = made.get_config()
    assert config["learning_rate"] == pytest.approx(optimizer.learning_rate)
    assert {name: config[name] for name in settings} == settings


@pytest.mark.parametrize("fault", ["loss", "validation"])
def test_a_loss_that_is_no_number_stops_the_run(fault):
    features = normal(TABLE, 64, 0.5)
    if fault == "loss":
        features *= 1e37
    else:
        features[TABLE["split"] == "validation"] = np.inf
    with pytest.raises(StudyError, match=r"no longer a number in epoch 1; .*rate than 0.02"):
        train_head(training("demo_residual", kind="head"), TABLE, features, "")


def test_a_learning_rate_that_explodes_is_a_message(tmp_path):
    how = training(optimizer=Optimizer("sgd", 1e30, 0.9, True, 0.9, 1e-8, 0.004))
    with pytest.raises(StudyError, match=r"no longer a number in epoch [12]; .*rate than 1e[+]30"):
        fine_tune(how, TABLE, museum(tmp_path, TABLE), "")
