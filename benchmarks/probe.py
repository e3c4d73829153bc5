"""A tuned linear probe: ours against scikit-learn as it comes, each with all cores.

    python benchmarks/probe.py [--objects 2000] [--width 1280] [--classes 11]

The same values of C are tried. What is checked: both say the same of 99 % of the test objects. The
features are noise with a class's own direction in it.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import CORES, ROOT, Benchmark


def data(objects: int, width: int, classes: int) -> tuple[Any, Any]:
    """Labels (objects,), and features (objects, width) float32."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, objects)
    means = random.standard_normal((classes, width), np.float32) / 4
    return labels, random.standard_normal((objects, width), np.float32) + means[labels]


def ours(objects: int, width: int, classes: int) -> Callable[[], list[int]]:
    """The rule ``classifier``'s fit; gives what it says of the test objects."""
    import pandas as pd
    from art_transfer.checks import load_study
    from art_transfer.config import read_files
    from art_transfer.train.classifiers import fit_classifier

    study, _ = load_study(read_files([ROOT / "config/beyond/heads.yaml"]), ROOT / "config/beyond")
    method = study.settings.methods["tuned_linear"]
    labels, features = data(objects, width, classes)
    parts = ["train"] * (objects * 8 // 10) + ["validation"] * (objects // 10)
    split = pd.DataFrame(
        {
            "object_id": [f"{number:06}" for number in range(objects)],
            "split": parts + ["test"] * (objects - len(parts)),
            "label": [f"{label:04}" for label in labels],
        }
    )

    def fit() -> list[int]:
        tested, _ = fit_classifier(method, split, features, 1, CORES)
        return [int(label) for label in tested.predictions["predicted"]]

    return fit


def as_it_comes(objects: int, width: int, classes: int) -> Callable[[], list[int]]:
    """A pipeline for each C, the best on the validation objects kept."""
    from art_transfer.train.classifiers import CLASSIFIERS
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels, features = data(objects, width, classes)
    first, second = objects * 8 // 10, objects * 9 // 10

    def fit() -> list[int]:
        models = [
            make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000)).fit(
                features[:first], labels[:first]
            )
            for c in CLASSIFIERS["tuned_linear"][1]
        ]
        best = max(models, key=lambda m: m.score(features[first:second], labels[first:second]))
        return [int(label) for label in best.predict(features[second:])]

    return fit


def same(ours: list[int], theirs: list[int]) -> None:
    """Assert that 99 % are the same."""
    assert np.mean(np.equal(ours, theirs)) >= 0.99, "they say different things"


def main() -> None:
    """Measure the entry."""
    bench = Benchmark(__doc__, objects=2000, width=1280, classes=11)
    sizes = bench.given.objects, bench.given.width, bench.given.classes
    bench.compare(
        "a tuned linear probe on {:,} x {:,} features, {:,} classes".format(*sizes),
        functools.partial(ours, *sizes),
        "scikit-learn as it comes",
        functools.partial(as_it_comes, *sizes),
        None,
        same,
    )


if __name__ == "__main__":
    main()
