"""What a schema cannot say of methods: that their keys belong together."""

from collections.abc import Iterator

from art_transfer import config
from art_transfer.settings import Method, Optimizer
from art_transfer.study import Study


def wrong_methods(study: Study) -> Iterator[str]:
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
        rest = method.epochs - method.head_warmup_epochs
        if 0 < rest <= method.schedule_warmup_epochs:
            yield (
                f"`{key}.schedule_warmup_epochs` is {method.schedule_warmup_epochs}, but only "
                f"{rest} of the `epochs` train the whole network: expected fewer, to fall again"
            )
        if method.batch_size % method.gpus:
            yield (
                f"`{key}.gpus` is {method.gpus}, which must share batches of {method.batch_size}: "
                "expected a `batch_size` that is a multiple of it"
            )
        if method.optimizer is not None:
            yield from _unread(f"{key}.optimizer", method.optimizer)
        yield from _wrong_weights_of_losses(key, method)


READ = {
    "sgd": {"momentum", "nesterov"},
    "rmsprop": {"momentum", "rho", "epsilon"},
    "adam": {"epsilon"},
    "adamw": {"epsilon", "weight_decay"},
}
"""What each optimiser reads beside its learning rate (``fitting.make_optimizer``)."""


def _unread(key: str, optimizer: Optimizer) -> Iterator[str]:
    """A setting that an optimiser does not have would be in the records, and change nothing."""
    defaults = config.schema()["$defs"]["method"]["properties"]["optimizer"]["properties"]
    for field, value in vars(optimizer).items():
        known = field in {"name", "learning_rate", *READ[optimizer.name]}
        if not known and value != defaults[field]["default"]:
            yield (
                f"`{key}.{field}` is {value!r}, which {optimizer.name} does not have; leave it "
                f"out, or set it to {defaults[field]['default']!r} where another config gives it"
            )


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
    whole = method.kind in ("fine_tuning", "multitask")
    for field, value in (("batch_norm", "folded"), ("engine", "openvino")):
        if whole and getattr(tested, field) == value:
            yield (
                f"`{key}.preprocessing` is {method.preprocessing!r}, whose `{field}` is {value}; "
                "that is for features, and this method trains the whole network"
            )
    if name and (method.kind != "head" or known[name].layer != tested.layer):
        yield (
            f"`{key}.training_preprocessing` is {name!r}; expected it for a head only, and with "
            f"the layer of {method.preprocessing!r}"
        )


def without_checkpoint(study: Study) -> Iterator[str]:
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
