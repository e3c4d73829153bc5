"""Trainings that are stopped: the next attempt goes on, and ends with the same bytes."""

import os
import shutil
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.archive.manifest import archived_files
from art_transfer.errors import StudyError
from art_transfer.files import read_json
from art_transfer.prepare.pixels import PixelStore
from art_transfer.settings import Optimizer
from art_transfer.train.fitting import fit
from art_transfer.train.run_folder import write_run
from art_transfer.train.state import State
from art_transfer.train.training import Data, fine_tune, train_head
from training_data import SGD, museum, normal, same_weights, split_table, training

TABLE = split_table(train=45, validation=15, test=13)
RMSPROP = Optimizer("rmsprop", 0.002, 0.5, False, 0.9, 1e-8, 0.004)
MADE_FROM = {"settings": "these", "code": "c0de", "inputs": {"split.csv": "5917"}}


class PowerCut(Exception):
    pass


class Trap:
    """Springs at the second read after a state of ``epoch`` is there: in the midst of the next."""

    def __init__(self, state: Path, epoch: int, terminate: bool = False) -> None:
        self.mark, self.terminate, self.reads = state / f"epoch-{epoch:04d}", terminate, 0

    def read(self) -> None:
        self.reads += self.mark.exists()
        if self.reads == 2 and self.terminate:
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.reads == 2:
            raise PowerCut("PowerCut")


def trapped(pixels: PixelStore, trap: Trap) -> PixelStore:
    """These pixels, with a trap in them."""

    class Trapped(PixelStore):
        def batch(self, rows):
            trap.read()
            return pixels.batch(rows)

    store = Trapped.__new__(Trapped)
    store.__dict__.update(pixels.__dict__)
    return store


def stop(tmp_path, how, pixels, epoch, made_from=MADE_FROM):
    """Train until the midst of the epoch after ``epoch``; what is left is the state."""
    state = State(tmp_path / "state", made_from, seconds=0)
    with pytest.raises(Exception, match="PowerCut"):
        fine_tune(how, TABLE, trapped(pixels, Trap(state.folder, epoch)), "", state)
    keras.utils.set_random_seed(epoch)  # another process starts elsewhere


def assert_same_run(one, other, how, folder):
    """The same bytes in every file of the run but run.json, which holds times."""
    for name, trained in (("one", one), ("other", other)):
        write_run(folder / name, trained.model, trained.tested, how, {}, {}, "")
    for path in (folder / "one").iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (folder / "other" / path.name).read_bytes(), path.name
    assert one.tested.images == other.tested.images


@pytest.mark.parametrize(
    ("network", "optimizer"), [("demo_plain", RMSPROP), ("demo_residual", SGD)]
)
def test_a_run_that_was_stopped_twice_has_the_bytes_of_one_that_ran_through(
    tmp_path, capsys, network, optimizer
):
    how, pixels = training(network, epochs=6, optimizer=optimizer), museum(tmp_path, TABLE)
    whole = fine_tune(how, TABLE, pixels, "")
    for epoch in (2, 4):
        stop(tmp_path, how, pixels, epoch)
    capsys.readouterr()
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    again = fine_tune(how, TABLE, pixels, "", state)
    printed = capsys.readouterr().out
    assert "goes on after epoch 4, from the state in" in printed
    assert "Epoch 5/6" in printed and "Epoch 4/6" not in printed
    assert state.resumed_after == [2, 4]
    assert_same_run(whole, again, how, tmp_path)


@pytest.mark.parametrize("after_best", [-1, 0, 2])
@pytest.mark.parametrize("restored", [True, False])
def test_early_stopping_decides_as_if_nothing_had_happened(tmp_path, after_best, restored):
    slow = Optimizer("sgd", 0.05, 0.9, True, 0.9, 1e-8, 0.004)
    how = training(epochs=40, patience=3, optimizer=slow, restore_best_weights=restored)
    pixels = museum(tmp_path, TABLE, contrast=6)
    whole = fine_tune(how, TABLE, pixels, "")
    best, last = int(whole.tested.history["val_loss"].argmin()) + 1, len(whole.tested.history)
    assert 1 < best < last == best + 3  # so that the best weights, the wait and the end are crossed
    assert whole.tested.metrics["best_epoch"] == (best if restored else last)
    stop(tmp_path, how, pixels, best + after_best)
    again = fine_tune(how, TABLE, pixels, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert_same_run(whole, again, how, tmp_path)


@pytest.mark.parametrize("patience", [7, 2])
def test_a_run_whose_training_was_over_is_not_trained_again(tmp_path, capsys, patience):
    how, pixels = training(epochs=5, patience=patience), museum(tmp_path, TABLE, contrast=2)
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    whole = fine_tune(how, TABLE, pixels, "", state)
    capsys.readouterr()
    again = fine_tune(how, TABLE, pixels, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert "Epoch" not in capsys.readouterr().out
    assert_same_run(whole, again, how, tmp_path)


@pytest.mark.parametrize(("patience", "epoch"), [(7, 2), (7, 4), (1, 2)])
def test_a_warm_up_and_what_follows_go_on_too(tmp_path, patience, epoch):
    how = training(epochs=6, head_warmup_epochs=3, patience=patience, optimizer=RMSPROP)
    pixels = museum(tmp_path, TABLE, contrast=20)
    whole = fine_tune(how, TABLE, pixels, "")
    stop(tmp_path, how, pixels, epoch)
    again = fine_tune(how, TABLE, pixels, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert_same_run(whole, again, how, tmp_path)


def test_a_head_goes_on_too(tmp_path):
    trap = Trap(tmp_path / "state", 5)

    class Trapped(np.ndarray):
        def __getitem__(self, key):
            trap.read()
            return np.asarray(self)[key]

    how, features = training(kind="head", epochs=8), normal(TABLE, 96, 0.5)
    whole = train_head(how, TABLE, features, "")
    with pytest.raises(Exception, match="PowerCut"):
        state = State(tmp_path / "state", MADE_FROM, seconds=0)
        train_head(how, TABLE, features.view(Trapped), "", state)
    again = train_head(how, TABLE, features, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert_same_run(whole, again, how, tmp_path)


def noisy() -> keras.Model:
    """A network with dropout and augmentation, whose seeds come from the process."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.RandomFlip()(inputs)
    x = keras.layers.RandomTranslation(0.2, 0.2)(x)
    x = keras.layers.Conv2D(8, 3, activation="relu")(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def fit_noisy(state: State | None, trap: Trap | None = None) -> tuple[keras.Model, pd.DataFrame]:
    images = np.random.default_rng(7).normal(size=(len(TABLE), 8, 8, 3)).astype(np.float32)

    def read(positions):
        if trap:
            trap.read()
        return images[positions]

    data, model = Data(TABLE, read), noisy()
    train = data.batches("train", 16, seed=1, order="shuffled")
    validation = data.batches("validation", 16)
    return model, fit(model, train, validation, training().method, 1, 6, state)


def test_dropout_and_augmentation_draw_on_where_they_stopped(tmp_path):
    keras.utils.set_random_seed(1)
    whole, history = fit_noisy(None)
    keras.utils.set_random_seed(1)
    with pytest.raises(Exception, match="PowerCut"):
        fit_noisy(State(tmp_path / "state", MADE_FROM, seconds=0), Trap(tmp_path / "state", 3))
    keras.utils.set_random_seed(99)
    model, again = fit_noisy(State(tmp_path / "state", MADE_FROM, seconds=0))
    pd.testing.assert_frame_equal(again, history, check_exact=True)
    assert same_weights(model, whole)
    keras.utils.set_random_seed(99)
    other, _ = fit_noisy(None)
    assert not same_weights(other, whole)  # the seeds did matter


def test_sigterm_ends_the_step_and_leaves_the_last_epoch(tmp_path):
    how, pixels = training(epochs=5), museum(tmp_path, TABLE)
    whole, state = (
        fine_tune(how, TABLE, pixels, ""),
        State(tmp_path / "state", MADE_FROM, seconds=0),
    )
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StudyError, match=r"SIGTERM\) in epoch 4, .* goes on after epoch 3"):
        fine_tune(how, TABLE, trapped(pixels, Trap(state.folder, 3, terminate=True)), "", state)
    assert signal.getsignal(signal.SIGTERM) == before
    again = fine_tune(how, TABLE, pixels, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert_same_run(whole, again, how, tmp_path)


@pytest.mark.parametrize("changed", ["settings", "code", "inputs"])
def test_the_state_of_another_training_is_discarded_with_a_message(tmp_path, capsys, changed):
    how, pixels = training(epochs=3), museum(tmp_path, TABLE)
    stop(tmp_path, training(epochs=3, batch_size=8), pixels, 2, MADE_FROM | {changed: "other"})
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    assert f"was made with other {changed}; discarded" in capsys.readouterr().out
    assert not state.folder.exists() and state.resumed_after == []
    again = fine_tune(how, TABLE, pixels, "", state)
    assert_same_run(fine_tune(how, TABLE, pixels, ""), again, how, tmp_path)


@pytest.mark.parametrize("file", ["arrays.npz", "state.json"])
def test_a_broken_state_is_discarded_with_a_message(tmp_path, capsys, file):
    stop(tmp_path, training(epochs=3), museum(tmp_path, TABLE), 2)
    broken = tmp_path / "state/epoch-0002" / file
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    assert "epoch-0002: this state is broken and is discarded" in capsys.readouterr().out
    assert state.saved is None and not state.folder.exists()


def test_a_broken_state_makes_way_for_the_one_before(tmp_path, monkeypatch):
    """And a folder that is named from where one stands, as jobs name it, does as well."""
    monkeypatch.chdir(tmp_path)
    stop(Path(), training(epochs=4), museum(tmp_path, TABLE), 2)
    shutil.copytree("state/epoch-0002", "state/epoch-0003")
    Path("state/epoch-0003/state.json").write_bytes(b"")
    state = State("state", MADE_FROM, seconds=0)
    assert state.saved.epoch == 2
    how, pixels = training(epochs=4), museum(tmp_path, TABLE)
    again = fine_tune(how, TABLE, pixels, "", state)
    assert [path.name for path in Path("state").iterdir()] == ["epoch-0004"]
    assert_same_run(fine_tune(how, TABLE, pixels, ""), again, how, tmp_path)


def test_an_attempt_that_came_to_nothing_is_remembered(tmp_path, monkeypatch):
    for job in ("12", "9", "9"):  # requeued, it has the same number
        monkeypatch.setenv("SLURM_JOB_ID", job)
        state = State(tmp_path / "state", MADE_FROM, seconds=0)
    assert state.report() == {"resumed_after": [], "jobs": ["12", "9"]}


def test_a_state_is_one_folder_that_is_not_archived_and_goes_when_the_run_is_there(tmp_path):
    pixels, folder = museum(tmp_path, TABLE), tmp_path / "results/state/run"
    (tmp_path / "results/state/run/.half-killed").mkdir(parents=True)
    state = State(folder, MADE_FROM, seconds=0)
    fine_tune(training(epochs=3), TABLE, pixels, "", state)
    assert [path.name for path in folder.iterdir()] == ["epoch-0003"]
    assert sorted(path.name for path in (folder / "epoch-0003").iterdir()) == [
        "arrays.npz",
        "state.json",
    ]
    record = read_json(folder / "epoch-0003/state.json")
    assert [row["epoch"] for row in record["history"]] == [1, 2, 3]
    assert set(record["made_from"]) == set(MADE_FROM)
    assert archived_files(tmp_path / "results") == []
    state.remove()
    assert list((tmp_path / "results/state").iterdir()) == []


def test_short_epochs_share_a_state(tmp_path):
    state = State(tmp_path / "state", MADE_FROM, seconds=3600)
    fine_tune(training(epochs=2), TABLE, museum(tmp_path, TABLE), "", state)
    assert not state.folder.exists()


def test_the_seconds_of_earlier_attempts_count(tmp_path):
    how, pixels = training(epochs=3), museum(tmp_path, TABLE)
    start = time.perf_counter()
    stop(tmp_path, how, pixels, 2)
    seconds = time.perf_counter() - start
    assert 0 < State(tmp_path / "state", MADE_FROM, seconds=0).earlier_seconds < seconds
