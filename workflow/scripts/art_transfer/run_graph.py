"""The study as a graph of runs: which there are, and what each starts from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from art_transfer.settings import OfExperiments, OfInits, Run, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class RunGraph:
    """The runs of a study whose config has been checked (``checks.load_study``)."""

    settings: Settings

    def experiment_runs(self, experiment: str) -> list[Run]:
        """The runs of an experiment's grid, in the config's order, for each seed."""
        grid = self.settings.experiments[experiment]
        return [
            Run(collection, task, backbone, init, method, seed)
            for collection in grid.collections
            for task in grid.tasks
            for backbone in grid.backbones
            for init in grid.inits
            for method in grid.methods
            for seed in self.settings.seeds
        ]

    def runs_of(self, experiments: Iterable[str]) -> list[Run]:
        """The runs of several experiments, each once."""
        return _each_once(run for name in experiments for run in self.experiment_runs(name))

    @cached_property
    def reported_runs(self) -> list[Run]:
        """The runs that tables and figures need, each once."""
        return _each_once(
            self.runs_of(self.settings.experiments)
            + [
                run
                for spec in [
                    *self.settings.figures.layers.values(),
                    *self.settings.figures.learning_curves.values(),
                ]
                for run in self.runs_of_inits(spec)
            ]
            + [
                run
                for name in self.settings.figures.saliency
                for pair in [*self.saliency_runs(name), self.saliency_null(name)]
                for run in pair
            ]
        )

    def runs_of_inits(self, spec: OfInits) -> list[Run]:
        """The runs of a figure of first weights, for each seed."""
        return [
            Run(spec.collection, task, spec.backbone, init, method, seed)
            for task in spec.tasks
            for init in spec.inits
            for method in spec.methods
            for seed in self.settings.seeds
        ]

    @cached_property
    def runs(self) -> list[Run]:
        """All runs, with those that others start from."""
        found = list(self.reported_runs)
        known = set(found)
        for run in found:
            parent = self.parent(run)
            if parent is not None and parent not in known:
                known.add(parent)
                found.append(parent)
        return found

    def at_once(self, run: Run) -> bool:
        """Whether a run's network is trained for all tasks of its method at once."""
        return self.settings.methods[run.method].kind == "multitask"

    @cached_property
    def joint_runs(self) -> list[Run]:
        """The trainings for all tasks at once, each once; they have no task."""
        return _each_once(replace(run, task="") for run in self.runs if self.at_once(run))

    @cached_property
    def predicting(self) -> Run | None:
        """The run that `predict` names, if it names one of the study's."""
        wanted = self.settings.predict
        named = {run.folder.removeprefix("runs/"): run for run in self.runs}
        return named.get(wanted.run) if wanted else None

    def saliency_runs(self, figure: str) -> list[tuple[Run, Run]]:
        """For each task of a saliency figure the run before and the run after."""
        spec, seed = self.settings.figures.saliency[figure], self.settings.seeds[0]
        return [
            (
                Run(spec.collection, t, spec.backbone, spec.before.init, spec.before.method, seed),
                Run(spec.collection, t, spec.backbone, spec.after.init, spec.after.method, seed),
            )
            for t in spec.tasks
        ]

    def saliency_null(self, figure: str) -> list[Run]:
        """For each task the run after with the second seed; none where the study has one seed."""
        seeds = self.settings.seeds
        after = [after for _, after in self.saliency_runs(figure)]
        return [replace(run, seed=seeds[1]) for run in after] if len(seeds) > 1 else []

    def parent(self, run: Run) -> Run | None:
        """The run whose checkpoint ``run`` starts from, if there is one."""
        init = self.settings.inits[self.base_init(run.init)]
        if init.collection is None:
            return None
        assert init.init is not None and init.method is not None
        return Run(
            init.collection,
            init.task if init.task is not None else run.task,
            run.backbone,
            init.init,
            init.method,
            init.seed if init.seed is not None else run.seed,
        )

    def chain(self, run: Run) -> list[Run]:
        """A run, the one that it starts from, and so on to the one that starts from no run."""
        parent = self.parent(run)
        return [run, *(self.chain(parent) if parent else [])]

    def sources(self, run: Run) -> list[str]:
        """The other collections that a run's first weights were trained on, the nearest first."""
        names = _each_once(one.collection for one in self.chain(run))
        return [name for name in names if name != run.collection]

    @cached_property
    def transfers(self) -> list[tuple[Run, Run]]:
        """The runs that start from another collection's run for the same task.

        Each with the one from the experiment's first init.
        """
        found = []
        for name, grid in self.settings.experiments.items():
            for run in self.experiment_runs(name):
                parent, over = self.parent(run), replace(run, init=grid.inits[0])
                if parent is None or run == over or parent.collection == run.collection:
                    continue
                # New batch-norm statistics alone, a control, have learned nothing anywhere.
                if parent.task == run.task and self.learned_alone(run, over):
                    found.append((run, over))
        return _each_once(found)

    def learned_alone(self, of: Run, over: Run) -> list[Run]:
        """The runs for its task that a run comes from and another does not, the first first."""
        theirs = self.chain(over)
        return [
            run for run in reversed(self.chain(of)[1:]) if run not in theirs and run.task == of.task
        ]

    def mapped(self, spec: OfExperiments) -> list[tuple[Run, Run]]:
        """The transfers that a map shows, each with the run that it is compared with."""
        runs = self.runs_of(spec.experiments)
        return [(of, over) for of, over in self.transfers if of in runs and over in runs]

    def base_init(self, init: str) -> str:
        """The init whose weights another one changes in their batch-norm statistics; or itself."""
        block = self.settings.inits[init]
        return block.init if block.batch_norm is not None and block.init is not None else init

    def pooled(self, collection: str) -> list[str]:
        """The collections whose objects a pooled one has; none for any other."""
        block = self.settings.collections[collection]
        return list(block.options["collections"]) if block.source == "pooled" else []

    def used_tasks(self, collection: str) -> list[str]:
        """The tasks that runs on a collection really use."""
        return _each_once(run.task for run in self.runs if run.collection == collection)

    @cached_property
    def used_collections(self) -> list[str]:
        """The collections that some run or figure uses, sorted."""
        used = {run.collection for run in self.runs}
        for mosaic in self.settings.figures.mosaic.values():
            used.update(mosaic.collections)
        used |= {name for pool in used for name in self.pooled(pool)}
        return [name for name in self.settings.collections if name in used]


def _each_once(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))
