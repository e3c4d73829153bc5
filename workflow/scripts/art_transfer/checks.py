"""What a schema cannot say: that the names in a config exist, fit together, and lead somewhere."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from art_transfer import config
from art_transfer.errors import StudyError
from art_transfer.networks import NETWORKS
from art_transfer.settings import SECRET, Init, Method, Run, Weights, canonical
from art_transfer.study import Study

_SECRET_NAME = re.compile(r"authori[sz]ation|cookie|key$|token|secret|passw", re.IGNORECASE)
_LOGIN = re.compile(r"https?://[^/]*@")


def load_study(given: Mapping[str, Any], folder: Path) -> tuple[Study, dict[str, Any]]:
    """Load, complete and check a config; give the study and the complete config.

    ``given`` and ``folder`` are as for ``config.load``. Raises StudyError that names each key, its
    value and what is allowed.
    """
    loaded = config.load(given, folder)
    study = Study(config.typed(loaded))
    checks = (
        _wrong_names,
        _wrong_figures,
        _wrong_images,
        _open_secrets,
        _wrong_networks,
        _wrong_methods,
        _endless_inits,
        _wrong_tasks,
        _wrong_weights,
        _wrong_multitask,
        _seen_before,
        _wrong_predict,
        _without_checkpoint,
    )
    for find in checks:
        mistakes = list(dict.fromkeys(find(study)))
        if mistakes:  # the later checks rely on what the earlier ones found right
            raise StudyError("the config is wrong:\n" + "\n".join(f"  {m}" for m in mistakes))
    return study, loaded


def _unknown(key: str, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"`{key}` names {name!r}, which is not in `{what}`; there are: {sorted(known)}"


def _wrong_names(study: Study) -> Iterator[str]:
    """Every name that refers to a block must be the name of one."""
    all_ = study.settings
    for name, collection in all_.collections.items():
        yield from _unknown(f"collections.{name}.tasks", collection.tasks, all_.tasks, "tasks")
        if collection.source == "pooled":
            parts = [n for n, c in all_.collections.items() if c.source != "pooled"]
            key = f"collections.{name}.collections"
            yield from _unknown(key, collection.options["collections"], parts, "collections")
    for name, method in all_.methods.items():
        for field in ("preprocessing", "training_preprocessing"):
            named = [value for value in [getattr(method, field)] if value]
            key = f"methods.{name}.{field}"
            yield from _unknown(key, named, all_.preprocessings, "preprocessings")
        yield from _unknown(
            f"methods.{name}.loss_weights", method.loss_weights, all_.tasks, "tasks"
        )
    for name, init in all_.inits.items():
        yield from _wrong_init(study, f"inits.{name}", init)
    for name, experiment in all_.experiments.items():
        for kind in ("collections", "tasks", "backbones", "inits", "methods"):
            names = getattr(experiment, kind)
            yield from _unknown(f"experiments.{name}.{kind}", names, getattr(all_, kind), kind)
    for name, mosaic in all_.figures.mosaic.items():
        key = f"figures.mosaic.{name}.collections"
        yield from _unknown(key, mosaic.collections, all_.collections, "collections")
    for name, curves in all_.figures.curves.items():
        key = f"figures.curves.{name}"
        yield from _unknown(
            f"{key}.collection", [curves.collection], all_.collections, "collections"
        )
        yield from _unknown(
            f"{key}.experiments", curves.experiments, all_.experiments, "experiments"
        )
        yield from _unknown(f"{key}.tasks", curves.tasks, all_.tasks, "tasks")
    for name, saliency in all_.figures.saliency.items():
        key = f"figures.saliency.{name}"
        for field, known in (("collection", all_.collections), ("backbone", all_.backbones)):
            value = getattr(saliency, field)
            yield from _unknown(f"{key}.{field}", [value], known, f"{field}s")
        yield from _unknown(f"{key}.tasks", saliency.tasks, all_.tasks, "tasks")
        for side in ("before", "after"):
            trained = getattr(saliency, side)
            yield from _unknown(f"{key}.{side}.init", [trained.init], all_.inits, "inits")
            yield from _unknown(f"{key}.{side}.method", [trained.method], all_.methods, "methods")


def _wrong_figures(study: Study) -> Iterator[str]:
    """Every name in a figure of experiments or of first weights must be the name of a block."""
    all_, figures = study.settings, study.settings.figures
    for kind in ("collapse", "transfers"):
        for name, spec in getattr(figures, kind).items():
            key = f"figures.{kind}.{name}.experiments"
            yield from _unknown(key, spec.experiments, all_.experiments, "experiments")
    for kind in ("layers", "learning_curves"):
        for name, spec in getattr(figures, kind).items():
            key = f"figures.{kind}.{name}"
            for field in ("collection", "backbone"):
                known = getattr(all_, f"{field}s")
                yield from _unknown(f"{key}.{field}", [getattr(spec, field)], known, f"{field}s")
            for field in ("tasks", "inits", "methods"):
                names, known = getattr(spec, field), getattr(all_, field)
                yield from _unknown(f"{key}.{field}", names, known, field)


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
        for field, value in collection.options.items():
            if isinstance(value, str) and _LOGIN.match(value):
                yield f"`{key}.{field}` has a name and a password in its address; leave them out"


def _wrong_init(study: Study, key: str, init: Init) -> Iterator[str]:
    all_ = study.settings
    every = ("weights", "random", "collection", "batch_norm")
    kinds = [name for name in every if getattr(init, name)]
    if len(kinds) != 1:
        expected = ", ".join(f"`{name}`" for name in every)
        yield f"`{key}` has {kinds or 'none'} of {expected}; expected one"
        return
    if init.batch_norm is not None:
        yield from _wrong_batch_norm(study, key, init)
        return
    if init.preprocessing is not None:
        yield f"`{key}.preprocessing` is for inits with `batch_norm`"
    parts = {"collection": init.collection, "init": init.init, "method": init.method}
    if init.collection is None:
        given = [name for name in (*parts, "task", "seed") if getattr(init, name) is not None]
        if given:
            yield f"`{key}` starts from {kinds[0]} and so cannot have {given}"
        if init.weights is not None:
            yield from _unknown(f"{key}.weights", init.weights, all_.backbones, "backbones")
            for backbone, file in init.weights.items():
                yield from _wrong_file(study, f"{key}.weights.{backbone}", file)
        elif init.saw:
            yield f"`{key}.saw` is for files of `weights`; random ones have seen nothing"
        yield from _unknown(f"{key}.saw", init.saw or (), all_.collections, "collections")
        return
    if init.saw:
        yield f"`{key}.saw` is for files of `weights`; what a run has seen is known"
    for field, value in parts.items():
        if value is None:
            yield f"`{key}` starts from another run and lacks the key `{field}`"
        else:
            known = getattr(all_, f"{field}s")
            yield from _unknown(f"{key}.{field}", [value], known, f"{field}s")
    if init.task is not None:
        yield from _unknown(f"{key}.task", [init.task], all_.tasks, "tasks")


def _wrong_batch_norm(study: Study, key: str, init: Init) -> Iterator[str]:
    """Statistics are taken anew once for all tasks and seeds, so the weights must be one file."""
    all_ = study.settings
    for field, known in (("init", all_.inits), ("preprocessing", all_.preprocessings)):
        value = getattr(init, field)
        if value is None:
            yield f"`{key}` takes statistics anew and lacks the key `{field}`"
        else:
            yield from _unknown(f"{key}.{field}", [value], known, f"{field}s")
    base = all_.inits.get(init.init or "")
    if base is not None and init.init is not None and not study.shared_init(init.init):
        yield (
            f"`{key}.init` is {init.init!r}, which is another for each task or seed; expected one "
            "of `weights`, or of a run with its `task` and `seed`"
        )
    given = [name for name in ("method", "task", "seed") if getattr(init, name) is not None]
    if given:
        yield f"`{key}` starts from batch_norm and so cannot have {given}"


def _wrong_file(study: Study, key: str, file: Weights) -> Iterator[str]:
    """A backbone has one file, or one for each task."""
    given = [name for name in ("address", "hash", "tasks") if getattr(file, name)]
    if given not in (["address", "hash"], ["tasks"]):
        yield f"`{key}` has {given or 'no file'}; expected `address` and `hash`, or `tasks`"
    yield from _unknown(f"{key}.tasks", file.tasks or (), study.settings.tasks, "tasks")


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


def _wrong_methods(study: Study) -> Iterator[str]:
    """A head trains alone on ready features, on one device and in full precision: it is small."""
    alone = {"head_warmup_epochs": 0, "frozen_layers": 0, "gpus": 1, "mixed_precision": "none"}
    alone |= {"augmentation": "none"}
    for name, method in study.settings.methods.items():
        key = f"methods.{name}"
        if method.head_warmup_epochs >= method.epochs:
            yield (
                f"`{key}.head_warmup_epochs` is {method.head_warmup_epochs}; `epochs`, which count "
                f"them too, are {method.epochs}: expected more, to train the rest"
            )
        for field, only in alone.items():
            value = getattr(method, field)
            if method.kind == "head" and value != only:
                yield f"`{key}.{field}` is {value!r}; a method of kind head allows {only!r}"
        if method.kind not in ("head", "classifier") and method.standardize:
            yield f"`{key}.standardize` is for heads and classifiers: whole networks see pixels"
        if method.kind != "classifier" and method.optimizer is None:
            yield f"`{key}` lacks the key `optimizer`, which a method of kind {method.kind} needs"
        if (method.kind == "classifier") != (method.classifier != "none"):
            yield (
                f"`{key}.classifier` is {method.classifier!r}, and its `kind` {method.kind!r}; "
                "expected a classifier for the kind classifier, and for no other"
            )
        if method.kind == "classifier":
            yield from _untrained(key, method)
        yield from _wrong_preprocessing(study, key, method)
        if method.schedule == "constant" and method.schedule_warmup_epochs:
            yield f"`{key}.schedule_warmup_epochs` needs the `schedule` cosine"
        yield from _wrong_weights_of_losses(key, method)


def _wrong_weights_of_losses(key: str, method: Method) -> Iterator[str]:
    """Several tasks at once have a weight each, and no class that could be drawn as often."""
    weights = method.loss_weights
    if method.kind != "multitask":
        if weights:
            yield f"`{key}.loss_weights` is for methods of kind multitask, not {method.kind}"
        return
    if len(weights) < 2 or not any(weights.values()):
        yield (
            f"`{key}.loss_weights` is {weights}; a method of kind multitask names two tasks or "
            "more that are trained at once, and at least one with a weight above 0"
        )
    if method.order == "class_balanced":
        yield (
            f"`{key}.order` is 'class_balanced', but objects have a class in each task; a method "
            "of kind multitask allows 'shuffled' and 'fixed'"
        )


def _untrained(key: str, method: Method) -> Iterator[str]:
    """A classifier of scikit-learn's has no epochs, and none of what they need."""
    read = {"kind", "classifier", "preprocessing", "train_share", "standardize"}
    defaults = config.schema()["$defs"]["method"]["properties"]
    for field, value in vars(method).items():
        if field not in read and value != defaults[field].get("default"):
            yield f"`{key}.{field}` is not for methods of kind classifier; leave it out"


def _wrong_preprocessing(study: Study, key: str, method: Method) -> Iterator[str]:
    """Networks are tested as they are left behind, and so never with a batch's own statistics."""
    known = study.settings.preprocessings
    tested, name = known[method.preprocessing], method.training_preprocessing
    if tested.batch_norm == "batch":
        yield (
            f"`{key}.preprocessing` is {method.preprocessing!r}, whose `batch_norm` is batch; that "
            "is for the `training_preprocessing` of heads"
        )
    if name and (method.kind != "head" or known[name].layer != tested.layer):
        yield (
            f"`{key}.training_preprocessing` is {name!r}; expected it for a head only, and with "
            f"the layer of {method.preprocessing!r}"
        )


def _without_checkpoint(study: Study) -> Iterator[str]:
    """A classifier leaves no network that one could start from, look into or ask."""
    all_ = study.settings
    used = [(f"inits.{name}.method", init.method) for name, init in all_.inits.items()]
    for name, figure in all_.figures.saliency.items():
        used += [(f"figures.saliency.{name}.before.method", figure.before.method)]
        used += [(f"figures.saliency.{name}.after.method", figure.after.method)]
    if study.predicting is not None:
        used.append(("predict.run", study.predicting.method))
    for key, method in used:
        if method is not None and all_.methods[method].kind == "classifier":
            yield f"`{key}` names {method!r}, a classifier, which leaves no network"


def _endless_inits(study: Study) -> Iterator[str]:
    inits = study.settings.inits
    for name in inits:
        chain = [name]
        while (following := inits[chain[-1]].init) is not None and following not in chain:
            chain.append(following)
        if following == name == min(chain):  # one message for each ring
            yield f"`inits.{name}` refers to itself: {' -> '.join([*chain, following])}"


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


def _wrong_weights(study: Study) -> Iterator[str]:
    """An init of files must have one for each backbone, and task, that it is used with."""
    told = set()
    for run in study.runs:
        init = study.base_init(run.init)
        files = study.settings.inits[init].weights
        if files is None:
            continue
        key, what, has = f"inits.{init}.weights", f"backbone {run.backbone!r}", sorted(files)
        if run.backbone in files:
            tasks = files[run.backbone].tasks
            if not tasks or run.task in tasks:
                continue
            key, what, has = f"{key}.{run.backbone}.tasks", f"task {run.task!r}", sorted(tasks)
        if (key, what) not in told:
            told.add((key, what))
            yield f"`{key}` has no file for the {what}, which {run.folder} needs; it has: {has}"


def _seen_before(study: Study) -> Iterator[str]:
    """No run may be tested on objects that some network before it was perhaps trained on."""
    told = set()
    for run in study.runs:
        for one in study.chain(run):
            init = study.base_init(one.init)
            pair, saw = (init, run.collection), study.settings.inits[init].saw
            if saw and run.collection in saw and pair not in told:
                told.add(pair)
                yield (
                    f"{run.folder} begins with weights that have seen {run.collection}, as "
                    f"`inits.{init}.saw` says: some of its test objects would be training "
                    "objects. Use these weights on other collections, or another init on this one"
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


def check_definitions(study: Study, resources: Path) -> None:
    """Stop where another study has defined a collection of the same name in another way.

    What is below ``resources/{collection}`` is shared by all studies, so its name must mean one
    museum. A study that changes its own definition just has the museum collected again.
    """
    for name in study.used_collections:
        path = resources / name / "collection.yaml"
        if not path.is_file():
            continue
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(known, dict) or "study" not in known:
            raise StudyError(
                f"{path}: expected the definition that the collection was made from, with the keys "
                "study and source; remove the file, and the collection is read again"
            )
        ours = study.source(name)
        if known["study"] != study.settings.study and canonical(known["source"]) != canonical(ours):
            raise StudyError(
                f"the collection {name!r} means two museums: the study {known['study']!r} made "
                f"{path.parent} from {canonical(known['source'])}, but the study "
                f"{study.settings.study!r} defines it as {canonical(ours)}. Give one of them "
                "another name."
            )


def check_mappings(study: Study) -> None:
    """Stop where the mapping table of a task is no file; what is in it, the labels job checks."""
    for name, task in study.settings.tasks.items():
        if task.mapping and not Path(task.mapping).is_file():
            raise StudyError(
                f"`tasks.{name}.mapping` is {task.mapping!r}, but there is no such file; expected "
                "a CSV with the columns value,concept, relative to where Snakemake is started"
            )


def check_published(study: Study) -> None:
    """Stop where the folder of published numbers and claims is none, or has nothing to read."""
    folder = study.settings.published
    if folder and not any(Path(folder).glob("*.csv")):
        raise StudyError(
            f"`published` is {folder!r}, but there is no such folder with a CSV in it; expected "
            "one with claims.csv or published tables, relative to where Snakemake is started"
        )
