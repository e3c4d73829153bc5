"""What a schema cannot say: that the names in a config exist, fit together, and lead somewhere."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from art_transfer import config
from art_transfer.check_figures import nothing_to_show, taken_names, wrong_figures
from art_transfer.check_inits import (
    cut_parents,
    endless_inits,
    seen_before,
    share_objects,
    unknown,
    wrong_init,
    wrong_weights,
)
from art_transfer.check_methods import without_checkpoint, wrong_methods
from art_transfer.errors import StudyError
from art_transfer.networks import NETWORKS
from art_transfer.settings import SECRET, Run
from art_transfer.study import Study

_SECRET_NAME = re.compile(r"authori[sz]ation|cookie|key$|token|secret|passw", re.IGNORECASE)
_LOGIN = re.compile(r"https?://[^/]*@")
_QUERIED = re.compile(r"[?&]([^=&]+)=")


def load_study(given: Mapping[str, Any], folder: Path) -> tuple[Study, dict[str, Any]]:
    """Load, complete and check a config; give the study and the complete config.

    ``given`` and ``folder`` are as for ``config.load``. Raises StudyError that names each key, its
    value and what is allowed.
    """
    loaded = config.load(given, folder)
    study = Study(config.typed(loaded))
    checks = (
        _wrong_names,
        _doubled_pools,
        _wrong_engines,
        _lost_roles,
        taken_names,
        wrong_figures,
        _wrong_images,
        _open_secrets,
        _wrong_networks,
        wrong_methods,
        endless_inits,
        _wrong_tasks,
        wrong_weights,
        _wrong_multitask,
        nothing_to_show,
        seen_before,
        cut_parents,
        _wrong_predict,
        without_checkpoint,
    )
    for find in checks:
        mistakes = list(dict.fromkeys(find(study)))
        if mistakes:  # the later checks rely on what the earlier ones found right
            raise StudyError("the config is wrong:\n" + "\n".join(f"  {m}" for m in mistakes))
    return study, loaded


def _wrong_engines(study: Study) -> Iterator[str]:
    """OpenVINO folds batch normalisation by itself, and cannot take a batch's own statistics."""
    for name, block in study.settings.preprocessings.items():
        if block.engine == "openvino" and block.batch_norm != "inference":
            yield (
                f"`preprocessings.{name}.engine` is openvino, but its `batch_norm` is "
                f"{block.batch_norm}; that is for `engine: keras`"
            )


def _lost_roles(study: Study) -> Iterator[str]:
    """Without a separator no value has a role."""
    for name, task in study.settings.tasks.items():
        if (task.roles or task.drop_roles) and not task.role_separator.strip():
            key = "roles" if task.roles else "drop_roles"
            yield (
                f"`tasks.{name}.{key}` is {list(task.roles or task.drop_roles)}, but without a "
                "`role_separator` no value has a role; expected one, such as ': '"
            )


def _doubled_pools(study: Study) -> Iterator[str]:
    """An object that is in two parts of a pool would be a training and a test object."""
    for name in study.settings.collections:
        for one, other in combinations(study.pooled(name), 2):
            if share_objects(study, one, other):
                yield (
                    f"`collections.{name}.collections` has {one} and {other}, which share objects: "
                    "some would be trained on under one id and tested on under the other. Leave "
                    "out one of the two"
                )


def _wrong_names(study: Study) -> Iterator[str]:
    """Every name that refers to a block must be the name of one."""
    all_ = study.settings
    for name, collection in all_.collections.items():
        yield from unknown(f"collections.{name}.tasks", collection.tasks, all_.tasks, "tasks")
        key, others = f"collections.{name}.shares_objects_with", collection.shares_objects_with
        yield from unknown(key, others, all_.collections, "collections")
        if collection.source == "pooled":
            parts = [n for n, c in all_.collections.items() if c.source != "pooled"]
            key = f"collections.{name}.collections"
            yield from unknown(key, collection.options["collections"], parts, "collections")
    for name, method in all_.methods.items():
        for field in ("preprocessing", "training_preprocessing"):
            named = [value for value in [getattr(method, field)] if value]
            key = f"methods.{name}.{field}"
            yield from unknown(key, named, all_.preprocessings, "preprocessings")
        yield from unknown(f"methods.{name}.loss_weights", method.loss_weights, all_.tasks, "tasks")
    for name, init in all_.inits.items():
        yield from wrong_init(study, f"inits.{name}", init)
    for name, experiment in all_.experiments.items():
        for kind in ("collections", "tasks", "backbones", "inits", "methods"):
            names = getattr(experiment, kind)
            yield from unknown(f"experiments.{name}.{kind}", names, getattr(all_, kind), kind)
    for name, mosaic in all_.figures.mosaic.items():
        key = f"figures.mosaic.{name}.collections"
        yield from unknown(key, mosaic.collections, all_.collections, "collections")
    for name, curves in all_.figures.curves.items():
        key = f"figures.curves.{name}"
        yield from unknown(
            f"{key}.collection", [curves.collection], all_.collections, "collections"
        )
        yield from unknown(
            f"{key}.experiments", curves.experiments, all_.experiments, "experiments"
        )
        yield from unknown(f"{key}.tasks", curves.tasks, all_.tasks, "tasks")
    for name, saliency in all_.figures.saliency.items():
        key = f"figures.saliency.{name}"
        for field, known in (("collection", all_.collections), ("backbone", all_.backbones)):
            value = getattr(saliency, field)
            yield from unknown(f"{key}.{field}", [value], known, f"{field}s")
        yield from unknown(f"{key}.tasks", saliency.tasks, all_.tasks, "tasks")
        for side in ("before", "after"):
            trained = getattr(saliency, side)
            yield from unknown(f"{key}.{side}.init", [trained.init], all_.inits, "inits")
            yield from unknown(f"{key}.{side}.method", [trained.method], all_.methods, "methods")


def _wrong_images(study: Study) -> Iterator[str]:
    """A CSV's images have their addresses in exactly one of three places."""
    for name, collection in study.settings.collections.items():
        if collection.source == "csv":
            places = {"columns.image": "image" in collection.options["columns"]}
            places |= {key: key in collection.options for key in ("images_table", "image_lookup")}
            if sum(places.values()) != 1:
                given = [place for place, there in places.items() if there]
                yield (
                    f"`collections.{name}` finds images by {given or 'nothing'}; expected one of "
                    f"{list(places)}"
                )


def _open_secrets(study: Study) -> Iterator[str]:
    """The config is archived and published: what opens a door may only be named in it."""
    for name, collection in study.settings.collections.items():
        key = f"collections.{name}"
        for header, value in collection.web["headers"].items():
            if _SECRET_NAME.search(header) and not SECRET.search(value):
                yield (
                    f"`{key}.web.headers.{header}` looks like a secret; expected the name of a "
                    f"variable of the environment, as ${{API_KEY}}, and `export API_KEY=...`"
                )
        for parameter in collection.options.get("parameters", {}):
            if _SECRET_NAME.search(parameter):
                yield (
                    f"`{key}.parameters.{parameter}` looks like a secret, and addresses are kept "
                    "in logs and locks; send it as one of `web.headers`, as ${API_KEY}"
                )
        yield from _open_addresses(key, collection.options)
    for name, init in study.settings.inits.items():
        for backbone, file in (init.weights or {}).items():
            yield from _open_addresses(f"inits.{name}.weights.{backbone}", asdict(file))


def _open_addresses(key: str, block: Any) -> Iterator[str]:
    """The keys of a block, however deep, whose address has a login or a secret in it."""
    if isinstance(block, Mapping):
        for name, value in block.items():
            yield from _open_addresses(f"{key}.{name}", value)
    elif isinstance(block, list | tuple):
        for value in block:
            yield from _open_addresses(key, value)
    elif isinstance(block, str):
        if _LOGIN.match(block):
            yield f"`{key}` has a name and a password in its address; leave them out"
        if "://" in block and any(map(_SECRET_NAME.search, _QUERIED.findall(block))):
            yield (
                f"`{key}` has what looks like a secret in its address, and addresses are kept in "
                "logs and locks; send it as one of a collection's `web.headers`, as ${API_KEY}"
            )


def _wrong_networks(study: Study) -> Iterator[str]:
    for name, backbone in study.settings.backbones.items():
        network = NETWORKS.get(study.network(name))
        if network is None:
            key = f"backbones.{name}.network"
            yield f"`{key}` is {study.network(name)!r}; allowed: {sorted(NETWORKS)}"
        elif backbone.size < network.min_size:
            yield (
                f"`backbones.{name}.size` is {backbone.size}; {network.title} needs at least "
                f"{network.min_size} pixels"
            )


def _wrong_tasks(study: Study) -> Iterator[str]:
    """No run, and no run that another starts from, may ask a collection for a task it lacks."""
    wanted = [
        (f"experiments.{name}.tasks", run)
        for name in study.settings.experiments
        for run in study.experiment_runs(name)
    ]
    for name in study.settings.figures.saliency:
        pairs = study.saliency_runs(name)
        wanted += [(f"figures.saliency.{name}.tasks", run) for pair in pairs for run in pair]
    for kind in ("layers", "learning_curves"):
        for name, spec in getattr(study.settings.figures, kind).items():
            wanted += [(f"figures.{kind}.{name}.tasks", run) for run in study.runs_of_inits(spec)]
    for key, start in wanted:
        run: Run | None = start
        while run is not None:
            has = study.tasks_of(run.collection)
            if run.task not in has:
                yield (
                    f"`{key}` asks {run.collection} for the task {run.task!r}, which it lacks; "
                    f"it has: {list(has)}"
                )
            key, run = f"inits.{run.init}", study.parent(run)


def _wrong_multitask(study: Study) -> Iterator[str]:
    """All tasks of a multi-task method are trained on each of its collections, from one network."""
    for run in study.runs:
        if not study.at_once(run):
            continue
        key = f"methods.{run.method}.loss_weights"
        weights = study.settings.methods[run.method].loss_weights
        for task in weights:
            if task not in study.tasks_of(run.collection):
                yield (
                    f"`{key}` names the task {task!r}, which {run.collection} lacks; it has: "
                    f"{list(study.tasks_of(run.collection))}"
                )
        if run.task not in weights:
            yield (
                f"{run.folder} is to be tested on {run.task!r}, but `{key}` names only "
                f"{list(weights)}"
            )
        parent, base = study.parent(run), study.base_init(run.init)
        init = study.settings.inits[base]
        files = init.weights[run.backbone].tasks if init.weights else None
        own = parent is not None and init.task is None and not study.at_once(parent)
        if own or files:
            yield (
                f"`inits.{base}` starts each task from a network of its own, but {run.method!r} "
                "trains one network for all; expected one file for all tasks, or a run with a "
                "`task` or with a `method` of kind multitask"
            )


def _wrong_predict(study: Study) -> Iterator[str]:
    """Predictions come from a run of the study; another would be trained first."""
    wanted = study.settings.predict
    if wanted is not None and study.predicting is None:
        named = [run.folder.removeprefix("runs/") for run in study.runs]
        close = difflib.get_close_matches(wanted.run, named, n=3, cutoff=0)
        yield (
            f"`predict.run` is {wanted.run!r}, which is no run of the study; expected "
            f"collection/task/backbone/init/method/seed-N, such as {', '.join(close)}"
        )
