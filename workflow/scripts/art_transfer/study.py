"""What each job of a study is told, and where its files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path

from art_transfer.job_settings import (
    Architecture,
    BatchNormSettings,
    Extraction,
    FirstWeights,
    SourceSettings,
    Training,
    UsedSplit,
)
from art_transfer.run_graph import RunGraph
from art_transfer.settings import Init, Pinned, Run

CHECKPOINT = "model.keras"

_ASKED_FOR = {
    "synthetic": ("museum", "seed"),
    "csv": ("address", "where"),
    "json_api": ("address", "parameters", "where"),
    "oai_pmh": ("address", "selection", "where"),
    "antwerp_dams": ("address", "searches"),
    "rijksmuseum_challenge": (),
    "pooled": ("collections",),
}
"""Which settings of a source decide whose objects they are; the others, how they are read."""


@dataclass(frozen=True)
class Study(RunGraph):
    """A study whose config has been checked (``checks.load_study``)."""

    @property
    def results(self) -> str:
        """The study's folder of results."""
        return f"results/{self.settings.study}"

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

    @cached_property
    def same_sources(self) -> dict[str, str]:
        """For each collection the first that is read alike: its objects and labels are the same."""
        return _firsts({name: self.source(name) for name in self.settings.collections})

    @cached_property
    def museums(self) -> dict[str, str]:
        """For each collection the first of the same museum, however its block is spelled."""
        return _firsts({name: self._objects(name) for name in self.settings.collections})

    def _objects(self, collection: str) -> tuple[object, ...]:
        """What tells a collection's objects from those of others."""
        source = self.source(collection)
        if source.source == "folder":
            return (Path(source.options["folder"], source.options["metadata"]).resolve(),)
        return source.source, *(source.options[name] for name in _ASKED_FOR[source.source])

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


def _firsts(values: Mapping[str, object]) -> dict[str, str]:
    """For each name the first one with an equal value."""
    return {
        name: next(other for other, known in values.items() if known == value)
        for name, value in values.items()
    }
