"""Whether the figures and tables of a config have names of their own, and something to show."""

from collections.abc import Iterator
from dataclasses import fields

from art_transfer.check_inits import unknown
from art_transfer.networks import NETWORKS
from art_transfer.settings import Run
from art_transfer.study import Study

TABLES = (
    *["calibration", "claims", "class_sizes", "classes", "comparison", "confusions", "cost"],
    *["datasets", "gains", "multitask", "near_duplicates", "overlap", "scores"],
)
FIGURES = ("calibration", "class_size", "confusion", "cost", "gains", "tails")
"""The tables and figures that every study has: no experiment or figure can have their names."""
PROBES = ("head", "classifier")
"""The kinds of methods that leave a network's layers as they are."""
VISUAL_BACKPROP = ("bojarski", "released_code")
"""The algorithms of saliency maps that follow a network's layers one by one."""
NESTED = ("convnext_tiny", "convnext_base")
"""The networks that have layers within layers, which these algorithms cannot follow."""


def taken_names(study: Study) -> Iterator[str]:
    """No two tables, and no two figures, can have one file; nor can two tables of duplicates."""
    if "between" in study.settings.collections:
        yield (
            "`collections.between` has the name of the table of near-duplicates between museums; "
            "expected another one"
        )
    for name in study.settings.experiments:
        if name in TABLES:
            yield f"`experiments.{name}` has the name of a table of every study; taken: {TABLES}"
    taken = dict.fromkeys(FIGURES, "every study has")
    for kind in fields(study.settings.figures):
        for name in getattr(study.settings.figures, kind.name):
            key = f"figures.{kind.name}.{name}"
            if name in taken:
                yield f"`{key}` has the name of a figure that {taken[name]}; expected another one"
            taken[name] = f"`{key}` is"


def wrong_figures(study: Study) -> Iterator[str]:
    """Every name in a figure of experiments or of first weights must be the name of a block."""
    all_, figures = study.settings, study.settings.figures
    for kind in ("collapse", "transfers"):
        for name, spec in getattr(figures, kind).items():
            key = f"figures.{kind}.{name}.experiments"
            yield from unknown(key, spec.experiments, all_.experiments, "experiments")
    for kind in ("layers", "learning_curves"):
        for name, spec in getattr(figures, kind).items():
            key = f"figures.{kind}.{name}"
            for field in ("collection", "backbone"):
                known = getattr(all_, f"{field}s")
                yield from unknown(f"{key}.{field}", [getattr(spec, field)], known, f"{field}s")
            for field in ("tasks", "inits", "methods"):
                names, known = getattr(spec, field), getattr(all_, field)
                yield from unknown(f"{key}.{field}", names, known, field)
            for method in spec.methods if kind == "layers" else ():
                if method in all_.methods and all_.methods[method].kind not in PROBES:
                    yield (
                        f"`{key}.methods` names {method!r}, a method of kind "
                        f"{all_.methods[method].kind}, which changes the layers that it looks at; "
                        f"expected kinds {PROBES}"
                    )
    yield from _untraceable(study)


def _untraceable(study: Study) -> Iterator[str]:
    """VisualBackProp must be able to follow a network: else it fails after all trainings."""
    for name, spec in study.settings.figures.saliency.items():
        network = study.network(spec.backbone)
        if spec.algorithm in VISUAL_BACKPROP and network in NESTED:
            yield (
                f"`figures.saliency.{name}.algorithm` is {spec.algorithm!r}, which cannot follow "
                f"the layers of {NETWORKS[network].title}; expected 'grad_cam' or "
                "'integrated_gradients', or another `backbone`"
            )


def curves_runs(study: Study, figure: str) -> list[Run]:
    """The runs that a figure of curves shows: those that were trained in epochs."""
    spec = study.settings.figures.curves[figure]
    return [
        run
        for experiment in spec.experiments
        for run in study.experiment_runs(experiment)
        if run.collection == spec.collection
        and run.task in spec.tasks
        and study.settings.methods[run.method].kind != "classifier"
    ]


def nothing_to_show(study: Study) -> Iterator[str]:
    """A study needs an experiment, a map of transfers a transfer, a figure of curves a run."""
    if not study.settings.experiments:
        yield (
            "`experiments` is empty, and tables and the study's page are made of their runs; "
            "expected one experiment at least, such as one of the runs that the figures show"
        )
    for name, curves in study.settings.figures.curves.items():
        if not curves_runs(study, name):
            yield (
                f"`figures.curves.{name}` has no run to show; expected one at least in its "
                f"experiments {list(curves.experiments)} that is of the collection "
                f"{curves.collection!r}, has one of the tasks {list(curves.tasks)}, and has epochs "
                "(a method of another kind than classifier)"
            )
    for name, spec in study.settings.figures.transfers.items():
        if not study.mapped(spec):
            yield (
                f"`figures.transfers.{name}.experiments` have no transfer to show; expected a run "
                "that starts from another collection's run, beside the same from the experiment's "
                "first init"
            )
