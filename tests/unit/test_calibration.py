"""How sure a network may be: the temperature that its validation split asks for."""

import numpy as np
import pytest
from art_transfer.files import read_json, write_json
from art_transfer.train.calibration import calibrate, fit_calibration
from art_transfer.train.training import fine_tune
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import log_loss
from training_data import museum, split_table, training


def drawn(count=4000, classes=5, seed=0):
    """Probabilities that are as right as they say, and truths drawn from them."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, classes)) * 2
    honest = softmax(logits, axis=1)
    truth = np.array([random.choice(classes, p=row) for row in honest])
    return logits, truth


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_a_network_too_sure_or_too_unsure(factor):
    logits, truth = drawn()
    found = fit_calibration(softmax(logits * factor, axis=1).astype(np.float32), truth)
    assert found["temperature"] == pytest.approx(factor, rel=0.05)
    assert found["validation"]["n"] == 4000


def test_losses_are_scikit_learns_and_confidences_count_what_reaches_them():
    logits, truth = drawn(count=300)
    probability = softmax(logits * 3, axis=1).astype(np.float32)
    found = fit_calibration(probability, truth)
    calibrated = calibrate(probability, found["temperature"])
    said = found["validation"]
    assert said["loss"] == pytest.approx(log_loss(truth, probability, labels=range(5)), rel=1e-5)
    assert said["calibrated_loss"] == pytest.approx(log_loss(truth, calibrated, labels=range(5)))
    assert said["calibrated_loss"] < said["loss"]
    for row in found["sure"]:
        reached = calibrated.max(axis=1) >= row["confidence"]
        assert row["share"] == reached.mean()
        right = calibrated[reached].argmax(axis=1) == truth[reached]
        assert row["accuracy"] == right.mean()


def test_a_network_that_is_always_right_and_sure_gives_numbers_that_json_can_hold(tmp_path):
    probability = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    write_json(tmp_path / "c.json", fit_calibration(probability, np.array([0, 1, 2, 0])))
    unsure = np.full((4, 3), 1 / 3, np.float32)
    write_json(tmp_path / "d.json", fit_calibration(unsure, np.array([0, 1, 2, 0])))
    assert read_json(tmp_path / "d.json")["sure"][0] == {
        "confidence": 0.5,
        "share": 0.0,
        "accuracy": None,
    }
    always_wrong = fit_calibration(probability, np.array([1, 2, 0, 1]))
    assert always_wrong["temperature"] > 10  # nothing that it says can be relied on


@given(
    st.lists(st.floats(-80, 80), min_size=2, max_size=8),
    st.floats(0.05, 20),
)
def test_calibrating_is_a_softmax_at_that_temperature_and_keeps_the_order(logits, temperature):
    probability = softmax(np.array([logits]), axis=1)
    found = calibrate(probability, temperature)
    assert found.sum() == pytest.approx(1)
    order = np.argsort(-probability[0], kind="stable")
    assert (np.diff(found[0][order]) <= 1e-12).all()
    if max(logits) - min(logits) < 80:
        wanted = softmax(np.array([logits]) / temperature, axis=1)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-12)


def test_a_run_is_calibrated_on_its_validation_split(tmp_path):
    table = split_table(train=45, validation=15, test=13)
    pixels = museum(tmp_path, table, contrast=25)
    trained = fine_tune(training(epochs=3), table, pixels, "")
    rows = table[table["split"] == "validation"]
    scaled = pixels.batch(pixels.rows(rows["object_id"])).astype(np.float32) / 255
    probability = trained.model.predict_on_batch(scaled)
    truth = np.array([trained.tested.classes.index(label) for label in rows["label"]])
    wanted = fit_calibration(probability, truth)
    assert trained.tested.calibration["validation"] == pytest.approx(wanted["validation"], rel=1e-4)
    assert trained.tested.calibration["temperature"] == pytest.approx(
        wanted["temperature"], rel=1e-3
    )
    assert trained.tested.calibration["validation"]["loss"] == pytest.approx(
        trained.tested.metrics["validation"]["loss"], rel=1e-3
    )
