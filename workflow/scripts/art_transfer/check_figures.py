"""Whether the figures and tables of a config have names of their own, and something to show."""

from collections.abc import Iterator
from dataclasses import fields

from art_transfer.check_inits import unknown
from art_transfer.study import Study

TABLES = (
    *["calibration", "claims", "class_sizes", "classes", "comparison", "confusions", "cost"],
    *["datasets", "gains", "multitask", "near_duplicates", "overlap", "scores"],
)
FIGURES = ("calibration", "class_size", "confusion", "cost", "gains", "tails")
"""The tables and figures that every study has: no experiment or figure can have their names."""
PROBES = ("head", "classifier")
"""The kinds of methods that leave a network's layers as they are."""


def taken_names(study: Study) -> Iterator[str]:
    """No two tables, and no two figures, can have one file."""
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


def empty_maps(study: Study) -> Iterator[str]:
    """A map of transfers needs one at least."""
    for name, spec in study.settings.figures.transfers.items():
        if not study.mapped(spec):
            yield (
                f"`figures.transfers.{name}.experiments` have no transfer to show; expected a run "
                "that starts from another collection's run, beside the same from the experiment's "
                "first init"
            )
