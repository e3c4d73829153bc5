"""The study as a graph of runs: which there are, what each starts from, where its files lie."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import TypeVar

from art_transfer.job_settings import (
    Architecture,
    BatchNormSettings,
    Extraction,
    FirstWeights,
    SourceSettings,
    Training,
    UsedSplit,
)
from art_transfer.settings import Init, OfExperiments, OfInits, Pinned, Run, Settings

T = TypeVar("T")

CHECKPOINT = "model.keras"


@dataclass(frozen=True)
class Study:
    """A study whose config has been checked (``checks.load_study``)."""

    settings: Settings

    @property
    def results(self) -> str:
        """The study's folder of results."""
        return f"results/{self.settings.study}"

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
        for run in found:
            parent = self.parent(run)
            if parent is not None and parent not in found:
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

    def network(self, backbone: str) -> str:
        """The name in NETWORKS of a backbone."""
        return self.settings.backbones[backbone].network or backbone

    def title(self, collection: str) -> str:
        """A collection's name for readers."""
        return self.settings.collections[collection].title or collection

    def expected_scaling(self, backbone: str, init: str) -> str:
        """The scaling of pixels that a backbone's first weights expect.

        A file says so itself; a run expects what it was trained with; random weights nothing in
        particular, which counts as [0, 1].
        """
        block = self.settings.inits[self.base_init(init)]
        if block.weights is not None:
            return block.weights[backbone].expects
        if block.random is not None:
            return "unit"
        assert block.init is not None and block.method is not None
        return self.scaling(backbone, block.init, self.settings.methods[block.method].preprocessing)

    def scaling(self, backbone: str, init: str, preprocessing: str) -> str:
        """The scaling of pixels that is really used."""
        scaling = self.settings.preprocessings[preprocessing].scaling
        return self.expected_scaling(backbone, init) if scaling == "matched" else scaling

    def base_init(self, init: str) -> str:
        """The init whose weights another one changes in their batch-norm statistics; or itself."""
        block = self.settings.inits[init]
        return block.init if block.batch_norm is not None and block.init is not None else init

    def shared_init(self, init: str) -> bool:
        """Whether an init gives the same weights for every task and seed."""
        block = self.settings.inits[self.base_init(init)]
        if block.collection is not None:
            return block.task is not None and block.seed is not None
        return block.weights is not None and not any(w.tasks for w in block.weights.values())

    def features(self, run: Run, preprocessing: str | None = None) -> str:
        """Path without suffix of the features that a run's head is trained on."""
        preprocessing = preprocessing or self.settings.methods[run.method].preprocessing
        if self.shared_init(run.init):
            folder = f"resources/{run.collection}/features/{run.backbone}/{run.init}"
        else:
            folder = (
                f"{self.results}/features/{run.collection}/{run.backbone}/{run.init}/{run.task}"
                f"/seed-{run.seed}"
            )
        return f"{folder}/{preprocessing}"

    def features_read(self, run: Run) -> list[str]:
        """Paths without suffix of all features that a run reads: those of its training last."""
        method = self.settings.methods[run.method]
        if method.kind not in ("head", "classifier"):
            return []
        names = [method.preprocessing, method.training_preprocessing]
        return [self.features(run, name) for name in names if name]

    def source(self, collection: str) -> SourceSettings:
        """The settings of a collection's source."""
        block = self.settings.collections[collection]
        return SourceSettings(block.source, block.options)

    def pooled(self, collection: str) -> list[str]:
        """The collections whose objects a pooled one has; none for any other."""
        block = self.settings.collections[collection]
        return list(block.options["collections"]) if block.source == "pooled" else []

    def remote(self, collection: str) -> bool:
        """Whether a collection is fetched over a network, from a museum that may change."""
        return self.settings.collections[collection].source not in ("folder", "synthetic", "pooled")

    def extraction(self, run: Run, preprocessing: str) -> Extraction:
        """The settings of the features that ``run`` would be trained on."""
        architecture = Architecture(
            self.network(run.backbone),
            self.settings.backbones[run.backbone].size,
            self.settings.preprocessings[preprocessing].layer,
        )
        scaling = self.scaling(run.backbone, run.init, preprocessing)
        block, first = self.settings.preprocessings[preprocessing], self._first(run)
        version = self._openvino if block.engine == "openvino" else ""
        how = block.batch_norm, block.engine, version, self.settings.threads
        return Extraction(architecture, first, scaling, *how)

    @cached_property
    def _openvino(self) -> str:
        return metadata.version("openvino")

    def batch_norm_settings(self, base: Run, init: Init) -> BatchNormSettings:
        """How ``init`` takes the batch-norm statistics of ``base``'s first weights anew."""
        assert init.preprocessing is not None and init.batch_norm is not None  # check_inits.py
        seen = self.extraction(base, init.preprocessing)
        how = seen.architecture, seen.first, seen.scaling, init.batch_norm, seen.threads
        return BatchNormSettings(*how)

    def _first(self, run: Run) -> FirstWeights:
        block = self.settings.inits[run.init]
        if block.random is not None:
            return FirstWeights("random", run.seed)
        if block.batch_norm is not None:
            return FirstWeights("batch_norm", 0)
        if block.weights is None:
            return FirstWeights("run", 0)
        layout = block.weights[run.backbone].layout
        return FirstWeights("weights" if layout == "notop" else layout, 0)

    def training(self, run: Run) -> Training:
        """The settings of ``run``."""
        method = self.settings.methods[run.method]
        extraction = self.extraction(run, method.preprocessing)
        if method.kind == "head":  # what only fine tuning reads must not make heads run again
            method = replace(method, batch_norm="batch")
        return Training(
            run,
            method,
            extraction.architecture,
            extraction.first,
            self.settings.pixels,
            extraction.scaling,
            self.expected_scaling(run.backbone, run.init),
            extraction.threads,
        )

    def first_file(self, run: Run) -> list[str]:
        """The file that ``run``'s first weights come from; none for random ones."""
        if self.settings.inits[run.init].batch_norm is not None:
            return [f"resources/{run.collection}/batch-norm/{run.backbone}/{run.init}.keras"]
        parent = self.parent(run)
        if parent is not None:
            return [f"{self.results}/{parent.folder}/{CHECKPOINT}"]
        has_file = self.settings.inits[run.init].weights is not None
        return [self.weights(run.init, run.backbone, run.task)] if has_file else []

    def split(self, collection: str, task: str, seed: int) -> str:
        """Path of the split that a seed uses."""
        seed = self.settings.seeds[0] if self.settings.splits.fixed else seed
        return f"{self.results}/splits/{collection}/{task}/seed-{seed}.csv"

    def used_split(self, run: Run) -> UsedSplit:
        """Which objects a run was trained on."""
        joint = f"{self.results}/{replace(run, task='').folder}/splits.csv"
        return UsedSplit(
            self.split(run.collection, run.task, run.seed),
            self.settings.methods[run.method].train_share,
            run.seed,
            run.task,
            joint if self.at_once(run) else "",
        )

    def shards(self, collection: str) -> list[str]:
        """The names of a collection's shards."""
        return [f"{number:04d}" for number in range(self.settings.collections[collection].shards)]

    def pixels(self, collection: str, backbone: str) -> str:
        """Folder of a collection's pixels at a backbone's size."""
        pixels, size = self.settings.pixels, self.settings.backbones[backbone].size
        return f"resources/{collection}/pixels-{size}-{pixels.fit}-{pixels.filter}"

    def pinned(self, init: str, backbone: str, task: str = "") -> Pinned:
        """Which file of weights a backbone starts from; ``task`` counts if each has its own."""
        files = self.settings.inits[init].weights
        assert files is not None
        file = files[backbone]
        if file.tasks:
            return file.tasks[task]
        assert file.address is not None and file.hash is not None
        return Pinned(file.address, file.hash)

    def weights(self, init: str, backbone: str, task: str = "") -> str:
        """Path of a file of weights; Keras tells its formats apart by the name's end."""
        files = self.settings.inits[init].weights
        assert files is not None
        of_task = f"-{task}" if files[backbone].tasks else ""
        address = self.pinned(init, backbone, task).address
        end = ".weights.h5" if address.endswith(".weights.h5") else ".h5"
        return f"resources/weights/{init}-{backbone}{of_task}{end}"

    def tasks_of(self, collection: str) -> tuple[str, ...]:
        """The tasks that a collection can serve."""
        return self.settings.collections[collection].tasks or tuple(self.settings.tasks)

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
