"""From config files to one complete study."""

import copy
import random
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from art_transfer.check_files import check_configs, check_definitions, check_folders
from art_transfer.checks import load_study
from art_transfer.config import load, read_files, with_arguments
from art_transfer.errors import StudyError
from art_transfer.files import write_yaml
from art_transfer.settings import Init, Optimizer, Run, Trained, canonical, from_mapping
from builders import CONFIG, small_config

METHOD_DEFAULTS = {
    "classifier": "none",
    "training_preprocessing": "",
    "train_share": 1.0,
    "preprocessing": "unit",
    "optimizer": {
        "name": "sgd",
        "learning_rate": 0.1,
        "momentum": 0.0,
        "nesterov": False,
        "rho": 0.9,
        "epsilon": 1e-8,
        "weight_decay": 0.004,
    },
    "batch_size": 32,
    "epochs": 100,
    "patience": 7,
    "restore_best_weights": True,
    "schedule": "constant",
    "schedule_warmup_epochs": 0,
    "label_smoothing": 0.0,
    "order": "shuffled",
    "augmentation": "none",
    "standardize": False,
    "batch_norm": "batch",
    "frozen_layers": 0,
    "head_warmup_epochs": 0,
    "mixed_precision": "none",
    "jit_compile": False,
    "gpus": 1,
    "loss_weights": {},
}
FIGURES = ["mosaic", "curves", "saliency", "collapse", "layers", "learning_curves", "transfers"]
TASK_DEFAULTS = {
    "choose": "first",
    "roles": [],
    "drop_roles": [],
    "role_separator": "",
    "name_form": "as_given",
    "mapping": "",
    "value_separators": "",
    "unknown": [],
    "min_objects": 3,
    "permute_labels": False,
}
COLLECTION_DEFAULTS = {
    "title": "",
    "shares_objects_with": [],
    "shards": 1,
    "max_unreadable_share": 0.01,
    "ask_again": 0,
    "web": {
        "requests_per_second": 2,
        "workers": 4,
        "retries": 6,
        "backoff": 2,
        "timeout": 60,
        "max_megabytes": 200,
        "slow_down": [],
        "other_hosts": [],
        "headers": {},
    },
}


def save(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return path


def test_a_small_config_is_completed_with_every_default(tmp_path):
    given = small_config()
    assert load(given, tmp_path) == {
        "study": "small",
        "title": "",
        "seeds": [1],
        "threads": 2,
        "published": "",
        "contact": "",
        "collections": {
            "museum": {
                **COLLECTION_DEFAULTS,
                "source": "folder",
                "folder": "somewhere",
                "tasks": [],
                "metadata": "metadata.csv",
                "columns": {"object_id": "object_id", "image": "image"},
                "list_separator": "",
            },
            "photos": {
                **COLLECTION_DEFAULTS,
                "source": "synthetic",
                "museum": "photos",
                "objects": 10,
                "seed": 1,
                "tasks": ["type"],
            },
        },
        "tasks": {
            "material": {"field": "materials", **TASK_DEFAULTS},
            "type": {"field": "types", **TASK_DEFAULTS},
        },
        "splits": {"rule": "stratified", "fixed": False, "group_near_duplicates": False},
        "pixels": {"fit": "stretch", "filter": "nearest"},
        "backbones": {"demo_plain": {"size": 32, "network": ""}},
        "preprocessings": {
            "unit": {
                "scaling": "unit",
                "layer": "last",
                "batch_norm": "inference",
                "engine": "keras",
            }
        },
        "inits": {
            **small_config()["inits"],
            "files": {
                "weights": {
                    "demo_plain": {
                        **small_config()["inits"]["files"]["weights"]["demo_plain"],
                        "layout": "notop",
                    }
                },
            },
        },
        "methods": {
            "fine_tuning": {"kind": "fine_tuning", **METHOD_DEFAULTS},
            "off_the_shelf": {"kind": "head", **METHOD_DEFAULTS},
        },
        "experiments": {"table": {"title": "", **small_config()["experiments"]["table"]}},
        "figures": {name: {} for name in FIGURES},
    }
    assert given == small_config(), "what the user gave must stay as it was"


def test_the_defaults_of_one_config_are_not_those_of_the_next(tmp_path):
    first = load(small_config(), tmp_path)
    first["seeds"].append(2)
    first["collections"]["museum"]["columns"]["title"] = "Titel"
    second = load(small_config(), tmp_path)
    assert second["seeds"] == [1] and set(second["collections"]["museum"]["columns"]) == {
        "object_id",
        "image",
    }


def test_a_complete_config_is_complete(tmp_path):
    """``run_config.yaml`` can be given as the config of the same study."""
    once = load(small_config(), tmp_path)
    assert load(yaml.safe_load(yaml.safe_dump(once)), tmp_path) == once


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_that_we_ship_is_right(path):
    load_study(yaml.safe_load(path.read_text()), path.parent)


def test_a_config_without_a_study_changes_the_default_study():
    changed = load({"seeds": [3], "methods": {"fine_tuning": {"epochs": 2}}}, CONFIG)
    expected = load(yaml.safe_load((CONFIG / "config.yaml").read_text()), CONFIG)
    assert expected["seeds"] == [1] and expected["methods"]["fine_tuning"]["epochs"] == 100
    expected["seeds"] = [3]
    expected["methods"]["fine_tuning"]["epochs"] = 2
    assert changed == expected


def test_a_given_study_does_not_merge_with_the_default():
    assert set(load(small_config(), CONFIG)["collections"]) == {"museum", "photos"}


def test_extends_is_relative_to_the_file_that_says_so_and_chains(tmp_path):
    base = small_config(title="base", threads=3, methods__fine_tuning__epochs=5)
    save(tmp_path / "deep" / "er" / "base.yaml", base)
    save(tmp_path / "deep" / "middle.yaml", {"extends": "er/base.yaml", "title": "middle"})
    top = {"extends": "deep/middle.yaml", "seeds": [4], "inits": {"more": {"random": "he_uniform"}}}
    loaded = load(top, tmp_path)
    assert (loaded["title"], loaded["threads"], loaded["seeds"]) == ("middle", 3, [4])
    assert loaded["methods"]["fine_tuning"]["epochs"] == 5
    assert list(loaded["inits"]) == ["files", "more", "photo_net", "random"]
    assert "extends" not in loaded


def test_lists_are_replaced_and_null_removes(tmp_path):
    save(tmp_path / "base.yaml", small_config(seeds=[1, 2], methods__fine_tuning__epochs=5))
    loaded = load(
        {
            "extends": "base.yaml",
            "seeds": [7],
            "tasks": {"material": None},
            "methods": {"fine_tuning": {"epochs": None}},
            "experiments": {"table": None},
        },
        tmp_path,
    )
    assert loaded["seeds"] == [7]
    assert set(loaded["tasks"]) == {"type"}
    assert loaded["methods"]["fine_tuning"]["epochs"] == 100, "the default, not the base's value"
    assert loaded["experiments"] == {}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ["no file", "a.yaml"]),
        ({"a.yaml": "extends: b.yaml", "b.yaml": "extends: a.yaml"}, ["a.yaml", "itself"]),
        ({"a.yaml": "extends: a.yaml"}, ["a.yaml", "itself"]),
        ({"a.yaml": "extends: sub/gone.yaml"}, ["no file", "sub/gone.yaml"]),
        ({"a.yaml": "study: [1, 2"}, ["a.yaml", "no YAML"]),
        ({"a.yaml": b"title: caf\xe9"}, ["a.yaml", "no YAML"]),
        ({"a.yaml": "- study"}, ["a.yaml", "mapping", "list"]),
        ({"a.yaml": ""}, ["a.yaml", "mapping", "NoneType"]),
    ],
)
def test_a_base_that_cannot_be_extended_is_named(tmp_path, files, words):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudyError) as caught:
        load({"study": "x", "extends": "a.yaml"}, tmp_path)
    for word in words:
        assert word in str(caught.value)


def test_values_on_the_command_line_are_read_as_yaml(tmp_path):
    given = with_arguments(
        small_config(),
        {"seeds": ["1", "2"], "threads": 4, "title": "A study: of: colons", "splits": "fixed"},
    )
    assert given["seeds"] == [1, 2] and given["threads"] == 4
    assert given["title"] == "A study: of: colons" and given["splits"] == "fixed"
    texts = {"images": "photos #2", "from": "2024-01-31", "number": "'14'", "title": "From A: to B"}
    assert with_arguments({}, texts) == texts | {"number": "14"}
    nested = with_arguments(small_config(), {"splits": {"fixed": "true"}})
    assert load(nested, tmp_path)["splits"]["fixed"] is True


def shuffled(value: object, order: random.Random) -> object:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return value


def test_the_order_of_keys_and_the_way_of_writing_change_no_settings(tmp_path):
    def texts(config: dict[str, object]) -> set[str]:
        study, _ = load_study(copy.deepcopy(config), tmp_path)
        return {canonical(study.training(run)) for run in study.runs} | {
            canonical(study.source(name)) for name in study.settings.collections
        }

    plain = texts(small_config())
    assert texts(shuffled(small_config(), random.Random(5))) == plain
    quoted = yaml.safe_dump(small_config(), default_style='"', default_flow_style=True)
    assert texts(yaml.safe_load(quoted)) == plain
    numbers = {"learning_rate": 1.0e-1, "momentum": 0, "name": "sgd"}
    assert texts(small_config(methods__fine_tuning__optimizer=numbers)) == plain
    swapped = small_config(methods__fine_tuning__epochs=7, methods__fine_tuning__patience=100)
    assert len(texts(swapped) & plain) == len(plain) - 7  # seven runs are fine-tuned


def test_several_config_files_are_laid_over_each_other(tmp_path):
    one = save(tmp_path / "one.yaml", {"study": "é", "splits": {"rule": "a", "fixed": True}})
    two = save(tmp_path / "two.yaml", {"splits": {"rule": "b"}, "seeds": [2]})
    merged = {"study": "é", "splits": {"rule": "b", "fixed": True}, "seeds": [2]}
    assert read_files([one, two]) == merged
    assert read_files([]) == {}
    with pytest.raises(StudyError) as caught:
        read_files([one, tmp_path / "three.yaml"])
    assert str(caught.value) == f"there is no config file {tmp_path / 'three.yaml'}"


def test_what_extends_says_is_told_whole_when_it_is_wrong(tmp_path):
    for text, message in (
        ("- 1", "expected a mapping of keys, found list"),
        ("a: [", "this is no YAML: while parsing a flow node"),
    ):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(StudyError) as caught:
            load({"extends": "a.yaml"}, tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / 'a.yaml'}: {message}")
    for text, message in (
        ("extends: a.yaml", f"{tmp_path / 'a.yaml'} extends itself"),
        ("extends: 7", f"there is no file {tmp_path / '7'}"),
    ):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(StudyError) as caught:
            load({"extends": "a.yaml"}, tmp_path)
        assert str(caught.value) == f"config key `extends`: {message}"


def test_another_study_can_be_the_default(tmp_path):
    save(tmp_path / "mine.yaml", small_config(threads=3))
    assert load({"seeds": [5]}, tmp_path, "mine.yaml")["threads"] == 3
    given = {"extends": "mine.yaml"}
    load(given, tmp_path)
    assert given == {"extends": "mine.yaml"}


def test_settings_are_one_line_of_text(tmp_path):
    run = Run("musée", "type", "vgg19", "random", "m", 1)
    text = (
        '{"backbone": "vgg19", "collection": "musée", "init": "random", "method": "m", '
        '"seed": 1, "task": "type"}'
    )
    assert canonical(run) == text
    assert canonical({"b": [run], "a": None}) == f'{{"a": null, "b": [{text}]}}'


def test_settings_come_from_a_mapping_with_their_types():
    weights = {"address": "a", "hash": "h", "expects": "tf", "layout": "notop"}
    values = {"weights": {"net": weights}, "seed": 4}
    init = from_mapping(Init, values)
    assert init.weights["net"].expects == "tf" and (init.seed, init.task) == (4, None)
    assert from_mapping(Init, {"weights": None, "random": "he"}) == Init(random="he")
    optimizer = from_mapping(Optimizer, METHOD_DEFAULTS["optimizer"] | {"momentum": 0})
    assert isinstance(optimizer.momentum, float) and optimizer.nesterov is False
    with pytest.raises(TypeError, match="colour"):
        from_mapping(Trained, {"init": "a", "method": "b", "colour": "red"})
    with pytest.raises(TypeError, match="method"):
        from_mapping(Trained, {"init": "a"})


@pytest.fixture
def collected(tmp_path):
    """A museum as the study ``small`` has collected it."""
    study, _ = load_study(small_config(), tmp_path)
    definition = {"study": "small", "source": asdict(study.source("museum"))}
    write_yaml(tmp_path / "museum" / "collection.yaml", definition)
    return tmp_path


def test_two_studies_may_not_mean_two_museums_by_one_name(collected):
    other, _ = load_study(
        small_config(study="other", collections__museum__folder="elsewhere"), collected
    )
    with pytest.raises(StudyError) as caught:
        check_definitions(other, collected)
    for word in ("'museum'", "'small'", "'other'", "somewhere", "elsewhere"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        small_config(collections__museum__folder="elsewhere"),  # the same study changes its mind
        small_config(study="other"),
        small_config(study="other", collections__museum__title="Called otherwise"),
    ],
)
def test_a_study_may_change_its_own_museum_and_share_that_of_another(collected, config):
    check_definitions(load_study(config, collected)[0], collected)


def test_the_order_of_keys_in_a_file_means_nothing(tmp_path):
    def turned(value):
        if not isinstance(value, dict):
            return value
        return {key: turned(value[key]) for key in reversed(value)}

    one, two = load(small_config(), tmp_path), load(turned(small_config()), tmp_path)
    assert yaml.safe_dump(one, sort_keys=False) == yaml.safe_dump(two, sort_keys=False)


def test_a_key_that_stands_twice_is_a_message(tmp_path):
    """YAML's own reader takes the last one: a task would be gone without a word."""
    text = "study: own\ntasks:\n  artist: {field: creators}\n  artist: {field: materials}\n"
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(StudyError) as caught:
        check_configs([str(tmp_path / "own.yaml")])
    assert str(caught.value) == (
        f"{tmp_path}/own.yaml: this is no YAML: the key `artist` stands twice in the block of "
        "line 3"
    )
    merged = "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n"
    (tmp_path / "own.yaml").write_text(merged)
    assert read_files([tmp_path / "own.yaml"])["b"] == {"x": 3, "y": 2}
    # What merges and replaces may be merged again, from wherever it stands.
    deep = "f: {a: &c {x: 1}, b: &d {<<: *c, x: 2}}\ng: {e: {<<: *d, x: 3}}\n"
    (tmp_path / "own.yaml").write_text(deep)
    assert read_files([tmp_path / "own.yaml"])["g"] == {"e": {"x": 3}}


def test_a_key_that_is_no_text_is_a_message(tmp_path):
    (tmp_path / "own.yaml").write_text("where: {1930: [a], t: [b]}\n")
    with pytest.raises(StudyError, match="the key `1930` in the block of line 1 is no text: put"):
        read_files([tmp_path / "own.yaml"])


def test_a_museum_s_folder_has_no_project_in_it(tmp_path, monkeypatch):
    """Its results would be files of the museum, and each new one would change it."""
    inside = tmp_path / "museum" / "project"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    for folder in (".", "..", str(tmp_path)):
        study, _ = load_study(small_config(collections__museum__folder=folder), inside)
        with pytest.raises(StudyError, match=r"`collections\.museum\.folder` is .* this project"):
            check_folders(study)
    check_folders(load_study(small_config(collections__museum__folder="images"), inside)[0])
