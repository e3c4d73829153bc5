"""Networks that others published: their files read, fetched, planned for, and refused."""

import pickle
import subprocess
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from art_transfer.checks import load_study
from art_transfer.collect.weights import fetch_weights
from art_transfer.errors import StudyError
from art_transfer.job_settings import FirstWeights
from art_transfer.settings import Run
from art_transfer.train.backbones import build, with_head
from art_transfer.train.run_folder import write_model
from builders import CONFIG, small_config
from hypothesis import given
from hypothesis import strategies as st
from keras_2_files import blob_hash, trained, whole, write
from training_data import CHECKPOINT, RANDOM, architecture

WHOLE = FirstWeights("keras_2_1", 0)


@pytest.mark.parametrize(
    ("network", "before", "mixed"),
    [
        *((network, 0, False) for network in ("demo_plain", "vgg19", "xception")),
        *((network, 94, True) for network in ("demo_residual", "inception_v3", "resnet50")),
    ],
)
def test_a_published_network_is_read_bit_for_bit(tmp_path, network, before, mixed):
    wanted = trained(network)
    layers = whole(wanted, before)
    if mixed:  # the list's order means nothing, and each version of Keras has another one
        layers = dict(sorted(layers.items(), key=lambda item: item[0][::-1]))
    write(layers, tmp_path / "weights.h5")
    found = build(architecture(network), WHOLE, tmp_path / "weights.h5")
    assert [w.path for w in found.weights] == [w.path for w in wanted.weights]
    for one, two in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy(), err_msg=one.path)


def predictions(model: keras.Model) -> np.ndarray:
    size = model.input_shape[1]
    images = np.random.default_rng(0).random((2, size, size, 3), dtype=np.float32)
    return model.predict_on_batch(images)


def test_batches_are_normalised_as_keras_2_did_by_the_network_and_by_its_children(tmp_path):
    """With a variance as small as epsilon, an epsilon of 1.001e-5 gives quite other features."""
    network = build(architecture("resnet50"), RANDOM, "")
    gamma, beta, mean, variance = network.get_layer("conv5_block3_3_bn").get_weights()
    variance = np.full_like(variance, 1e-3)
    network.get_layer("conv5_block3_3_bn").set_weights([gamma, beta, mean, variance])
    write(whole(network), tmp_path / "weights.h5")
    today = predictions(network)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, mean, variance + 1e-3 - 1.001e-5])
    then = predictions(network)
    found = build(architecture("resnet50"), WHOLE, tmp_path / "weights.h5")
    np.testing.assert_allclose(predictions(found), then, rtol=1e-3)
    assert not np.allclose(today, then, rtol=0.1)
    write_model(with_head(found, 3, 1), tmp_path / "model.keras")
    child = build(architecture("resnet50"), CHECKPOINT, tmp_path / "model.keras")
    np.testing.assert_array_equal(predictions(child), predictions(found))


def test_features_of_a_named_layer_come_from_a_published_network_too(tmp_path):
    wanted = trained("demo_plain")
    write(whole(wanted), tmp_path / "weights.h5")
    short = build(architecture("demo_plain", "block2_pool"), WHOLE, tmp_path / "weights.h5")
    assert short.output_shape == (None, 32)
    kernel = wanted.get_layer("block2_conv").get_weights()[0]
    np.testing.assert_array_equal(short.get_layer("block2_conv").get_weights()[0], kernel)


def other(path: Path) -> None:
    write(whole(trained("vgg19")), path)


def no_softmax(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    write({name: found for name, found in layers.items() if name != "dense_1"}, path)


def hidden_layer(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    hidden = {"kernel": np.zeros((64, 64), "f4"), "bias": np.zeros(64, "f4")}
    write(layers | {"dense_2": hidden}, path)


def other_width(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    write(
        layers | {"dense_1": {"kernel": np.zeros((96, 5), "f4"), "bias": np.zeros(5, "f4")}}, path
    )


def other_shape(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    kernel = layers["block2_first_conv"]["kernel"]
    write(layers | {"block2_first_conv": {"kernel": kernel[..., :-1]}}, path)


def a_bias_too_much(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    layers["stem_conv"]["bias"] = np.zeros(16, "f4")
    write(layers, path)


def doubles(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    layers["stem_conv"]["kernel"] = layers["stem_conv"]["kernel"].astype(float)
    write(layers, path)


def theano(path: Path) -> None:
    write(whole(trained("demo_residual")), path, backend="theano")


def keras_1(path: Path) -> None:
    write(whole(trained("demo_residual")), path, keras_version="1.2.2")


def whole_model(path: Path) -> None:
    """What ``model.save`` writes has the weights one group further down."""
    with h5py.File(path, "w") as file:
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.3"
        file.create_group("model_weights").attrs["layer_names"] = [b"conv"]


def new_layout(path: Path) -> None:
    trained("demo_residual").save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".weights.h5").rename(path)


def cut(path: Path) -> None:
    write(whole(trained("demo_residual")), path)
    path.write_bytes(path.read_bytes()[:-2000])


def web_page(path: Path) -> None:
    path.write_text("404: Not Found")


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(whole(trained("demo_residual"))))


def pickled_inside(path: Path) -> None:
    layers = whole(trained("demo_residual"))
    layers["stem_conv"]["kernel"] = np.void(pickle.dumps(layers["stem_conv"]["kernel"]))
    write(layers, path)


def from_another_file(path: Path) -> None:
    write(whole(trained("demo_residual")), path.with_name("other.h5"))
    write(whole(trained("demo_residual")), path)
    with h5py.File(path, "r+") as file:
        del file["stem_conv/stem_conv/kernel:0"]
        file["stem_conv/stem_conv/kernel:0"] = h5py.ExternalLink(
            "other.h5", "stem_conv/stem_conv/kernel:0"
        )


def gone(path: Path) -> None:
    pass


WRONG = {
    other: "no layer for stem_conv and 9 others of 10, but layers of its own: block1_conv1",
    no_softmax: "has none; expected one softmax, kernel (64, classes)",
    hidden_layer: "'dense_2'",
    other_width: "'kernel': (96, 5)",
    other_shape: "layer block2_first_conv has {'kernel': (3, 3, 24, 63)}; expected",
    a_bias_too_much: "layer stem_conv has",
    doubles: "stem_conv/stem_conv/kernel:0 is no array of 32-bit numbers",
    theano: "saved by Keras 2.1.3 with theano; expected Keras 2 with tensorflow",
    keras_1: "saved by Keras 1.2.2",
    whole_model: "layer_names",
    new_layout: "keras_version",
    cut: "truncated",
    web_page: "",
    pickled: "",
    pickled_inside: "stem_conv/stem_conv/kernel:0 is no array",
    from_another_file: "is no array of 32-bit numbers in this file",
    gone: "No such file",
}


@pytest.mark.parametrize("fault", WRONG, ids=lambda fault: fault.__name__)
def test_any_other_file_is_refused_with_the_layer_where_it_does_not_fit(tmp_path, fault):
    path = tmp_path / "weights.h5"
    fault(path)
    with pytest.raises(StudyError) as caught:
        build(architecture("demo_residual"), WHOLE, path)
    assert str(path) in str(caught.value)
    assert "no DemoResidual with its softmax as Keras 2.1 saved it" in str(caught.value)
    assert WRONG[fault] in str(caught.value)


@pytest.mark.parametrize(("one", "two"), [("xception", "inception_v3"), ("resnet50", "vgg19")])
def test_the_four_networks_are_not_mistaken_for_each_other(tmp_path, one, two):
    for network, file in ((one, two), (two, one)):
        write(whole(trained(file)), tmp_path / "weights.h5")
        with pytest.raises(StudyError, match=r"no layer for|beside the network's own"):
            build(architecture(network), WHOLE, tmp_path / "weights.h5")


@given(st.binary(max_size=300))
def test_gits_hash_is_gits(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("git")
    (folder / "file").write_bytes(content)
    fetch_weights(str(folder / "file"), f"git:{blob_hash(content)}", folder / "copy")
    assert (folder / "copy").read_bytes() == content


def test_a_file_that_git_knows_by_another_hash_is_not_kept(tmp_path):
    source, copy = tmp_path / "net.h5", tmp_path / "copy.h5"
    source.write_bytes(b"weights")
    told = subprocess.run(
        ["git", "hash-object", source], capture_output=True, text=True, check=True
    ).stdout.strip()
    fetch_weights(str(source), f"git:{told}", copy)
    copy.unlink()
    source.write_bytes(b"weighty")
    with pytest.raises(StudyError, match=f"the git is .*expects {told}; this is another file"):
        fetch_weights(str(source), f"git:{told}", copy)
    assert not copy.exists()


def file_of(name: str) -> dict[str, str]:
    return {"address": f"http://example.org/{name}.h5", "hash": f"git:{'0' * 40}"}


def published(tasks: tuple[str, ...] = ("material", "type"), **changes: object) -> dict:
    """The small study, whose museum starts from a network that saw the photographs."""
    file = {
        "expects": "tf",
        "layout": "keras_2_1",
        "tasks": {name: file_of(name) for name in tasks},
    }
    init = {"saw": ["photos"], "weights": {"demo_plain": file}}
    return small_config(
        **{"inits__theirs": init, "experiments__table__inits": ["theirs"], **changes}
    )


def test_each_task_has_its_own_file_features_and_runs(tmp_path):
    study, _ = load_study(published(), tmp_path)
    run = Run("museum", "type", "demo_plain", "theirs", "off_the_shelf", 1)
    assert study.parent(run) is None and run in study.runs
    assert study.first_file(run) == ["resources/weights/theirs-demo_plain-type.h5"]
    assert study.pinned("theirs", "demo_plain", "material") == study.pinned(
        "theirs", "demo_plain", "material"
    )
    assert study.pinned("theirs", "demo_plain", "type").address == "http://example.org/type.h5"
    assert study.features(run).endswith("features/museum/demo_plain/theirs/type/seed-1/unit")
    training = study.training(run)
    assert (training.first, training.expected_scaling) == (WHOLE, "tf")


SEEN = "begins with weights that have seen photos, as `inits.theirs.saw` says"
NEXT = {"collection": "museum", "init": "theirs", "method": "fine_tuning"}
MISTAKES = {
    "the collection itself": (
        published(experiments__table__collections=["photos"], experiments__table__tasks=["type"]),
        [SEEN, "runs/photos/type/demo_plain/theirs/"],
    ),
    "a pool that it is part of": (
        published(
            collections__pool={"source": "pooled", "collections": ["museum", "photos"]},
            experiments__table__collections=["pool"],
            experiments__table__tasks=["type"],
        ),
        [SEEN.replace("seen photos", "seen pool"), "runs/pool/type/demo_plain/theirs/"],
    ),
    "the same museum at another time": (
        published(collections__museum__shares_objects_with=["photos"]),
        [SEEN.replace("seen photos", "seen museum")],
    ),
    "the same museum, said of the other": (
        published(collections__photos__shares_objects_with=["museum"]),
        [SEEN.replace("seen photos", "seen museum")],
    ),
    "the same museum, not there": (
        published(collections__photos__shares_objects_with=["louvre"]),
        ["`collections.photos.shares_objects_with` names 'louvre'", "['museum', 'photos']"],
    ),
    "a part of a pool": (
        published(
            collections__pool={"source": "pooled", "collections": ["museum", "photos"]},
            inits__theirs__saw=["pool"],
            experiments__table__tasks=["type"],
        ),
        [SEEN.replace("seen photos", "seen museum")],
    ),
    "by way of another museum": (
        published(inits__next=NEXT)
        | {
            "experiments": {
                "back": {
                    "collections": ["photos"],
                    "tasks": ["type"],
                    "backbones": ["demo_plain"],
                    "inits": ["next"],
                    "methods": ["off_the_shelf"],
                }
            }
        },
        [SEEN, "runs/photos/type/demo_plain/next/"],
    ),
    "a figure": (
        published(
            figures__saliency__f={
                "collection": "photos",
                "tasks": ["type"],
                "backbone": "demo_plain",
                "before": {"init": "random", "method": "off_the_shelf"},
                "after": {"init": "theirs", "method": "off_the_shelf"},
            }
        ),
        [SEEN],
    ),
    "a task without a file": (
        published(tasks=("type",)),
        ["`inits.theirs.weights.demo_plain.tasks` has no file for the task 'material'", "['type']"],
    ),
    "a task that is none": (
        published(tasks=("type", "material", "colour")),
        ["`inits.theirs.weights.demo_plain.tasks`", "'colour'", "['material', 'type']"],
    ),
    "one file and several": (
        published(inits__theirs__weights__demo_plain__address="w.h5"),
        ["`inits.theirs.weights.demo_plain` has ['address', 'tasks']; expected `address` and"],
    ),
    "no file": (
        published(inits__files__weights__demo_plain={"expects": "unit"}),
        ["`inits.files.weights.demo_plain` has no file; expected"],
    ),
    "a file without a hash": (
        published(inits__files__weights__demo_plain__hash=None),
        ["`inits.files.weights.demo_plain` has ['address']; expected"],
    ),
    "a hash of another kind": (
        published(inits__files__weights__demo_plain__hash=f"sha1:{'0' * 40}"),
        ["`inits.files.weights.demo_plain.hash`", "git:[0-9a-f]{40}"],
    ),
    "another layout": (
        published(inits__theirs__weights__demo_plain__layout="keras_1"),
        ["`inits.theirs.weights.demo_plain.layout` is 'keras_1'", "'keras_2_1'"],
    ),
    "a museum that is none": (
        published(inits__theirs__saw=["louvre"]),
        ["`inits.theirs.saw` names 'louvre'", "['museum', 'photos']"],
    ),
    "chance has seen nothing": (
        published(inits__random__saw=["photos"]),
        ["`inits.random.saw` is for files of `weights`"],
    ),
    "a run says itself what it saw": (
        published(inits__photo_net__saw=["museum"]),
        ["`inits.photo_net.saw` is for files of `weights`"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_or_a_museum_seen_before_is_one_message(tmp_path, name):
    config, words = MISTAKES[name]
    with pytest.raises(StudyError) as caught:
        load_study(config, tmp_path)
    _, *lines = str(caught.value).splitlines()
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0]


def test_the_authors_networks_are_theta_hat_on_antwerp_and_refused_on_their_own_museum():
    given_ = {"extends": "published.yaml"}
    study, _ = load_study(given_, CONFIG / "beyond")
    assert {run.collection for run in study.runs} == {"antwerp"}
    theirs = [run for run in study.runs if run.init == "rijksnet"]
    assert len(theirs) == len(study.runs) // 2 == 16
    files = {study.first_file(run)[0] for run in theirs}
    assert len(files) == 8
    for run in theirs:
        pinned = study.pinned(run.init, run.backbone, run.task)
        task = {"artist": "creator"}.get(run.task, run.task)
        assert f"/models/{task}/" in pinned.address and f"/{task}_" in pinned.address
        assert study.training(run).scaling == study.training(run).expected_scaling
    again = {"experiments": {"table2": {**TABLE2, "inits": ["rijksnet"]}}}
    with pytest.raises(StudyError, match=r"have seen rijksmuseum, as `inits\.rijksnet\.saw` says"):
        load_study(given_ | again, CONFIG / "beyond")


TABLE2 = {
    "collections": ["rijksmuseum"],
    "tasks": ["artist"],
    "backbones": ["vgg19"],
    "methods": ["off_the_shelf"],
}
