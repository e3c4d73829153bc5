"""Every mistake in a config is one message that names the key, the value and what is allowed."""

import copy
import datetime

import pytest
import yaml
from art_transfer.check_files import check_published
from art_transfer.checks import load_study
from art_transfer.errors import StudyError
from builders import small_config

NET = {"collection": "museum", "init": "random", "method": "fine_tuning"}
SALIENCY = {
    "collection": "museum",
    "tasks": ["type"],
    "backbone": "demo_plain",
    "before": {"init": "random", "method": "off_the_shelf"},
    "after": {"init": "random", "method": "fine_tuning"},
}
FILE = {"address": "w.h5", "hash": "sha256:" + "0" * 64, "expects": "unit"}
TABLE = small_config()["experiments"]["table"]
TOGETHER = {
    **small_config()["methods"]["fine_tuning"],
    "kind": "multitask",
    "loss_weights": {"material": 1, "type": 0.5},
}
TEXT = "YAML reads '1e-8' as text: write it with a point, as 1.0e-8"
UNQUOTED = "and without quotes"
QUOTES = "YAML reads it as no text: put it in quotes (in `--config` in two kinds, '\"…\"')"

SVM = {"kind": "classifier", "classifier": "linear_svm", "preprocessing": "unit"}
AGAIN = {"batch_norm": "updated", "init": "files", "preprocessing": "unit"}
OF_INITS = {
    "collection": "museum",
    "tasks": ["type"],
    "backbone": "demo_plain",
    "inits": ["files"],
    "methods": ["off_the_shelf"],
}
JSON = {
    "source": "json_api",
    "address": "https://museum.example/api",
    "fields": {"object_id": "id", "image": "image"},
}
MISTAKES = {
    # unknown keys
    "top": ({"sead": [1]}, ["the config", "`sead`", "did you mean `seeds`?", "'tasks'"]),
    "collection_key": (
        {"collections__museum__titel": "M"},
        ["`collections.museum`", "`titel`", "did you mean `title`?", "'list_separator'"],
    ),
    "key_of_another_source": (
        {"collections__museum__objects": 5},
        ["`collections.museum`", "`objects`", "allowed", "'folder'"],
    ),
    "column": (
        {"collections__museum__columns": {"object_id": "i", "image": "j", "creator": "k"}},
        ["`collections.museum.columns`", "`creator`", "did you mean `creators`?"],
    ),
    "optimizer_key": (
        {"methods__fine_tuning__optimizer__lr": 0.1},
        ["`methods.fine_tuning.optimizer`", "`lr`", "'learning_rate'"],
    ),
    "experiment_key": ({"experiments__table__task": ["type"]}, ["`task`", "`tasks`"]),
    "split_key": ({"splits": {"rules": "stratified"}}, ["`splits`", "`rules`", "`rule`?"]),
    "figure_key": ({"figures": {"mosiac": {}}}, ["`figures`", "`mosiac`", "`mosaic`?"]),
    # wrong types
    "text_for_a_number": (
        {"methods__fine_tuning__epochs": "ten"},
        ["`methods.fine_tuning.epochs`", "'ten' (str)", "integer"],
    ),
    "1e-8": (
        {"methods__fine_tuning__optimizer__epsilon": yaml.safe_load("1e-8")},
        ["`methods.fine_tuning.optimizer.epsilon`", "'1e-8'", "number", TEXT],
    ),
    "float_for_an_integer": (
        {"collections__museum__shards": 6.0},
        ["`collections.museum.shards`", "6.0 (float)", "integer"],
    ),
    "nan": (
        {"methods__fine_tuning__optimizer__learning_rate": float("nan")},
        ["`methods.fine_tuning.optimizer.learning_rate`", "nan", "number"],
    ),
    "bool_for_an_integer": ({"threads": True}, ["`threads`", "True (bool)", "integer"]),
    "number_for_text": ({"title": 2024}, ["`title`", "2024 (int)", "string", "quotes"]),
    "date_among_values": (
        {"collections__museum": JSON | {"where": {"when": yaml.safe_load("[1930-01-01]")}}},
        ["`collections.museum.where.when.0`", "(date)", "string or number or boolean", "quotes"],
    ),
    "address_of_no_record": (
        {"collections__museum": JSON | {"record_address": "https://museum.example/one"}},
        ["`collections.museum.record_address`", "{id"],
    ),
    "address_of_no_image": (
        {"collections__museum": JSON | {"image_address": "https://museum.example/full.jpg"}},
        ["`collections.museum.image_address`", "{image"],
    ),
    "address_of_no_harvested_image": (
        {
            "collections__museum": {
                "source": "oai_pmh",
                "address": "https://museum.example/oai",
                "image_address": "https://museum.example/full.jpg",
            }
        },
        ["`collections.museum.image_address`", "{image"],
    ),
    "norway": (
        {"tasks__type__unknown": yaml.safe_load("[anonymous, no]")},
        ["`tasks.type.unknown.1`", "False (bool)", "string", "quotes"],
    ),
    "one_for_many": (
        {"experiments__table__tasks": "type"},
        ["`experiments.table.tasks`", "'type' (str)", "array"],
    ),
    "list_for_a_block": ({"methods": []}, ["`methods`", "[] (list)", "object"]),
    # out of range, not among the choices, repeated
    "seed_that_numpy_has_not": (
        {"inits__photo_net__seed": 4294967296},
        ["`inits.photo_net.seed`", "4294967296", "at most 4294967295"],
    ),
    "zero": ({"threads": 0}, ["`threads`", " 0;", "integer", "at least 1"]),
    "share": (
        {"collections__museum__max_unreadable_share": 1.5},
        ["`collections.museum.max_unreadable_share`", "1.5", "at least 0", "at most 1"],
    ),
    "rate": (
        {"methods__fine_tuning__optimizer__learning_rate": 0},
        ["`methods.fine_tuning.optimizer.learning_rate`", " 0;", "number of more than 0"],
    ),
    "two_objects": ({"tasks__type__min_objects": 2}, ["`tasks.type.min_objects`", "at least 3"]),
    "choice": ({"pixels": {"fit": "squash"}}, ["`pixels.fit`", "'squash'", "'crop', 'pad'"]),
    "source": (
        {"collections__museum__source": "louvre"},
        ["`collections.museum.source`", "'louvre'", "'folder', 'synthetic'"],
    ),
    "made_up_museum": (
        {"collections__photos__museum": "louvre"},
        ["`collections.photos.museum`", "'louvre'", "'large_museum'"],
    ),
    "twice": ({"seeds": [1, 2, 1]}, ["`seeds`", "[1, 2, 1]", "without an item twice"]),
    "empty": (
        {"experiments__table__methods": []},
        ["`experiments.table.methods`", "[]", "at least 1 items"],
    ),
    "no_collections": ({"collections": {}}, ["`collections`", "{}", "at least 1 keys"]),
    "hash": (
        {"inits__files__weights__demo_plain__hash": "sha256:abc"},
        ["`inits.files.weights.demo_plain.hash`", "'sha256:abc'", "[0-9a-f]{64}"],
    ),
    "head_on_two": (
        {"methods__off_the_shelf__gpus": 2},
        ["`methods.off_the_shelf.gpus`", " 2;", "kind head", "allows 1"],
    ),
    # missing keys
    "no_methods": ({"methods": None}, ["the config lacks", "`methods`"]),
    "no_kind": ({"methods__fine_tuning__kind": None}, ["`methods.fine_tuning` lacks", "`kind`"]),
    "no_objects": ({"collections__photos__objects": None}, ["`collections.photos`", "`objects`"]),
    "two_missing": (
        {"experiments__table": {"tasks": ["type"], "inits": ["random"], "methods": ["a"]}},
        ["`experiments.table` lacks", "`collections`, `backbones`"],
    ),
    "image_column": (
        {"collections__museum__columns": {"object_id": "i"}},
        ["`collections.museum.columns` lacks", "`image`"],
    ),
    # names of blocks
    "capital": ({"methods__Fine": small_config()["methods"]["fine_tuning"]}, ["'Fine'", "lower"]),
    "slash": ({"tasks__a/b": {"field": "types"}}, ["`tasks`", "'a/b'", "lower"]),
    "number": ({"tasks__1": None, "tasks": {1890: {"field": "types"}}}, ["`tasks`", "1890"]),
    "study": ({"study": "My Study"}, ["`study`", "'My Study'", "[a-z0-9_]"]),
    # names that lead nowhere
    **{
        f"unknown_{key}": (
            {f"experiments__table__{key}": ["nowhere"]},
            [f"`experiments.table.{key}`", "'nowhere'", f"not in `{key}`", known],
        )
        for key, known in {
            "methods": "['fine_tuning', 'off_the_shelf']",
            "inits": "['files', 'photo_net', 'random']",
            "tasks": "['material', 'type']",
            "backbones": "['demo_plain']",
            "collections": "['museum', 'photos']",
        }.items()
    },
    "preprocessing": (
        {"methods__fine_tuning__preprocessing": "tf"},
        ["`methods.fine_tuning.preprocessing`", "'tf'", "['unit']"],
    ),
    "task_of_a_collection": (
        {"collections__museum__tasks": ["artist"]},
        ["`collections.museum.tasks`", "'artist'", "['material', 'type']"],
    ),
    "experiment": (
        {
            "figures__curves__f": {
                "collection": "museum",
                "experiments": ["table3"],
                "tasks": ["type"],
            }
        },
        ["`figures.curves.f.experiments`", "'table3'", "['table']"],
    ),
    "mosaic": (
        {"figures__mosaic__f": {"collections": ["louvre"]}},
        ["`figures.mosaic.f.collections`", "'louvre'", "['museum', 'photos']"],
    ),
    "saliency": (
        {"figures__saliency__f": SALIENCY | {"after": {"init": "theta", "method": "fine_tuning"}}},
        ["`figures.saliency.f.after.init`", "'theta'", "'photo_net'"],
    ),
    "parent_collection": (
        {"inits__net": NET | {"collection": "louvre"}},
        ["`inits.net.collection`", "'louvre'", "['museum', 'photos']"],
    ),
    "parent_method": (
        {"inits__net": NET | {"method": "magic"}},
        ["`inits.net.method`", "'magic'", "['fine_tuning', 'off_the_shelf']"],
    ),
    "parent_task": (
        {"inits__net": NET | {"task": "artist"}},
        ["`inits.net.task`", "'artist'", "['material', 'type']"],
    ),
    "weights_of_nobody": (
        {"inits__files__weights__vgg": FILE},
        ["`inits.files.weights`", "'vgg'", "['demo_plain']"],
    ),
    # inits that make no sense
    "itself": ({"inits__net": NET | {"init": "net"}}, ["`inits.net`", "itself", "net -> net"]),
    "ring": (
        {"inits__a": NET | {"init": "b"}, "inits__b": NET | {"init": "c"}}
        | {"inits__c": NET | {"init": "a"}, "inits__leads_in": NET | {"init": "b"}},
        ["`inits.a`", "itself", "a -> b -> c -> a"],
    ),
    "two_kinds": (
        {"inits__random__collection": "museum"},
        ["`inits.random`", "['random', 'collection']", "expected one"],
    ),
    "no_kind_of_init": ({"inits__none": {"task": "type"}}, ["`inits.none`", "none of `weights`"]),
    "chance_with_a_seed": ({"inits__random__seed": 4}, ["`inits.random`", "random", "['seed']"]),
    "half_a_run": (
        {"inits__net": {"collection": "museum", "init": "random"}},
        ["`inits.net`", "lacks", "`method`"],
    ),
    "task_that_the_source_lacks": (
        {"inits__photo_net__task": None},
        ["`inits.photo_net`", "photos", "'material'", "it has: ['type']"],
    ),
    "task_that_the_collection_lacks": (
        {"experiments__table__collections": ["photos"]},
        ["`experiments.table.tasks`", "photos", "'material'", "it has: ['type']"],
    ),
    "task_that_a_figure_wants": (
        {"figures__saliency__f": SALIENCY | {"collection": "photos", "tasks": ["material"]}},
        ["`figures.saliency.f.tasks`", "photos", "'material'", "['type']"],
    ),
    # methods
    "warm_up_for_ever": (
        {"methods__fine_tuning__head_warmup_epochs": 100},
        ["`methods.fine_tuning.head_warmup_epochs` is 100", "`epochs`", "are 100"],
    ),
    "warm_up_of_a_head": (
        {"methods__off_the_shelf__head_warmup_epochs": 1},
        ["`methods.off_the_shelf.head_warmup_epochs`", "kind head"],
    ),
    "frozen_layers_of_a_head": (
        {"methods__off_the_shelf__frozen_layers": 1},
        ["`methods.off_the_shelf.frozen_layers`", "kind head"],
    ),
    "head_without_optimizer": (
        {"methods__off_the_shelf__optimizer": None},
        ["`methods.off_the_shelf`", "lacks", "`optimizer`", "kind head"],
    ),
    "classifier_of_a_head": (
        {"methods__off_the_shelf__classifier": "linear_svm"},
        ["`methods.off_the_shelf.classifier`", "'linear_svm'", "'head'"],
    ),
    "classifier_that_is_none": (
        {"methods__svm": {"kind": "classifier", "preprocessing": "unit"}},
        ["`methods.svm.classifier`", "'none'", "'classifier'"],
    ),
    "epochs_of_a_classifier": (
        {"methods__svm": SVM | {"epochs": 5}},
        ["`methods.svm.epochs`", "kind classifier", "leave it out"],
    ),
    "optimizer_of_a_classifier": (
        {"methods__svm": SVM | {"optimizer": {"name": "sgd", "learning_rate": 0.1}}},
        ["`methods.svm.optimizer`", "kind classifier"],
    ),
    "init_from_a_classifier": (
        {"methods__svm": SVM, "inits__photo_net__method": "svm"},
        ["`inits.photo_net.method`", "'svm'", "no network"],
    ),
    "saliency_of_a_classifier": (
        {
            "methods__svm": SVM,
            "figures__saliency__f": SALIENCY | {"before": {"init": "files", "method": "svm"}},
        },
        ["`figures.saliency.f.before.method`", "'svm'", "no network"],
    ),
    "training_preprocessing_that_is_not_there": (
        {"methods__off_the_shelf__training_preprocessing": "batch"},
        ["`methods.off_the_shelf.training_preprocessing`", "'batch'", "['unit']"],
    ),
    "training_preprocessing_of_another_layer": (
        {
            "preprocessings__deep": {"layer": "block1_conv"},
            "methods__off_the_shelf__training_preprocessing": "deep",
        },
        ["`methods.off_the_shelf.training_preprocessing`", "'deep'", "the layer of 'unit'"],
    ),
    "training_preprocessing_of_fine_tuning": (
        {"methods__fine_tuning__training_preprocessing": "unit"},
        ["`methods.fine_tuning.training_preprocessing`", "a head only"],
    ),
    "folded_for_fine_tuning": (
        {
            "preprocessings__folded": {"batch_norm": "folded"},
            "methods__fine_tuning__preprocessing": "folded",
        },
        ["`methods.fine_tuning.preprocessing`", "'folded'", "trains the whole network"],
    ),
    "openvino_for_fine_tuning": (
        {
            "preprocessings__quick": {"engine": "openvino"},
            "methods__fine_tuning__preprocessing": "quick",
        },
        ["`methods.fine_tuning.preprocessing`", "'quick'", "trains the whole network"],
    ),
    "openvino_with_a_batchs_own_statistics": (
        {"preprocessings__quick": {"engine": "openvino", "batch_norm": "batch"}},
        ["`preprocessings.quick.engine`", "its `batch_norm` is batch", "`engine: keras`"],
    ),
    "tested_on_a_batchs_own_statistics": (
        {
            "preprocessings__batch": {"batch_norm": "batch"},
            "methods__off_the_shelf__preprocessing": "batch",
        },
        ["`methods.off_the_shelf.preprocessing`", "'batch'", "`training_preprocessing`"],
    ),
    # batch-norm statistics
    "statistics_of_nothing": (
        {"inits__again": {"batch_norm": "updated", "preprocessing": "unit"}},
        ["`inits.again`", "lacks the key `init`"],
    ),
    "statistics_seen_nohow": (
        {"inits__again": {"batch_norm": "updated", "init": "files"}},
        ["`inits.again`", "lacks the key `preprocessing`"],
    ),
    "statistics_of_random_weights": (
        {"inits__again": {"batch_norm": "updated", "init": "random", "preprocessing": "unit"}},
        ["`inits.again.init`", "'random'", "each task or seed"],
    ),
    "statistics_and_a_task": (
        {"inits__again": AGAIN | {"task": "type"}},
        ["`inits.again`", "batch_norm", "['task']"],
    ),
    "statistics_of_statistics": (
        {
            "inits__again": AGAIN,
            "inits__twice": AGAIN | {"init": "again"},
            "experiments__table__inits": ["twice"],
        },
        ["`inits.twice.init`", "'again'", "anew already"],
    ),
    "statistics_that_saw": (
        {"inits__again": AGAIN | {"saw": ["photos"]}},
        ["`inits.again.saw`", "'files'"],
    ),
    "a_parent_that_ends_early": (
        {
            "preprocessings__middle": {"layer": "block_2"},
            "methods__half": small_config()["methods"]["fine_tuning"] | {"preprocessing": "middle"},
            "inits__photo_net__method": "half",
            "experiments__table__inits": ["photo_net"],
            "experiments__table__methods": ["fine_tuning"],
        },
        ["photo_net", "ends at the layer 'block_2'", "`methods.fine_tuning`"],
    ),
    "statistics_of_a_network_that_ends_early": (
        {
            "preprocessings__middle": {"layer": "block_2"},
            "inits__again": AGAIN | {"preprocessing": "middle"},
            "experiments__table__inits": ["again"],
            "experiments__table__methods": ["fine_tuning"],
        },
        ["`inits.again`, which ends at the layer 'block_2'", "`methods.fine_tuning`"],
    ),
    # devices, schedules and optimisers
    "gpus_that_share_no_batch": (
        {"methods__fine_tuning__gpus": 3},
        ["`methods.fine_tuning.gpus`", "batches of 32", "multiple"],
    ),
    "a_rise_without_a_fall": (
        {
            "methods__fine_tuning__epochs": 8,
            "methods__fine_tuning__head_warmup_epochs": 3,
            "methods__fine_tuning__schedule": "cosine",
            "methods__fine_tuning__schedule_warmup_epochs": 5,
        },
        ["`methods.fine_tuning.schedule_warmup_epochs` is 5", "5 of the `epochs`"],
    ),
    "a_setting_that_the_optimiser_does_not_have": (
        {"methods__fine_tuning__optimizer__weight_decay": 0.1},
        ["`methods.fine_tuning.optimizer.weight_decay` is 0.1", "sgd does not have", "0.004"],
    ),
    "too_many_lines_for_a_figure": (
        {"figures__layers": {"f": OF_INITS | {"inits": [f"i{n}" for n in range(7)]}}},
        ["`figures.layers.f.inits`"],
    ),
    "preprocessing_of_another_init": (
        {"inits__files__preprocessing": "unit"},
        ["`inits.files.preprocessing`", "`batch_norm`"],
    ),
    # figures beyond the paper
    "figure_of_no_experiment": (
        {"figures__collapse": {"f": {"experiments": ["tabel"]}}},
        ["`figures.collapse.f.experiments`", "'tabel'", "['table']"],
    ),
    "figure_of_no_method": (
        {"figures__layers": {"f": OF_INITS | {"methods": ["probe"]}}},
        ["`figures.layers.f.methods`", "'probe'"],
    ),
    "figure_of_no_museum": (
        {"figures__learning_curves": {"f": OF_INITS | {"collection": "met"}}},
        ["`figures.learning_curves.f.collection`", "'met'"],
    ),
    "figure_of_a_task_that_is_lacking": (
        {"figures__layers": {"f": OF_INITS | {"collection": "photos", "tasks": ["material"]}}},
        ["`figures.layers.f.tasks`", "photos", "'material'"],
    ),
    # several tasks at once
    "weights_of_a_single_task": (
        {"methods__fine_tuning__loss_weights": {"type": 1, "material": 1}},
        ["`methods.fine_tuning.loss_weights`", "kind multitask, not fine_tuning"],
    ),
    "one_task_at_once": (
        {"methods__m": TOGETHER | {"loss_weights": {"type": 1}}},
        ["`methods.m.loss_weights` is {'type': 1.0}", "two tasks or more"],
    ),
    "no_task_that_counts": (
        {"methods__m": TOGETHER | {"loss_weights": {"type": 0, "material": 0}}},
        ["`methods.m.loss_weights`", "at least one with a weight above 0"],
    ),
    "weight_below_zero": (
        {"methods__m": TOGETHER | {"loss_weights": {"type": 1, "material": -1}}},
        ["`methods.m.loss_weights.material`", "-1", "at least 0"],
    ),
    "unknown_task_at_once": (
        {"methods__m": TOGETHER | {"loss_weights": {"type": 1, "colour": 1}}},
        ["`methods.m.loss_weights`", "'colour'", "['material', 'type']"],
    ),
    "no_order_balances_two_tasks": (
        {"methods__m": TOGETHER | {"order": "class_balanced"}},
        ["`methods.m.order`", "'class_balanced'", "'shuffled' and 'fixed'"],
    ),
    "whole_networks_are_not_standardised": (
        {"methods__m": TOGETHER | {"standardize": True}},
        ["`methods.m.standardize`", "whole networks see pixels"],
    ),
    "task_at_once_that_the_collection_lacks": (
        {
            "methods__m": TOGETHER,
            "experiments__table": TABLE
            | {"collections": ["photos"], "tasks": ["type"], "inits": ["random"], "methods": ["m"]},
        },
        ["`methods.m.loss_weights`", "'material'", "photos lacks", "it has: ['type']"],
    ),
    "task_that_was_not_trained": (
        {
            "tasks__place": {"field": "types"},
            "methods__m": TOGETHER,
            "experiments__table": TABLE
            | {"tasks": ["place"], "inits": ["random"], "methods": ["m"]},
        },
        ["runs/museum/place/demo_plain/random/m/seed-1", "'place'", "only ['material', 'type']"],
    ),
    "a_network_of_its_own_for_each_task": (
        {
            "methods__m": TOGETHER,
            "inits__net": NET,
            "experiments__table": TABLE | {"inits": ["net"], "methods": ["m"]},
        },
        ["`inits.net`", "'m' trains one network for all", "a `task`", "kind multitask"],
    ),
    # objects that a network before was trained on
    "another_seed": (
        {
            "inits__net": NET | {"seed": 1},
            "seeds": [1, 2],
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        [
            "/net/fine_tuning/seed-2 begins with runs/museum/",
            "/random/fine_tuning/seed-1",
            "`seed`",
        ],
    ),
    "another_task": (
        {
            "inits__net": NET | {"task": "material"},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/type/demo_plain/net", "runs/museum/material/", "`inits.net`", "`task`"],
    ),
    "another_task_by_way_of_others": (
        {
            "inits__net": NET | {"task": "material"},
            "inits__far": NET | {"collection": "photos", "init": "net", "task": "type"},
            "experiments__table": TABLE | {"inits": ["far"]},
        },
        ["runs/museum/type/demo_plain/far", "runs/museum/material/", "another split of museum"],
    ),
    "museum_with_the_name_of_a_table": (
        {"collections__between": {"source": "folder", "folder": "elsewhere"}},
        ["`collections.between`", "near-duplicates"],
    ),
    "pool_of_two_that_share_objects": (
        {
            "collections__both": {"source": "pooled", "collections": ["museum", "other"]},
            "collections__other": {
                "source": "folder",
                "folder": "elsewhere",
                "shares_objects_with": ["museum"],
            },
        },
        ["`collections.both.collections` has museum and other, which share objects"],
    ),
    "pool_of_one_museum_under_two_names": (
        {
            "collections__both": {"source": "pooled", "collections": ["museum", "twin"]},
            "collections__twin": {"source": "folder", "folder": "somewhere"},
        },
        ["`collections.both.collections` has museum and twin, which share objects"],
    ),
    "pool_of_one_museum_read_in_two_ways": (
        {
            "collections__both": {"source": "pooled", "collections": ["museum", "twin"]},
            "collections__twin": {
                "source": "folder",
                "folder": "./elsewhere/../somewhere/",
                "list_separator": "|",
            },
        },
        ["`collections.both.collections` has museum and twin, which share objects"],
    ),
    "part_of_a_pool": (
        {
            "collections__both": {"source": "pooled", "collections": ["museum", "photos"]},
            "inits__net": NET | {"collection": "both"},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/material/demo_plain/net", "another split of both"],
    ),
    "a_pool_that_another_museum_shares_objects_with": (
        {
            "collections__both": {"source": "pooled", "collections": ["museum", "photos"]},
            "collections__other": {
                "source": "folder",
                "folder": "elsewhere",
                "shares_objects_with": ["both"],
            },
            "inits__net": NET | {"collection": "other"},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/material/demo_plain/net", "another split of other"],
    ),
    "one_museum_under_two_names": (
        {
            "collections__twin": {"source": "folder", "folder": "somewhere"},
            "inits__net": NET | {"collection": "twin", "seed": 7},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/material/demo_plain/net", "another split of twin"],
    ),
    "one_museum_spelled_in_two_ways": (
        {
            "collections__twin": {"source": "folder", "folder": "somewhere/"},
            "inits__net": NET | {"collection": "twin", "seed": 7},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/material/demo_plain/net", "another split of twin"],
    ),
    "one_museum_read_in_two_ways": (  # whose labels, and so whose splits, may be others
        {
            "collections__twin": {
                "source": "folder",
                "folder": "somewhere",
                "list_separator": "|",
            },
            "inits__net": NET | {"collection": "twin"},
            "experiments__table": TABLE | {"inits": ["net"]},
        },
        ["runs/museum/material/demo_plain/net", "another split of twin"],
    ),
    "a_larger_part_of_a_made_up_museum": (
        {
            "collections__more": {
                "source": "synthetic",
                "museum": "photos",
                "objects": 90,
                "tasks": ["type"],
            },
            "inits__net": NET | {"collection": "more", "seed": 7},
            "experiments__table": TABLE
            | {"collections": ["photos"], "tasks": ["type"], "inits": ["net"]},
        },
        ["runs/photos/type/demo_plain/net", "another split of more"],
    ),
    # names that are taken
    "table_of_every_study": ({"experiments__gains": TABLE}, ["`experiments.gains`", "taken"]),
    "figure_of_every_study": (
        {"figures__mosaic__tails": {"collections": ["museum"]}},
        ["`figures.mosaic.tails`", "every study has"],
    ),
    "two_figures_of_one_name": (
        {
            "figures__mosaic__f": {"collections": ["museum"]},
            "figures__layers__f": OF_INITS | {"title": "F"},
        },
        ["`figures.layers.f`", "`figures.mosaic.f` is"],
    ),
    "layers_of_a_tuned_network": (
        {"figures__layers__f": OF_INITS | {"title": "F", "methods": ["fine_tuning"]}},
        ["`figures.layers.f.methods`", "'fine_tuning'", "('head', 'classifier')"],
    ),
    # networks and their weights
    "network": (
        {"backbones__demo_plain__network": "alexnet"},
        ["`backbones.demo_plain.network`", "'alexnet'", "'vgg19', 'xception'"],
    ),
    "network_by_its_own_name": (
        {"backbones__alexnet": {"size": 224}},
        ["`backbones.alexnet.network`", "'alexnet'", "'vgg19', 'xception'"],
    ),
    "size": (
        {"backbones__small": {"size": 74, "network": "inception_v3"}},
        ["`backbones.small.size`", "74", "InceptionV3", "75 pixels"],
    ),
    "no_weights": (
        {"backbones__vgg19": {"size": 32}, "experiments__table__backbones": ["vgg19"]},
        ["`inits.files.weights`", "'vgg19'", "it has: ['demo_plain']"],
    ),
    "empty_map": (
        {
            "experiments__table__inits": ["files"],
            "figures": {"transfers": {"map": {"title": "Map", "experiments": ["table"]}}},
        },
        ["`figures.transfers.map.experiments`", "no transfer to show"],
    ),
    "roles_without_separator": (
        {"tasks__type__drop_roles": ["uitgever"]},
        ["`tasks.type.drop_roles`", "['uitgever']", "`role_separator`"],
    ),
    "password_of_one_task": (
        {
            "inits__files__weights__demo_plain": {
                "expects": "unit",
                "tasks": {
                    "type": {"address": "https://me:pw@host/w.h5", "hash": "sha256:" + "0" * 64}
                },
            }
        },
        ["`inits.files.weights.demo_plain.tasks.type.address`", "a name and a password"],
    ),
    "run_to_predict": (
        {"predict": {"run": "museum/type/demo_plain/files/off_the_shelf/seed-2", "images": "a"}},
        ["`predict.run`", "seed-2'", "museum/type/demo_plain/files/off_the_shelf/seed-1"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message(tmp_path, name):
    changes, words = copy.deepcopy(MISTAKES[name])
    with pytest.raises(StudyError) as caught:
        load_study(small_config(**changes), tmp_path)
    head, *lines = str(caught.value).splitlines()
    assert head == "the config is wrong:"
    assert len(lines) == 1, "one mistake, one message"
    for word in words:
        assert word in lines[0]


COLLECTION = [
    *["source", "title", "tasks", "shares_objects_with", "shards", "max_unreadable_share"],
    *["ask_again", "web", "folder"],
    *["metadata", "columns", "list_separator"],
]
WHOLE = [
    (
        {"collections__museum__titel": "M"},
        f"`collections.museum` has no key `titel` (did you mean `title`?); allowed: {COLLECTION}",
    ),
    (
        {"collections__museum__zzz": 1, "collections__museum__yyy": 1},
        f"`collections.museum` has no key `zzz`, `yyy`; allowed: {COLLECTION}",
    ),
    ({"methods": None, "tasks": None}, "the config lacks the key `tasks`, `methods`"),
    (
        {"methods__fine_tuning__kind": None, "methods__fine_tuning__preprocessing": None},
        "`methods.fine_tuning` lacks the key `kind`, `preprocessing`",
    ),
    (
        {"pixels": {"fit": "squash"}},
        "`pixels.fit` is 'squash'; allowed: ['stretch', 'crop', 'pad']",
    ),
    (
        {"methods__Fine": small_config()["methods"]["fine_tuning"]},
        "`methods` has the name 'Fine'; allowed are lower-case letters, digits and _",
    ),
    *(
        ({"title": value}, f"`title` is {value!r} ({kind}); expected string; {QUOTES}")
        for value, kind in ((datetime.date(2024, 1, 2), "date"), (2.5, "float"), (True, "bool"))
    ),
    ({"title": [1]}, "`title` is [1] (list); expected string"),
    ({"threads": "1e-8"}, f"`threads` is '1e-8' (str); expected integer; {TEXT}, {UNQUOTED}"),
    ({"threads": "ten"}, "`threads` is 'ten' (str); expected integer"),
    ({"threads": 0}, "`threads` is 0; allowed: integer of at least 1, of at most 256"),
    (
        {"methods__fine_tuning__optimizer__learning_rate": 0},
        "`methods.fine_tuning.optimizer.learning_rate` is 0; allowed: number of more than 0",
    ),
    (
        {"methods__fine_tuning__optimizer__learning_rate": float("inf")},
        "`methods.fine_tuning.optimizer.learning_rate` is inf (float); expected number",
    ),
    (
        {"methods__fine_tuning__optimizer__momentum": 1},
        "`methods.fine_tuning.optimizer.momentum` is 1; "
        "allowed: number of at least 0, of less than 1",
    ),
    (
        {"seeds": [1, 1]},
        "`seeds` is [1, 1]; allowed: array of at least 1 items, without an item twice",
    ),
    ({"collections": {}}, "`collections` is {}; allowed: object of at least 1 keys"),
    ({"study": "My Study"}, "`study` is 'My Study'; allowed: string like ^[a-z0-9_]+$"),
    (
        {"collections__museum__folder": ""},
        "`collections.museum.folder` is ''; allowed: string of at least 1 characters",
    ),
]


@pytest.mark.parametrize(("changes", "line"), WHOLE)
def test_the_whole_message_of_each_kind_of_mistake(changes, line, tmp_path):
    with pytest.raises(StudyError) as caught:
        load_study(small_config(**copy.deepcopy(changes)), tmp_path)
    assert str(caught.value) == f"the config is wrong:\n  {line}"


def test_mistakes_are_told_in_the_order_of_their_keys_and_once(tmp_path):
    config = small_config(threads=0, tasks__type__min_objects=1, methods__fine_tuning__epochs=0)
    config["collections"]["museum"]["shards"] = config["collections"]["photos"]["objects"] = 0
    with pytest.raises(StudyError) as caught:
        load_study(config, tmp_path)
    assert [line.split(" is ")[0] for line in str(caught.value).splitlines()[1:]] == [
        "  `collections.museum.shards`",
        "  `collections.photos.objects`",
        "  `methods.fine_tuning.epochs`",
        "  `tasks.type.min_objects`",
        "  `threads`",
    ]


@pytest.mark.parametrize("block", [None, 3, {"source": ["folder"]}, {}])
def test_a_collection_that_is_none_is_a_message(block, tmp_path):
    config = small_config()
    config["collections"]["third"] = block
    if block is None:
        load_study(config, tmp_path)
        return
    with pytest.raises(StudyError, match=r"`collections\.third"):
        load_study(config, tmp_path)


def test_several_mistakes_are_told_at_once(tmp_path):
    config = small_config(threads=0, tasks__type__field="place", collections__museum__shard=2)
    config["collections"] = {"first": {"source": "nowhere"}, **config["collections"]}
    with pytest.raises(StudyError) as caught:
        load_study(config, tmp_path)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 4
    for key in ("`threads`", "`tasks.type.field`", "`collections.first", "`collections.museum`"):
        assert any(key in line for line in lines)


def test_museums_of_one_site_are_told_apart_by_what_is_searched_for(tmp_path):
    blocks = {
        f"collections__{name}": {"source": "antwerp_dams", "searches": [{"publisher": name}]}
        for name in ("mas", "rubens")
    }
    grid = TABLE | {"collections": ["rubens"], "inits": ["net"]}
    changes = {"inits__net": NET | {"collection": "mas"}, "experiments__table": grid}
    study, _ = load_study(small_config(**blocks, **changes), tmp_path)
    assert {run.collection for run in study.runs} >= {"mas", "rubens"}


def test_no_advice_on_numbers_where_a_number_was_given(tmp_path):
    with pytest.raises(StudyError) as caught:
        load_study(small_config(title=5, threads=True), tmp_path)
    assert "1.0e-8" not in str(caught.value)


@pytest.mark.parametrize("network", ["xception", "inception_v3", "resnet50", "vgg19", "demo_plain"])
def test_the_least_size_of_a_network_is_allowed_and_a_pixel_less_is_not(tmp_path, network):
    least = {"xception": 71, "inception_v3": 75}.get(network, 32)
    load_study(small_config(backbones__b={"size": least, "network": network}), tmp_path)
    with pytest.raises(StudyError, match=f"is {least - 1}; .* at least {least} pixels"):
        load_study(small_config(backbones__b={"size": least - 1, "network": network}), tmp_path)


def test_a_folder_of_published_numbers_that_is_not_there_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, _ = load_study(small_config(published="numbers"), tmp_path)
    with pytest.raises(StudyError, match="`published` is 'numbers', but there is no such folder"):
        check_published(study)
    (tmp_path / "numbers").mkdir()
    with pytest.raises(StudyError, match="with a CSV in it"):
        check_published(study)
    (tmp_path / "numbers" / "claims.csv").touch()
    check_published(study)
