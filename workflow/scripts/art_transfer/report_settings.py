"""What the rules of tables, figures, predictions and the archive are told, as in ``job_settings``.

They are apart from it so that a table which is told more trains nothing anew.
"""

from dataclasses import dataclass

from art_transfer.job_settings import UsedSplit
from art_transfer.settings import Run, Task


@dataclass(frozen=True)
class TableSettings:
    """What an experiment's table shows."""

    results: str  # the study's folder
    title: str
    titles: dict[str, str]  # of the collections
    runs: tuple[Run, ...]
    splits: tuple[str, ...]  # the path of each run's split


@dataclass(frozen=True)
class GainsSettings:
    """Which runs are compared: those of each experiment among themselves."""

    results: str
    titles: dict[str, str]
    experiments: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True)
class ClaimsSettings:
    """Which runs the claims may be tried on."""

    results: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class ClassesSettings:
    """Whose predictions are counted by class."""

    results: str
    titles: dict[str, str]
    runs: tuple[Run, ...]
    splits: tuple[UsedSplit, ...]  # of each run


@dataclass(frozen=True)
class DuplicatesSettings:
    """Whose near-duplicates are counted, and which runs they may have helped."""

    results: str
    titles: dict[str, str]
    runs: tuple[Run, ...]
    splits: tuple[UsedSplit, ...]  # of each run
    sources: tuple[tuple[str, ...], ...]  # for each run the other museums that its weights saw


@dataclass(frozen=True)
class Transfer:
    """A run from other museums' weights, the one it is compared with, and the splits of all."""

    of: Run
    over: Run
    split: UsedSplit  # of both: they differ in their first weights alone
    sources: tuple[str, ...]  # the collections that only ``of`` was trained on, the first first
    source_splits: tuple[str, ...]  # theirs for the same task


@dataclass(frozen=True)
class OverlapSettings:
    """Which transfers are looked at class by class."""

    results: str
    titles: dict[str, str]
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True)
class TitleSettings:
    """How the collections are called in a table."""

    titles: dict[str, str]


@dataclass(frozen=True)
class DatasetsSettings:
    """Whose sizes Table 1 shows."""

    titles: dict[str, str]
    keys: tuple[tuple[str, ...], ...]  # (collection, task), in the order of the inputs


@dataclass(frozen=True)
class LabelRulesSettings:
    """For which labels other rules are tried."""

    keys: tuple[tuple[str, ...], ...]  # (collection, task)
    tasks: dict[str, Task]


@dataclass(frozen=True)
class CatalogueSettings:
    """Which museum the page is about."""

    title: str
    tasks: tuple[str, ...]  # in the order of the inputs
    shards: int


@dataclass(frozen=True)
class MosaicSettings:
    """Whose images are shown."""

    collections: tuple[str, ...]  # in the order of the figure
    titles: dict[str, str]
    shards: dict[str, int]
    images: int  # per collection


@dataclass(frozen=True)
class CurvesSettings:
    """Whose histories are drawn."""

    results: str
    title: str
    tasks: tuple[str, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class FigureSettings:
    """Whose predictions are drawn."""

    results: str
    title: str
    titles: dict[str, str]
    runs: tuple[Run, ...]
    splits: tuple[str, ...]  # the path of each run's split


@dataclass(frozen=True)
class LayersSettings:
    """Whose layers are compared: probes of them, and the features that these were fitted on."""

    figure: FigureSettings
    layers: tuple[str, ...]  # of each run
    features: tuple[str, ...]  # of each run, the path without suffix


@dataclass(frozen=True)
class TransfersSettings:
    """Which transfers between museums are mapped."""

    results: str
    title: str
    titles: dict[str, str]
    pairs: tuple[tuple[Run, ...], ...]  # a run from other weights, and the one that it is over
    sources: tuple[tuple[str, ...], ...]  # of each pair, the museums that those were trained on


@dataclass(frozen=True)
class SaliencySettings:
    """Which pairs of networks are compared, one pair for each task."""

    results: str
    title: str
    collection: str
    shards: int
    fit: str  # how images became the networks' squares
    before: str  # in words
    after: str
    pairs: tuple[tuple[Run, ...], ...]
    null: tuple[Run, ...]  # for each pair the second network with another seed, if there is one
    null_has_own_split: bool  # whether that one was trained on other objects
    images: int  # per task
    sample: int  # test objects per task
    algorithm: str
    threads: int


@dataclass(frozen=True)
class PredictSettings:
    """Which images a run's network is to name, and how."""

    images: str  # a folder or a list
    listing: str  # a hash of the images' ids and sizes
    confidence: float
    nearest: int
    splits: tuple[UsedSplit, ...]  # the run's; none where no nearest objects are asked for
    threads: int


@dataclass(frozen=True)
class CardSettings:
    """What a model card says of a run beside what its folder holds."""

    study: str
    first: str  # where the very first weights come from, in words
    chain: tuple[Run, ...]  # the run, the one that it starts from, and so on
    split: UsedSplit
    network: str  # for readers
    titles: dict[str, str]  # of the collections
    saw: tuple[str, ...]  # titles of museums that others trained the first weights on
    renewed: tuple[Run, ...]  # of the chain: its first weights have statistics of its museum


@dataclass(frozen=True)
class CrateSettings:
    """What the archive's description says of the study beside its files."""

    study: str
    title: str


@dataclass(frozen=True)
class RecordsSettings:
    """Whose records of Snakemake go into the archive."""

    study: str
    collections: tuple[str, ...]


@dataclass(frozen=True)
class CostRecord:
    """A record of something that took its time, and what that was."""

    path: str
    what: str  # "run", "features", or "joint" for a training of several tasks at once
    collection: str
    task: str  # empty where there are several; for features the method and the seed may be, too
    backbone: str
    init: str
    method: str
    seed: str


@dataclass(frozen=True)
class CostSettings:
    """Whose cost is told."""

    records: tuple[CostRecord, ...]
    networks: dict[str, str]  # of the backbones, for readers


@dataclass(frozen=True)
class Described:
    """What the report says of a file."""

    caption: str  # a file in reStructuredText
    shows: str  # in a few words


@dataclass(frozen=True)
class ShownMaps:
    """A saliency figure whose objects are shown one by one."""

    figure: str
    title: str
    before: str  # in words
    after: str


@dataclass(frozen=True)
class IndexSettings:
    """What the study's page shows beside the files that it is given."""

    study: str
    title: str
    results: str
    titles: dict[str, str]  # of the collections
    networks: dict[str, str]  # of the backbones
    experiments: tuple[str, ...]  # the order of their tables
    runs: tuple[Run, ...]
    saliency: tuple[ShownMaps, ...]
    described: dict[str, Described]  # by the path of a table's page or a figure's PNG
