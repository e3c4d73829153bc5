"""The study's settings as typed objects; what each key means is in workflow/schemas/config.yaml.

``from_mapping`` builds any of them from a plain mapping, as it comes from a rule's params.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def from_mapping(cls: type[T], mapping: dict[str, Any]) -> T:
    """Build the dataclass ``cls`` from a mapping; nested dataclasses and tuples are converted.

    Keys must be exactly the fields without a default, or a superset of them within the fields.
    """
    known = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {}
    for key, value in mapping.items():
        kind = known[key].type
        if dataclasses.is_dataclass(kind) and isinstance(value, dict):
            value = from_mapping(kind, value)  # type: ignore[arg-type]
        elif isinstance(value, list):
            value = tuple(value)
        values[key] = value
    return cls(**values)


@dataclass(frozen=True)
class Task:
    """How one label is chosen from an object's metadata."""

    field: str  # creators, materials or types
    choose: str = "first"  # first or last of what is left
    roles: tuple[str, ...] = ()  # keep only "role: Name" values with these roles; empty: all
    unknown: tuple[str, ...] = ()  # names that are no class, compared after normalisation
    separators: str = ""  # characters that part several values in one
    lower_case: bool = False
    min_objects: int = 3  # smaller classes are left out; 3 is the least that can be split


@dataclass(frozen=True)
class Splits:
    """How objects are dealt out to train, validation and test."""

    rule: str = "stratified"  # stratified, random_80_10_10 or random_81_9_10
    fixed: bool = False  # the first seed's split for all seeds


@dataclass(frozen=True)
class Pixels:
    """How an image becomes a square array."""

    fit: str = "stretch"  # stretch, crop or pad
    filter: str = "nearest"  # nearest, bilinear, bicubic, lanczos or box


@dataclass(frozen=True)
class Optimizer:
    """An optimiser and its settings, as Keras names them."""

    name: str
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    rho: float = 0.9
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Method:
    """How a network, or a head on its features, is trained."""

    kind: str  # head or fine_tuning
    preprocessing: str
    optimizer: Optimizer
    batch_size: int = 32
    epochs: int = 100
    patience: int = 7
    batch_norm: str = "batch"  # fine tuning: batch (statistics learn too) or inference
    frozen_layers: int = 0  # fine tuning: that many first layers with weights do not change
    head_warmup_epochs: int = 0  # fine tuning: epochs of the head alone, first
    threads: int = 2  # of TensorFlow; part of the result, see docs


@dataclass(frozen=True, order=True)
class Run:
    """One trained network: the unit that the study is made of."""

    collection: str
    task: str
    backbone: str
    init: str
    method: str
    seed: int

    @property
    def folder(self) -> str:
        """The run's folder relative to ``results/{study}``."""
        return (
            f"runs/{self.collection}/{self.task}/{self.backbone}/{self.init}/{self.method}"
            f"/seed-{self.seed}"
        )
