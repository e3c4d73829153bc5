"""Classifiers of scikit-learn's on features, what each has to set chosen on the validation objects.

The paper tried a linear support vector machine and a random forest in place of the softmax, found
no difference, and printed neither (section 2.3).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from threadpoolctl import ThreadpoolController

from art_transfer.settings import Method
from art_transfer.train.evaluation import Tested, tested
from art_transfer.train.scaling import moments

Make = Callable[[Any, Any, int], ClassifierMixin]
"""Makes a classifier from the value that it has to set, a seed and a number of threads."""
Parts = Mapping[str, NDArray[Any]]
"""Of each split's name the features (n, |x|), or the probabilities (n, classes), of its objects."""

TREES = 4
"""Trees of a forest at a time. One on 66,000 objects of 1,196 classes takes 0.7 GB."""

CLASSIFIERS: dict[str, tuple[str, Sequence[Any], Make]] = {
    "linear_svm": (
        "C",
        (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        lambda c, seed, _: LinearSVC(C=c, random_state=seed, max_iter=5000),
    ),
    "random_forest": (
        "n_estimators",
        (500,),
        lambda n, seed, jobs: RandomForestClassifier(n, random_state=seed, n_jobs=jobs),
    ),
    "k_nearest": (
        "n_neighbors",
        (20, 10, 5, 3, 1),
        lambda k, _, jobs: KNeighborsClassifier(k, metric="cosine", n_jobs=jobs),
    ),
    "tuned_linear": (
        "C",
        (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        lambda c, seed, _: LogisticRegression(C=c, random_state=seed, max_iter=1000),
    ),
}
"""What each has to set, the values that are tried from the simplest on, and its maker."""


@contextmanager
def algebra(threads: int) -> Iterator[None]:
    """Have NumPy's products and scikit-learn's loops use so many threads, and SciPy's BLAS one.

    NumPy and SciPy bring a BLAS each, whose threads wait for work by spinning. A minimiser that
    calls them in turn (L-BFGS) gets them into each other's way: a logistic regression on 1,870 x
    1,280 features takes 4 s with SciPy's on one thread, 6 with both, and 46 with both on two.
    """
    pools = ThreadpoolController()
    files = [pool["filepath"] for pool in pools.info()]
    of_scipy = [f for f in files if any(p.split(".")[0] == "scipy" for p in Path(f).parts)]
    with pools.limit(limits=threads), pools.select(filepath=of_scipy).limit(limits=1):
        yield


def fit_classifier(
    method: Method, split: pd.DataFrame, features: NDArray[np.float32], seed: int, threads: int
) -> tuple[Tested, dict[str, Any]]:
    """Fit a method's classifier on features (n, |x|) whose rows are the split table's.

    Of the values that are tried the one with the best validation accuracy is kept; of equals the
    first. Gives what is left of the run, its history having a row for each value in the place of
    an epoch, and what was chosen. It computes with so many ``threads``, and not with as many as
    the machine or Snakemake left: the bits depend on it.
    """
    parts = {name: (split["split"] == name).to_numpy() for name in split["split"].unique()}
    if method.standardize or method.classifier == "tuned_linear":
        mean, deviation = moments(features[parts["train"]])
        features = (features - mean) / deviation
    classes = sorted(split["label"].unique())
    truth = pd.Index(classes).get_indexer(pd.Index(split["label"]))
    given = {part: features[places] for part, places in parts.items()}
    name, values, make = CLASSIFIERS[method.classifier]
    rows, most, best, chosen = [], -1.0, 0, values[0]
    probabilities: Parts = {}
    for number, value in enumerate(values, 1):
        if name == "n_neighbors":  # no more than there are
            value = min(value, len(given["train"]))
        fitted = _of_forest if method.classifier == "random_forest" else _of_model
        with algebra(threads):
            found = fitted(make, value, seed, threads, given, truth[parts["train"]])
        row: dict[str, float] = {"epoch": number}
        for prefix, part in (("", "train"), ("val_", "validation")):
            right, probability = truth[parts[part]], found[part]
            row[f"{prefix}loss"] = float(log_loss(right, probability, labels=range(len(classes))))
            row[f"{prefix}accuracy"] = float((probability.argmax(axis=1) == right).mean())
        rows.append(row)
        if row["val_accuracy"] > most:
            most, best, chosen, probabilities = row["val_accuracy"], number, value, found
    return tested(split, probabilities, pd.DataFrame(rows), best, len(rows)), {name: chosen}


def _of_model(
    make: Make, value: Any, seed: int, threads: int, given: Parts, truth: NDArray[np.int64]
) -> Parts:
    """The probabilities of one model, fitted at once."""
    model = make(value, seed, threads).fit(given["train"], truth)
    classes = int(np.max(truth)) + 1  # each is in the train split
    return {part: _probabilities(model, x, classes) for part, x in given.items()}


def _of_forest(
    make: Make, trees: int, seed: int, threads: int, given: Parts, truth: NDArray[np.int64]
) -> Parts:
    """A random forest's probabilities, TREES at a time, each forgotten when it has spoken."""
    random = np.random.RandomState(seed)
    classes = int(np.max(truth)) + 1  # each is in the train split
    sums = {part: np.zeros((len(x), classes)) for part, x in given.items()}
    for start in range(0, trees, TREES):
        count = min(TREES, trees - start)
        few = make(count, random, threads).fit(given["train"], truth)
        for part, x in given.items():
            sums[part] += count * _probabilities(few, x, classes)
    return {part: (total / trees).astype(np.float32) for part, total in sums.items()}


def _probabilities(model: Any, features: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """Probabilities (n, classes); a support vector machine's are a softmax of its margins."""
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(features)
    else:
        margins = model.decision_function(features)
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins]) / 2
        found = softmax(margins, axis=1)
    every = np.zeros((len(features), classes))
    every[:, model.classes_] = found
    return every.astype(np.float32)
