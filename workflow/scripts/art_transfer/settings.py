"""The study's settings as typed objects.

What each key means, its unit and its default stand in ``workflow/schemas/config.schema.yaml``;
there are no defaults here, so that there is one place to look.
"""

import dataclasses
import json
import re
import types
import typing
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

SECRET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
"""How a header of ``web`` names a variable of the environment, whose value is no setting."""


def from_mapping(cls: type[T], mapping: dict[str, Any]) -> T:
    """Build the dataclass ``cls`` from a mapping as it comes from YAML or JSON.

    Nested dataclasses, mappings of dataclasses and tuples are built too. A key that is no field,
    or a field without a key and without a default, raises TypeError.
    """
    hints = typing.get_type_hints(cls)
    return cls(**{key: _converted(hints.get(key, Any), value) for key, value in mapping.items()})


def _converted(kind: Any, value: Any) -> Any:
    if isinstance(kind, types.UnionType):  # "X | None"
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if value is None:
        return None
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return from_mapping(kind, value)  # type: ignore[arg-type]
    if kind is float and isinstance(value, int):
        return float(value)  # 0 and 0.0 are one setting
    if typing.get_origin(kind) is dict:
        return {key: _converted(typing.get_args(kind)[1], item) for key, item in value.items()}
    if typing.get_origin(kind) is tuple:
        return tuple(_converted(typing.get_args(kind)[0], item) for item in value)
    return value


def canonical(value: Any) -> str:
    """A value, or a dataclass of values, as one line of JSON with sorted keys.

    Equal settings give equal text, whatever the order of keys in a config file; two settings
    that swap their values give different text. Rules pass their settings in this form.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=dataclasses.asdict)


@dataclass(frozen=True)
class Collection:
    """A museum: where its objects come from and which tasks its metadata can serve."""

    source: str
    title: str
    tasks: tuple[str, ...]
    shares_objects_with: tuple[str, ...]
    shards: int
    max_unreadable_share: float
    ask_again: int
    web: dict[str, Any]
    options: dict[str, Any]  # what only this kind of source knows


@dataclass(frozen=True)
class Task:
    """How one label is chosen from an object's metadata."""

    field: str
    choose: str
    roles: tuple[str, ...]
    drop_roles: tuple[str, ...]
    role_separator: str
    name_form: str
    mapping: str
    value_separators: str
    unknown: tuple[str, ...]
    min_objects: int
    permute_labels: bool


@dataclass(frozen=True)
class Splits:
    """How objects are dealt out to train, validation and test."""

    rule: str
    fixed: bool
    group_near_duplicates: bool


@dataclass(frozen=True)
class Pixels:
    """How an image becomes a square array."""

    fit: str
    filter: str


@dataclass(frozen=True)
class Backbone:
    """A network without its head, at one input size."""

    network: str
    size: int


@dataclass(frozen=True)
class Preprocessing:
    """What happens between pixels and features."""

    scaling: str
    layer: str
    batch_norm: str
    engine: str


@dataclass(frozen=True)
class Pinned:
    """Where a file is and which it must be."""

    address: str
    hash: str


@dataclass(frozen=True)
class Weights:
    """A backbone's file of weights, or one for each task, and what they expect of their pixels."""

    expects: str
    layout: str
    tasks: dict[str, Pinned] | None = None
    address: str | None = None
    hash: str | None = None


@dataclass(frozen=True)
class Init:
    """Where a network's first weights come from: files, chance, another run, or another init."""

    weights: dict[str, Weights] | None = None
    saw: tuple[str, ...] | None = None
    random: str | None = None
    collection: str | None = None
    init: str | None = None
    method: str | None = None
    task: str | None = None
    seed: int | None = None
    batch_norm: str | None = None
    preprocessing: str | None = None


@dataclass(frozen=True)
class Optimizer:
    """An optimiser and its settings, as Keras names them."""

    name: str
    learning_rate: float
    momentum: float
    nesterov: bool
    rho: float
    epsilon: float
    weight_decay: float


@dataclass(frozen=True)
class Method:
    """How a network, or a head on its features, is trained."""

    kind: str
    classifier: str
    preprocessing: str
    training_preprocessing: str
    train_share: float
    batch_size: int
    epochs: int
    patience: int
    restore_best_weights: bool
    schedule: str
    schedule_warmup_epochs: int
    label_smoothing: float
    order: str
    augmentation: str
    standardize: bool
    batch_norm: str
    frozen_layers: int
    head_warmup_epochs: int
    mixed_precision: str
    jit_compile: bool
    gpus: int
    loss_weights: dict[str, float]
    optimizer: Optimizer | None = None  # none for a classifier


@dataclass(frozen=True)
class Experiment:
    """A grid of runs that becomes one table."""

    title: str
    collections: tuple[str, ...]
    tasks: tuple[str, ...]
    backbones: tuple[str, ...]
    inits: tuple[str, ...]
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """One way to train a network: the first weights and the method."""

    init: str
    method: str


@dataclass(frozen=True)
class Mosaic:
    """Sample images of some collections (the paper's Figure 1)."""

    collections: tuple[str, ...]
    images: int


@dataclass(frozen=True)
class Curves:
    """Validation accuracy per epoch (the paper's Figures 2 and 3), one panel for each task."""

    title: str
    collection: str
    experiments: tuple[str, ...]
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Saliency:
    """Where two networks look, on images that only the second gets right (Figure 4)."""

    title: str
    collection: str
    tasks: tuple[str, ...]
    backbone: str
    before: Trained
    after: Trained
    images: int
    sample: int
    algorithm: str


@dataclass(frozen=True)
class OfExperiments:
    """A figure of all runs of some experiments."""

    title: str
    experiments: tuple[str, ...]


@dataclass(frozen=True)
class OfInits:
    """A figure of first weights beside each other, over methods in their order."""

    title: str
    collection: str
    tasks: tuple[str, ...]
    backbone: str
    inits: tuple[str, ...]
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """The figures of a study, by name."""

    mosaic: dict[str, Mosaic]
    curves: dict[str, Curves]
    saliency: dict[str, Saliency]
    collapse: dict[str, OfExperiments]
    layers: dict[str, OfInits]
    learning_curves: dict[str, OfInits]
    transfers: dict[str, OfExperiments]


@dataclass(frozen=True)
class Predict:
    """Which images a finished run's network is to name."""

    run: str
    images: str
    name: str
    confidence: float
    nearest: int


@dataclass(frozen=True)
class Settings:
    """A whole study."""

    study: str
    title: str
    seeds: tuple[int, ...]
    threads: int
    published: str
    contact: str
    collections: dict[str, Collection]
    tasks: dict[str, Task]
    splits: Splits
    pixels: Pixels
    backbones: dict[str, Backbone]
    preprocessings: dict[str, Preprocessing]
    inits: dict[str, Init]
    methods: dict[str, Method]
    experiments: dict[str, Experiment]
    figures: Figures
    predict: Predict | None = None


@dataclass(frozen=True, order=True)
class Run:
    """One trained network for one task: the unit that the study is made of.

    Without a task (empty) it is the training of all tasks at once that a method of kind multitask
    makes its runs from (``Study.joint_runs``).
    """

    collection: str
    task: str
    backbone: str
    init: str
    method: str
    seed: int

    @property
    def folder(self) -> str:
        """The run's folder relative to ``results/{study}``."""
        top = f"runs/{self.collection}/{self.task}" if self.task else f"joint/{self.collection}"
        return f"{top}/{self.backbone}/{self.init}/{self.method}/seed-{self.seed}"
