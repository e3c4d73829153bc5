"""The study as a graph of runs: which there are and what each starts from."""

from collections import Counter
from dataclasses import replace
from importlib import metadata

import pytest
import yaml
from art_transfer.checks import load_study
from art_transfer.settings import Run
from art_transfer.study import Study
from builders import CONFIG, HASH, small_config


def shipped(name: str, **changes: object) -> Study:
    return load_study({**yaml.safe_load((CONFIG / name).read_text()), **changes}, CONFIG)[0]


@pytest.fixture(scope="module")
def paper() -> Study:
    return load_study({}, CONFIG)[0]


@pytest.fixture(scope="module")
def demo() -> Study:
    return shipped("demo.yaml")


def small(**changes: object) -> Study:
    return load_study(small_config(**changes), CONFIG)[0]


FOUR = ["xception", "inception_v3", "resnet50", "vgg19"]
TWO = ["off_the_shelf", "fine_tuning"]


def test_the_paper_has_its_59_runs_each_once(paper):
    rijks, antwerp = "rijksmuseum", "antwerp"
    three = ["material", "type", "artist"]
    table2 = [Run(rijks, t, b, "imagenet", m, 1) for t in three for b in FOUR for m in TWO]
    scratch = [Run(rijks, t, "inception_v3", "random", "from_scratch", 1) for t in three]
    table3 = [
        Run(antwerp, t, b, i, m, 1)
        for t in ["type", "artist"]
        for b in FOUR
        for i in ["imagenet", "rijksnet"]
        for m in TWO
    ]
    assert (len(table2), len(scratch), len(table3)) == (24, 3, 32)
    assert Counter(paper.runs) == Counter([*table2, *scratch, *table3])
    assert paper.experiment_runs("table2") == table2
    assert paper.experiment_runs("scratch_v3") == scratch
    assert paper.experiment_runs("table3") == table3


def test_features_depend_on_the_version_of_the_engine_that_computes_them(monkeypatch):
    """Keras's own is in the fingerprint of the code; heads are not concerned by either."""
    found = {}
    for version in ("1.0", "1.1"):
        monkeypatch.setattr(metadata, "version", {"openvino": version}.get)
        for engine in ("keras", "openvino"):
            ready = {"preprocessings__ready": {"engine": engine}}
            study = small(**ready, methods__off_the_shelf__preprocessing="ready")
            kinds = {name: method.kind for name, method in study.settings.methods.items()}
            run = next(run for run in study.runs if kinds[run.method] == "head")
            found[engine, version] = study.extraction(run, "ready"), study.training(run)
    assert found["keras", "1.0"] == found["keras", "1.1"]
    (old, head), (new, same) = (found["openvino", version] for version in ("1.0", "1.1"))
    assert old != new and head == same


def test_a_second_seed_doubles_the_runs_and_stays_within_itself():
    study = shipped("config.yaml", seeds=[1, 2])
    assert Counter(run.seed for run in study.runs) == {1: 59, 2: 59}
    assert all(study.parent(r).seed == r.seed for r in study.runs if r.init == "rijksnet")


def test_theta_hat_starts_from_the_rijksmuseum_run_of_the_same_task_network_and_seed(paper):
    runs = [run for run in paper.runs if run.init == "rijksnet"]
    assert len(runs) == 16
    for run in runs:
        parent = Run("rijksmuseum", run.task, run.backbone, "imagenet", "fine_tuning", run.seed)
        assert paper.parent(run) == parent
        assert parent in paper.runs
        assert paper.first_file(run) == [
            f"results/paper/runs/rijksmuseum/{run.task}/{run.backbone}/imagenet/fine_tuning"
            "/seed-1/model.keras"
        ]


def test_theta_starts_from_a_file_and_scratch_from_nothing(paper):
    for run in paper.runs:
        if run.init == "imagenet":
            assert paper.parent(run) is None
            assert paper.first_file(run) == [f"resources/weights/imagenet-{run.backbone}.h5"]
        if run.init == "random":
            assert paper.parent(run) is None and paper.first_file(run) == []


def test_the_museums_of_the_paper_and_their_tasks(paper):
    assert paper.used_collections == ["antwerp", "rijksmuseum"]
    assert set(paper.used_tasks("rijksmuseum")) == {"material", "type", "artist"}
    assert paper.used_tasks("antwerp") == ["type", "artist"]
    assert set(paper.tasks_of("rijksmuseum")) == {"material", "type", "artist"}


def test_weights_keep_the_end_that_keras_tells_formats_by():
    address = "http://example.org/net.weights.h5"
    files = {"demo_plain": {"address": address, "hash": HASH, "expects": "tf"}}
    study = small(inits__files__weights=files)
    assert study.weights("files", "demo_plain") == "resources/weights/files-demo_plain.weights.h5"


def test_the_demos_photographs_are_learned_once_for_all_tasks(demo):
    method = demo.settings.inits["photos"].method
    for backbone in {run.backbone for run in demo.runs}:
        learned = Run("photos", "type", backbone, "random", method, 1)
        users = [run for run in demo.runs if (run.init, run.backbone) == ("photos", backbone)]
        assert {demo.parent(run) for run in users} == {learned}
        assert [r for r in demo.runs if (r.collection, r.backbone) == ("photos", backbone)] == [
            learned
        ]
    assert {run.task for run in demo.runs if run.init == "photos"} == {"material", "type", "artist"}
    assert demo.shared_init("photos") and not demo.shared_init("museum_net")


def test_features_are_shared_where_the_init_allows_it(demo):
    own = Run("small_museum", "type", "demo_plain", "museum_net", "off_the_shelf", 1)
    assert demo.features(own) == (
        "results/demo/features/small_museum/demo_plain/museum_net/type/seed-1/unit"
    )
    by_chance = replace(own, init="random", seed=5)
    assert demo.features(by_chance).endswith("demo_plain/random/type/seed-5/unit")
    for task in ("type", "artist"):
        shared = replace(own, init="photos", task=task, seed=5)
        assert demo.features(shared) == "resources/small_museum/features/demo_plain/photos/unit"


def test_an_init_of_one_task_but_any_seed_is_not_shared_and_one_of_both_is():
    assert not small().shared_init("photo_net")  # its task is fixed, its seed is the run's own
    assert small(inits__photo_net__seed=3).shared_init("photo_net")
    assert small().shared_init("files") and not small().shared_init("random")


def together(**changes: object) -> Study:
    """Two tasks at once on the museum, beside each alone."""
    method = {**small_config()["methods"]["fine_tuning"], "kind": "multitask"}
    method["loss_weights"] = {"type": 1, "material": 1}
    table = small_config()["experiments"]["table"]
    grid = {**table, "inits": ["random", "photo_net"], "methods": ["fine_tuning", "both"]}
    return small(methods__both=method, experiments__table=grid, **changes)


def test_runs_of_several_tasks_at_once_share_a_training():
    study = together(seeds=[1, 2])
    assert study.joint_runs == [
        Run("museum", "", "demo_plain", init, "both", seed)
        for init in ("random", "photo_net")
        for seed in (1, 2)
    ]
    one = study.joint_runs[2]
    assert one.folder == "joint/museum/demo_plain/photo_net/both/seed-1"
    for task in ("material", "type"):
        assert replace(one, task=task) in study.runs
        assert study.parent(replace(one, task=task)) == study.parent(one)
    assert study.first_file(one) == [
        "results/small/runs/photos/type/demo_plain/random/fine_tuning/seed-1/model.keras"
    ]
    assert not small().joint_runs


def test_a_network_of_several_tasks_starts_from_another_one_without_a_task():
    net = {"collection": "museum", "init": "random", "method": "both"}
    table = small_config()["experiments"]["table"]
    grid = {**table, "collections": ["other"], "inits": ["net"], "methods": ["both", "fine_tuning"]}
    other = small_config()["collections"]["museum"]
    study = together(inits__net=net, experiments__more=grid, collections__other=other)
    child = Run("other", "", "demo_plain", "net", "both", 1)
    parent = Run("museum", "", "demo_plain", "random", "both", 1)
    assert {child, parent} <= set(study.joint_runs)
    assert study.parent(child) == parent
    assert study.first_file(child) == [f"results/small/{parent.folder}/model.keras"]
    alone = replace(child, task="type", method="fine_tuning")
    assert study.parent(alone) == replace(parent, task="type")


def chain(length: int, **changes: object) -> Study:
    """Museums m0, m1, ...; the network of each is the init of the next."""
    museum = {"source": "synthetic", "museum": "large_museum"}
    net = {"init": "random", "method": "fine_tuning"}
    inits = {"random": {"random": "he_uniform"}}
    for step in range(1, length):
        inits[f"i{step}"] = {**net, "collection": f"m{step - 1}"}
        net = {"init": f"i{step}", "method": "fine_tuning"}
    last = {"collections": [f"m{length - 1}"], "tasks": ["material"], "backbones": ["demo_plain"]}
    config = {
        "collections": {
            f"m{step}": {**museum, "objects": 9, "seed": step} for step in range(length)
        },
        "inits": inits,
        "experiments": {"t": {**last, "inits": [net["init"]], "methods": ["fine_tuning"]}},
        "seeds": [1, 2],
    }
    return small(**(config | changes))


@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_a_chain_of_museums_may_have_any_length(length):
    study = chain(length)
    expected = {
        Run(f"m{n}", "material", "demo_plain", f"i{n}" if n else "random", "fine_tuning", seed)
        for n in range(length)
        for seed in (1, 2)
    }
    assert set(study.runs) == expected and len(study.runs) == len(expected)
    for run in study.runs:
        step = int(run.collection[1:])
        before = f"i{step - 1}" if step > 1 else "random"
        parent = f"runs/m{step - 1}/material/demo_plain/{before}/fine_tuning/seed-{run.seed}"
        assert study.first_file(run) == ([f"results/small/{parent}/model.keras"] if step else [])


def test_a_task_and_a_seed_that_an_init_fixes_hold_for_all_that_lies_behind_it():
    inits = chain(3).settings.inits
    blocks = {
        name: {key: value for key, value in vars(init).items() if value is not None}
        for name, init in inits.items()
    }
    blocks["i2"] |= {"task": "type", "seed": 9}
    study = chain(3, inits=blocks)
    last = Run("m2", "material", "demo_plain", "i2", "fine_tuning", 2)
    middle = Run("m1", "type", "demo_plain", "i1", "fine_tuning", 9)
    first = Run("m0", "type", "demo_plain", "random", "fine_tuning", 9)
    assert (study.parent(last), study.parent(middle)) == (middle, first)
    assert set(study.runs) == {last, replace(last, seed=1), middle, first}


def test_a_fixed_split_is_the_first_seeds():
    for fixed, seed in ((False, 4), (True, 7)):
        study = small(seeds=[7, 4], splits={"fixed": fixed})
        assert study.split("museum", "type", 4) == (
            f"results/small/splits/museum/type/seed-{seed}.csv"
        )


def scaled(**changes: object) -> Study:
    """``caffe`` weights; ``net`` was trained from them as ``fine_tuning`` says, ``far`` from it."""
    run = {"collection": "museum", "method": "fine_tuning"}
    return small(
        preprocessings={"unit": {"scaling": "unit"}, "matched": {"scaling": "matched"}},
        inits__files__weights__demo_plain__expects="caffe",
        inits__net={**run, "init": "files"},
        inits__far={**run, "init": "net"},
        **changes,
    )


def test_what_a_network_expects_is_what_it_was_trained_with():
    study = scaled(methods__fine_tuning__preprocessing="unit")
    inits = ("files", "random", "net", "far")
    assert [study.expected_scaling("demo_plain", init) for init in inits] == [
        "caffe",
        "unit",
        "unit",
        "unit",
    ]
    assert study.scaling("demo_plain", "files", "unit") == "unit"
    assert study.scaling("demo_plain", "net", "matched") == "unit"


def test_matched_scaling_goes_through_a_chain():
    study = scaled(methods__fine_tuning__preprocessing="matched")
    for init in ("files", "net", "far"):
        assert study.expected_scaling("demo_plain", init) == "caffe"
        assert study.scaling("demo_plain", init, "matched") == "caffe"
        assert study.scaling("demo_plain", init, "unit") == "unit"
    assert study.scaling("demo_plain", "random", "matched") == "unit"
    training = study.training(Run("museum", "type", "demo_plain", "far", "fine_tuning", 1))
    assert (training.scaling, training.expected_scaling) == ("caffe", "caffe")


def test_random_weights_follow_the_seed_and_those_of_a_file_do_not():
    study = small(seeds=[1, 2])
    run = Run("museum", "type", "demo_plain", "random", "fine_tuning", 2)
    assert study.training(run).first.seed == 2
    first = study.training(replace(run, init="files")).first
    assert (first.kind, first.seed) == ("weights", 0)
    assert study.training(replace(run, init="photo_net")).first.kind == "run"


def test_the_figures_runs_are_runs_of_the_study():
    trained = {"init": "random", "method": "fine_tuning"}
    figure = {
        "collection": "photos",
        "tasks": ["type"],
        "backbone": "demo_plain",
        "before": trained,
        "after": trained | {"method": "off_the_shelf"},
    }
    study = small(figures={"saliency": {"f": figure}})
    before = Run("photos", "type", "demo_plain", "random", "fine_tuning", 1)
    after = replace(before, method="off_the_shelf")
    assert study.saliency_runs("f") == [(before, after)]
    assert {before, after} <= set(study.reported_runs)
    assert study.runs.count(before) == 1


def test_a_chain_leads_from_a_run_back_to_the_first_weights(demo):
    run = Run("small_museum", "artist", "demo_plain", "museum_net", "off_the_shelf", 1)
    assert demo.chain(run) == [
        run,
        Run("large_museum", "artist", "demo_plain", "photos", "fine_tuning", 1),
        Run("photos", "type", "demo_plain", "random", "pretraining", 1),
    ]


def test_the_run_that_predicts_is_the_one_that_is_named():
    name = "museum/type/demo_plain/files/off_the_shelf/seed-1"
    study = small(predict={"run": name, "images": "a"})
    assert study.predicting == Run("museum", "type", "demo_plain", "files", "off_the_shelf", 1)
    assert small().predicting is None


def test_new_statistics_alone_are_no_transfer():
    """They are a control: what was learned elsewhere is the same on both sides."""
    study = small(
        inits__photo_net__seed=1,
        inits__renewed={"batch_norm": "updated", "init": "photo_net", "preprocessing": "unit"},
        experiments__table__inits=["photo_net", "renewed", "random"],
        experiments__table__tasks=["type"],
    )
    assert {run.init for run in study.runs} >= {"renewed"} and study.transfers == []


def test_a_network_may_come_back_to_its_museum_where_the_split_is_the_same():
    """A to B and back to A, and from all tasks at once, are tested on nothing they learned."""
    away = {"collection": "photos", "init": "random", "method": "fine_tuning"}
    back = {"collection": "museum", "init": "random", "method": "fine_tuning"}
    study = small(
        inits__there=back,
        inits__away=away | {"init": "there", "task": "type"},
        experiments__table__inits=["away"],
        experiments__table__tasks=["type"],
    )
    assert [run.collection for run in study.chain(study.runs[0])] == ["museum", "photos", "museum"]
