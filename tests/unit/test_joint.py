"""One network for several tasks: what it learns from, and that its runs are like all others."""

import keras
import numpy as np
import pandas as pd
import pytest
from art_transfer.files import read_json
from art_transfer.formats import HISTORY
from art_transfer.job_settings import Training
from art_transfer.prepare.joint_splits import joint_splits
from art_transfer.prepare.pixels import PixelStore
from art_transfer.settings import Run
from art_transfer.train.backbones import HEAD, head_of
from art_transfer.train.fitting import history_columns
from art_transfer.train.joint import Joint, JointData, train_joint
from art_transfer.train.joint import tested_on_task as on_task
from art_transfer.train.joint_folder import write_joint
from art_transfer.train.run_folder import write_run
from art_transfer.train.scaling import scale
from art_transfer.train.state import State
from art_transfer.train.training import Trained, fine_tune
from test_state import MADE_FROM, Trap, trapped
from training_data import SGD, museum, painted, pixel_store, same_weights, split_table, training

TYPE = split_table(train=45, validation=15, test=13)


def artists() -> pd.DataFrame:
    """Artists of two objects in three, dealt out otherwise than the types, and of a few more."""
    table = TYPE.sort_values("object_id", ignore_index=True).iloc[::3].copy()
    table = pd.concat([table, TYPE[~TYPE["object_id"].isin(table["object_id"])].iloc[::2]])
    table["label"] = [f"artist {number % 2}" for number in range(len(table))]
    places = np.random.default_rng(4).permutation(len(table))
    table["split"] = np.array(["train", "train", "train", "validation", "test"])[places % 5]
    more = split_table(train=9, validation=2, test=2, classes=2)
    more["object_id"] = "more-" + more["object_id"]
    more["label"] = more["label"].str.replace("class", "artist")
    return pd.concat([table, more], ignore_index=True)


SPLITS = {"artist": artists(), "type": TYPE}
EVERY = pd.concat(SPLITS.values()).drop_duplicates("object_id", ignore_index=True)
WEIGHTS = {"artist": 0.5, "type": 2.0}


def multitask(task: str = "", **changes) -> Training:
    """The settings of the joint training, or of one of its tasks."""
    how = training(**{"kind": "multitask", "loss_weights": WEIGHTS, **changes})
    run = Run("museum", task, how.run.backbone, "random", "multitask", how.run.seed)
    return Training(run, *list(vars(how).values())[1:])


def trained(how: Training, pixels: PixelStore, splits=SPLITS, state: State | None = None) -> Joint:
    classes = {task: sorted(split["label"].unique()) for task, split in splits.items()}
    return train_joint(how, classes, joint_splits(splits, "museum"), pixels, "", state)


def run_of(folder, task: str, joint: Joint, pixels: PixelStore, splits=SPLITS, **changes):
    """The run of one task, through the files of the joint training."""
    table = joint_splits(splits, "museum")
    write_joint(folder, joint, table, multitask(**changes), {}, {}, "")
    history = pd.read_csv(folder / "history.csv")
    model = str(folder / "model.keras")
    wanted = multitask(task, **changes)
    return on_task(wanted, splits[task], table, history, pixels, model)


def flipped(splits, objects) -> dict[str, pd.DataFrame]:
    """The same with the labels of these (object, task) moved to another class."""
    after = {}
    for task, split in splits.items():
        names = sorted(split["label"].unique())
        hit = [(name, task) in objects for name in split["object_id"]]
        other = split["label"].map(dict(zip(names, [*names[1:], names[0]], strict=True)))
        after[task] = split.assign(label=split["label"].where(~np.array(hit), other))
    return after


def labels(splits) -> set[tuple[str, str]]:
    return {(name, task) for task, split in splits.items() for name in split["object_id"]}


def counting() -> set[tuple[str, str]]:
    table = joint_splits(SPLITS, "museum")
    return set(zip(table["object_id"], table["task"], strict=True))


def test_labels_that_do_not_count_change_nothing_and_those_that_do_change_something(tmp_path):
    pixels = museum(tmp_path, EVERY)
    joint = trained(multitask(), pixels)
    silent = labels(SPLITS) - counting()
    kinds = {
        (task, split.set_index("object_id")["split"][name])
        for task, split in SPLITS.items()
        for name in split["object_id"]
        if (name, task) in silent
    }
    assert {part for _, part in kinds} == {"train", "validation", "test"}
    same = trained(multitask(), pixels, flipped(SPLITS, silent))
    assert same_weights(joint.model, same.model)
    pd.testing.assert_frame_equal(joint.history, same.history, check_exact=True)
    table = joint_splits(SPLITS, "museum")
    for task in SPLITS:
        one = table[(table["task"] == task) & (table["split"] == "train")].iloc[0]
        other = trained(multitask(), pixels, flipped(SPLITS, {(one["object_id"], task)}))
        assert not same_weights(joint.model, other.model), task


def test_images_that_a_task_tests_are_never_seen_and_those_that_one_validates_on_teach_nothing(
    tmp_path,
):
    images = painted(EVERY, 60)
    joint = trained(multitask(epochs=2), pixel_store(tmp_path / "as they are", images))
    tables = pd.concat(SPLITS.values())
    for part in ("test", "validation"):
        hit = set(tables.loc[tables["split"] == part, "object_id"])
        assert hit and hit & set(tables.loc[tables["split"] == "train", "object_id"])
        changed = {name: 255 - image if name in hit else image for name, image in images.items()}
        again = trained(multitask(epochs=2), pixel_store(tmp_path / part, changed))
        learned = [name for name in joint.history if not name.startswith("val_")]
        checked = joint.history.columns if part == "test" else learned
        pd.testing.assert_frame_equal(
            again.history[checked], joint.history[checked], check_exact=True
        )
    trained_on = joint_splits(SPLITS, "museum").query("split == 'train'")["object_id"]
    changed = {n: 255 - i if n == trained_on.iloc[0] else i for n, i in images.items()}
    other = trained(multitask(epochs=2), pixel_store(tmp_path / "train", changed))
    assert not other.history[learned].equals(joint.history[learned])


@pytest.mark.parametrize("network", ["demo_plain", "demo_residual"])
def test_with_a_weight_of_zero_the_other_task_is_as_if_trained_alone(tmp_path, network):
    ordered = TYPE.sort_values("object_id", ignore_index=True)
    places = range(len(ordered))
    artist = ordered.assign(label=[f"artist {number // 3 % 2}" for number in places])
    splits, pixels = {"artist": artist, "type": ordered}, museum(tmp_path / "pixels", ordered)
    weights = {"artist": 0.0, "type": 1.0}
    joint = trained(multitask(network=network, loss_weights=weights), pixels, splits)
    changes = {"network": network, "loss_weights": weights}
    run = run_of(tmp_path / "joint", "type", joint, pixels, splits, **changes)
    alone = fine_tune(training(network), ordered, pixels, "")
    assert same_weights(run.model, alone.model)
    pd.testing.assert_frame_equal(run.tested.history, alone.tested.history, rtol=1e-5)
    pd.testing.assert_frame_equal(
        run.tested.predictions, alone.tested.predictions, check_exact=True
    )
    assert (
        run.tested.classes == alone.tested.classes
        and run.tested.calibration == alone.tested.calibration
    )
    for layer in joint.model.layers:  # the other softmax is where it began
        if layer.name == head_of("artist"):
            assert not layer.get_weights()[1].any()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_weighted_sum_of_the_tasks_mean_losses(tmp_path, smoothing):
    how = multitask(label_smoothing=smoothing, optimizer=SGD, epochs=3)
    history = trained(how, museum(tmp_path, EVERY)).history
    assert list(history) == history_columns(how.method)
    for start in ("", "val_"):
        sums = sum(
            weight * history[f"{start}{head_of(task)}_mean_loss"]
            for task, weight in WEIGHTS.items()
        )
        np.testing.assert_allclose(history[f"{start}loss"], sums, rtol=1e-4)


def test_each_label_of_a_task_weighs_as_much_as_the_others_and_their_mean_is_one():
    table = joint_splits(SPLITS, "museum")
    classes = {task: sorted(split["label"].unique()) for task, split in SPLITS.items()}
    data = JointData(table, classes, lambda positions: positions.astype(np.float32))
    for part in ("train", "validation"):
        batches = data.batches(part, 16)
        found = [batches[number] for number in range(len(batches))]
        ids = table["object_id"].drop_duplicates().to_numpy()
        for task, names in classes.items():
            rows = [
                (ids[int(position)], names[number], weight)
                for inputs, numbers, weights in found
                for position, number, weight in zip(
                    inputs, numbers[head_of(task)], weights[head_of(task)], strict=True
                )
            ]
            own = table[(table["task"] == task) & (table["split"] == part)]
            known = {name: label for name, label, weight in rows if weight}
            assert known == dict(zip(own["object_id"], own["label"], strict=True))
            assert {weight for *_, weight in rows} <= {0, np.float32(len(rows) / len(own))}


def test_a_task_is_tested_on_its_own_test_objects_by_its_own_softmax(tmp_path):
    pixels = museum(tmp_path / "pixels", EVERY)
    joint = trained(multitask(), pixels)
    table = joint_splits(SPLITS, "museum")
    for task, split in SPLITS.items():
        run: Trained = run_of(tmp_path / "joint", task, joint, pixels)
        test = split[split["split"] == "test"].set_index("object_id")
        assert run.tested.predictions["object_id"].tolist() == sorted(test.index)
        said = run.tested.predictions.set_index("object_id")
        assert (said["label"] == test["label"][said.index]).all()
        images = scale(pixels.batch(pixels.rows(said.index)), "unit")
        probability = joint.model.predict_on_batch(images)[head_of(task)]
        np.testing.assert_allclose(probability.max(axis=1), said["probability"], rtol=1e-5)
        named = np.array(run.tested.classes)[probability.argmax(axis=1)]
        assert (named == said["predicted"]).all()
        assert run.model.output_names == [HEAD] and run.tested.classes == sorted(
            set(split["label"])
        )
        best = joint.history.set_index("epoch").loc[joint.best_epoch]
        assert run.tested.metrics["best_epoch"] == joint.best_epoch
        validated = table[(table["task"] == task) & (table["split"] == "validation")]
        assert run.tested.metrics["validation"]["n"] == len(validated)
        assert run.tested.metrics["validation"]["loss"] == best[f"val_{head_of(task)}_mean_loss"]
        assert list(run.tested.history) == HISTORY
        assert run.tested.images == len(test)


def test_the_sum_of_the_losses_chooses_the_epoch(tmp_path):
    how = multitask(epochs=40, patience=3, loss_weights={"artist": 0.1, "type": 1.0})
    joint = trained(how, museum(tmp_path, EVERY, contrast=25))
    losses = joint.history["val_loss"].tolist()
    assert joint.best_epoch == losses.index(min(losses)) + 1 == len(losses) - 3 > 1
    short = trained(
        multitask(**{**vars(how.method), "epochs": joint.best_epoch}),
        museum(tmp_path / "again", EVERY, contrast=25),
    )
    assert same_weights(joint.model, short.model)


def test_a_warm_up_trains_all_softmaxes_alone_first(tmp_path):
    pixels = museum(tmp_path, EVERY)
    before = trained(multitask(epochs=2, head_warmup_epochs=1), pixels)
    heads = {head_of(task) for task in SPLITS}
    first = keras.models.clone_model(before.model)
    assert heads <= {layer.name for layer in first.layers}
    assert before.history["epoch"].tolist() == [1, 2] and before.best_epoch == 2


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_training_that_was_stopped_has_the_bytes_of_one_that_ran_through(tmp_path, epoch):
    how, pixels = multitask(network="demo_residual", epochs=4), museum(tmp_path, EVERY)
    whole = trained(how, pixels)
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    with pytest.raises(Exception, match="PowerCut"):
        trained(how, trapped(pixels, Trap(state.folder, epoch)), state=state)
    keras.utils.set_random_seed(epoch)  # another process starts elsewhere
    state = State(tmp_path / "state", MADE_FROM, seconds=0)
    again = trained(how, pixels, state=state)
    assert state.resumed_after == [epoch]
    table = joint_splits(SPLITS, "museum")
    for name, joint in (("one", whole), ("other", again)):
        write_joint(tmp_path / name, joint, table, how, {}, {}, "")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        *["history.csv", "labels.json", "model.keras", "preprocessing.json", "run.json"],
        "splits.csv",
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_run_of_a_task_leaves_the_files_of_every_run(tmp_path):
    pixels = museum(tmp_path / "pixels", EVERY)
    run = run_of(tmp_path / "joint", "artist", trained(multitask(), pixels), pixels)
    write_run(tmp_path / "run", run.model, run.tested, multitask("artist"), {}, {}, "")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *["calibration.json", "history.csv", "labels.json", "metrics.json", "model.keras"],
        *["predictions.parquet", "preprocessing.json", "run.json"],
    }
    record = read_json(tmp_path / "run/run.json")
    assert record["run"]["task"] == "artist" and record["settings"]["method"]["loss_weights"]
    joint = read_json(tmp_path / "joint/run.json")
    assert joint["run"]["task"] == "" and joint["best_epoch"] == run.tested.metrics["best_epoch"]
    assert joint["parameters"] > record["parameters"]
