"""What a schema cannot say of first weights: that they exist, fit, and saw no test object."""

from collections.abc import Iterable, Iterator

from art_transfer.settings import Init, Run, Weights
from art_transfer.study import Study


def unknown(key: str, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[str]:
    """One message for each name that is no block of ``what``."""
    for name in names:
        if name not in known:
            yield f"`{key}` names {name!r}, which is not in `{what}`; there are: {sorted(known)}"


def wrong_init(study: Study, key: str, init: Init) -> Iterator[str]:
    """First weights come from one place, and that place must be there."""
    all_ = study.settings
    every = ("weights", "random", "collection", "batch_norm")
    kinds = [name for name in every if getattr(init, name)]
    if len(kinds) != 1:
        expected = ", ".join(f"`{name}`" for name in every)
        yield f"`{key}` has {kinds or 'none'} of {expected}; expected one"
        return
    if init.batch_norm is not None:
        yield from _wrong_batch_norm(study, key, init)
        if init.saw:
            yield f"`{key}.saw` belongs to the init whose statistics are taken anew, {init.init!r}"
        return
    if init.preprocessing is not None:
        yield f"`{key}.preprocessing` is for inits with `batch_norm`"
    parts = {"collection": init.collection, "init": init.init, "method": init.method}
    if init.collection is None:
        given = [name for name in (*parts, "task", "seed") if getattr(init, name) is not None]
        if given:
            yield f"`{key}` starts from {kinds[0]} and so cannot have {given}"
        if init.weights is not None:
            yield from unknown(f"{key}.weights", init.weights, all_.backbones, "backbones")
            for backbone, file in init.weights.items():
                yield from _wrong_file(study, f"{key}.weights.{backbone}", file)
        elif init.saw:
            yield f"`{key}.saw` is for files of `weights`; random ones have seen nothing"
        yield from unknown(f"{key}.saw", init.saw or (), all_.collections, "collections")
        return
    if init.saw:
        yield f"`{key}.saw` is for files of `weights`; what a run has seen is known"
    for field, value in parts.items():
        if value is None:
            yield f"`{key}` starts from another run and lacks the key `{field}`"
        else:
            known = getattr(all_, f"{field}s")
            yield from unknown(f"{key}.{field}", [value], known, f"{field}s")
    if init.task is not None:
        yield from unknown(f"{key}.task", [init.task], all_.tasks, "tasks")


def _wrong_batch_norm(study: Study, key: str, init: Init) -> Iterator[str]:
    """Statistics are taken anew once for all tasks and seeds, so the weights must be one file."""
    all_ = study.settings
    for field, known in (("init", all_.inits), ("preprocessing", all_.preprocessings)):
        value = getattr(init, field)
        if value is None:
            yield f"`{key}` takes statistics anew and lacks the key `{field}`"
        else:
            yield from unknown(f"{key}.{field}", [value], known, f"{field}s")
    base = all_.inits.get(init.init or "")
    if base is not None and base.batch_norm is not None:
        yield f"`{key}.init` is {init.init!r}, whose statistics are taken anew already"
    elif base is not None and init.init is not None and not study.shared_init(init.init):
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
    yield from unknown(f"{key}.tasks", file.tasks or (), study.settings.tasks, "tasks")


def endless_inits(study: Study) -> Iterator[str]:
    """A chain of inits must end."""
    inits = study.settings.inits
    for name in inits:
        chain = [name]
        while (following := inits[chain[-1]].init) is not None and following not in chain:
            chain.append(following)
        if following == name == min(chain):  # one message for each ring
            yield f"`inits.{name}` refers to itself: {' -> '.join([*chain, following])}"


def wrong_weights(study: Study) -> Iterator[str]:
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


def seen_before(study: Study) -> Iterator[str]:
    """No run may be tested on objects that some network before it was perhaps trained on."""
    told = set()
    for run in study.runs:
        chain = study.chain(run)
        for one in chain[1:]:
            if _learned_tested(study, run, one) and (run.init, run.collection) not in told:
                told.add((run.init, run.collection))
                advice = (
                    f"Give `inits.{run.init}` neither a `task` nor a `seed` of its own"
                    if study.same_sources[one.collection] == study.same_sources[run.collection]
                    else "Give both the same block but for `title`, `tasks` and `shards`"
                )
                yield (
                    f"{run.folder} begins with {one.folder}, which was trained on another split of "
                    f"{one.collection}: some objects that it is tested on would be training "
                    f"objects. {advice}, or another collection"
                )
        for one in chain:
            init = study.base_init(one.init)
            pair, saw = (init, run.collection), study.settings.inits[init].saw or ()
            if _parts(study, saw) & _parts(study, [run.collection]) and pair not in told:
                told.add(pair)
                yield (
                    f"{run.folder} begins with weights that have seen {run.collection}, as "
                    f"`inits.{init}.saw` says: some of its test objects would be training "
                    "objects. Use these weights on other collections, or another init on this one"
                )


def cut_parents(study: Study) -> Iterator[str]:
    """A network that ends at a layer before the last lacks what a whole one would begin with."""
    methods, preprocessings = study.settings.methods, study.settings.preprocessings
    told = set()
    for run in study.runs:
        here = preprocessings[methods[run.method].preprocessing].layer
        parent, block = study.parent(run), study.settings.inits[run.init]
        before = []
        if parent is not None:
            before.append((parent.folder, methods[parent.method].preprocessing))
        if block.batch_norm is not None and block.preprocessing is not None:
            before.append((f"`inits.{run.init}`", block.preprocessing))
        for what, preprocessing in before:
            there = preprocessings[preprocessing].layer
            if here == "last" != there and (run.init, run.method) not in told:
                told.add((run.init, run.method))
                yield (
                    f"{run.folder} takes a whole network, but begins with {what}, which ends at "
                    f"the layer {there!r}: give `methods.{run.method}` a preprocessing with that "
                    "`layer`, or what it begins with one without"
                )


def share_objects(study: Study, one: str, other: str) -> bool:
    """Whether two collections are the same museum, or may have some of each other's objects."""
    known = study.settings.collections
    named = other in known[one].shares_objects_with or one in known[other].shares_objects_with
    return named or study.museums[one] == study.museums[other]


def _parts(study: Study, collections: Iterable[str]) -> set[str]:
    """Collections, the parts of pooled ones, and others that may have some of their objects."""
    known = study.settings.collections
    parts = {part for name in collections for part in (name, *study.pooled(name))}
    shared = {other for part in parts for other in known[part].shares_objects_with}
    parts |= {part for name in shared for part in (name, *study.pooled(name))}
    return {study.museums[part] for part in parts}


def _learned_tested(study: Study, run: Run, earlier: Run) -> bool:
    """Whether an earlier run was perhaps trained on objects that a run is tested on.

    Splits of one task and seed are the same for all collections that read a source alike, and
    several tasks at once leave out what any of them tests; those of other tasks, seeds, or of
    pooled collections know nothing of it.
    """
    here, there = (_parts(study, [one.collection]) for one in (run, earlier))
    if not here & there:
        return False
    tasks = [earlier.task]
    if study.at_once(earlier):
        tasks = list(study.settings.methods[earlier.method].loss_weights)
    source = study.same_sources
    splits = [study.split(source[earlier.collection], task, earlier.seed) for task in tasks]
    return study.split(source[run.collection], run.task, run.seed) not in splits
