"""Precision, XLA and several devices: what they change, and what they leave alone."""

import json
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from art_transfer.errors import StudyError
from art_transfer.settings import Optimizer
from art_transfer.train import fitting
from art_transfer.train.machine import Meter, prepare
from art_transfer.train.run_folder import write_model
from art_transfer.train.state import State
from art_transfer.train.training import Trained, fine_tune, train_head
from training_data import museum, same_weights, split_table, training

TABLE = split_table(train=48, validation=16, test=13)
ODD = split_table(train=33, validation=7, test=5)

TWO_DEVICES = """
import json, sys
from pathlib import Path
import numpy as np
import training_data
from art_transfer.train.machine import prepare
from art_transfer.train.state import State
from art_transfer.train.training import fine_tune
from test_scope import ODD, TABLE, saved_and_weights
import tensorflow as tf
prepare(threads=1, seed=0, gpus=0, wanted=2)
tf.config.list_logical_devices()
folder = Path(sys.argv[1])
pixels = training_data.museum(folder / "two", TABLE)
for name, gpus in (("one", 1), ("two", 2)):
    state = State(folder / f"state-{name}", {}, seconds=0)
    how = training_data.training(epochs=3, gpus=gpus)
    trained = fine_tune(how, TABLE, pixels, "", state)
    saved_and_weights(trained, folder / f"{name}.npz")
# once more, stopped after two epochs
first = State(folder / "state-again", {}, seconds=0)
fine_tune(training_data.training(epochs=2, gpus=2), TABLE, pixels, "", first)
again = State(folder / "state-again", {}, seconds=0)
how = training_data.training(epochs=3, gpus=2)
saved_and_weights(fine_tune(how, TABLE, pixels, "", again), folder / "again.npz")
# batch normalisation, which must count the whole batch
for name, gpus in (("normal-one", 1), ("normal-two", 2)):
    how = training_data.training("demo_residual", epochs=3, gpus=gpus)
    saved_and_weights(fine_tune(how, TABLE, pixels, ""), folder / f"{name}.npz")
# a last batch of which one device gets nothing, and a validation split that does not divide
pixels = training_data.museum(folder / "odd", ODD)
for name, epochs, state in (("odd", 3, None), ("odd-again", 2, "odd"), ("odd-again", 3, "odd")):
    how = training_data.training("demo_residual", epochs=epochs, gpus=2)
    state = State(folder / state, {}, seconds=0) if state else None
    saved_and_weights(fine_tune(how, ODD, pixels, "", state), folder / f"{name}.npz")
print(json.dumps({"resumed": again.resumed_after}))
"""


def saved_and_weights(trained, path):
    np.savez(path, *trained.model.get_weights(), history=trained.tested.history.to_numpy())


def test_two_devices_share_a_batch_and_take_the_same_steps_as_one(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(tmp_path)],
        env={
            "PYTHONPATH": ":".join(sys.path),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_ENABLE_ONEDNN_OPTS": "0",  # it gives what comes of an empty batch a wrong shape
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"resumed": [2]}
    one, two, again = (np.load(tmp_path / f"{name}.npz") for name in ("one", "two", "again"))
    for name in one.files:
        np.testing.assert_allclose(two[name], one[name], rtol=2e-3, atol=1e-4)
        np.testing.assert_array_equal(again[name], two[name])
    assert any(not np.array_equal(one[name], two[name]) for name in one.files)  # it was shared
    one, two = (np.load(tmp_path / f"normal-{name}.npz") for name in ("one", "two"))
    for name in one.files:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-2, atol=1e-3)
    odd, again = (np.load(tmp_path / f"{name}.npz") for name in ("odd", "odd-again"))
    for name in odd.files:
        np.testing.assert_array_equal(again[name], odd[name])


def test_fewer_gpus_than_the_method_wants_is_a_message():
    with pytest.raises(StudyError, match=r"`gpus` is 2, but this job was promised 1; .*`gpu: 2`"):
        prepare(threads=1, seed=0, gpus=1, wanted=2)


def test_a_promised_gpu_that_is_not_there_is_a_message():
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(StudyError, match=r"promised 1 GPU\(s\) but TensorFlow sees 0 on"):
        prepare(threads=1, seed=0, gpus=1)


def test_mixed_precision_computes_otherwise_and_leaves_a_plain_checkpoint(tmp_path):
    pixels = museum(tmp_path, TABLE)
    rmsprop = Optimizer("rmsprop", 0.001, 0.5, False, 0.9, 1e-7, 0.004)

    def run(precision: str, epochs: int = 4, state: State | None = None) -> Trained:
        how = training(epochs=epochs, mixed_precision=precision, optimizer=rmsprop)
        return fine_tune(how, TABLE, pixels, "", state)

    plain, mixed = run("none"), run("float16")
    for other in (mixed, run("bfloat16")):
        assert not same_weights(plain.model, other.model)
        np.testing.assert_allclose(other.tested.history, plain.tested.history, rtol=0.1, atol=0.1)
    assert keras.config.dtype_policy().name == "float32"
    write_model(mixed.model, tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
    # the scale of the loss is part of the state
    run("float16", 2, State(tmp_path / "state", {}, seconds=0))
    again = run("float16", 4, State(tmp_path / "state", {}, seconds=0))
    assert same_weights(mixed.model, again.model)


def test_xla_compiles_the_step(tmp_path):
    pixels = museum(tmp_path, TABLE)
    plain = fine_tune(training(epochs=2), TABLE, pixels, "")
    compiled = fine_tune(training(epochs=2, jit_compile=True), TABLE, pixels, "")
    assert not same_weights(plain.model, compiled.model)  # XLA rounds elsewhere
    np.testing.assert_allclose(compiled.tested.history, plain.tested.history, rtol=1e-3)


def test_a_head_is_the_same_to_the_bit_however_many_steps_are_done_at_a_time(monkeypatch):
    """And nearly the same where XLA compiles them; the last batch is a smaller one."""
    table = split_table(train=77, validation=15, test=13)
    features = np.random.default_rng(3).random((len(table), 96), np.float32)

    def head(steps: int, **changes: Any) -> Trained:
        monkeypatch.setattr(fitting, "HEAD_STEPS", steps)
        return train_head(training(kind="head", epochs=4, **changes), table, features, "")

    one, many, compiled = head(1), head(32), head(32, jit_compile=True)
    assert same_weights(one.model, many.model)
    pd.testing.assert_frame_equal(one.tested.history, many.tested.history)
    np.testing.assert_allclose(compiled.tested.history, one.tested.history, rtol=1e-5)


def test_the_record_names_the_device():
    device = Meter().report(10)["device"]
    if device["kind"] == "cpu":
        assert device["name"] and device["count"] >= 1
    else:
        assert device["name"] and device["memory_mb"] > device["peak_memory_mb"] > 0
