"""Classifiers of scikit-learn's: what they choose, and on whose say."""

import numpy as np
import pandas as pd
import pytest
from art_transfer.train.classifiers import CLASSIFIERS, algebra, fit_classifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_info
from training_data import normal, split_table, training

TABLE = split_table(90, 30, 30)
NAMES = list(CLASSIFIERS)


def fit(name, features, table=TABLE, **changes):
    method = training(kind="classifier", classifier=name, **changes).method
    return fit_classifier(method, table, features, 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_can_be_learned_and_leaves_what_every_run_leaves(name):
    found, chosen = fit(name, normal(TABLE, 6, 4.0))
    test = TABLE[TABLE["split"] == "test"]
    assert found.metrics["test"]["accuracy"] > 0.9
    assert found.predictions["object_id"].tolist() == sorted(test["object_id"])
    assert found.classes == ["class 0", "class 1", "class 2"]
    (key, values, _) = CLASSIFIERS[name]
    assert list(chosen) == [key] and chosen[key] in values
    assert len(found.history) == len(values)
    best = found.history.set_index("epoch").loc[found.metrics["best_epoch"]]
    assert best["val_accuracy"] == found.history["val_accuracy"].max()
    assert found.metrics["train"]["n"] == 90


@pytest.mark.parametrize("name", NAMES)
def test_test_labels_change_nothing_but_the_score(name):
    """Neither what is fitted nor what is chosen may look at them."""
    features, turned = normal(TABLE, 6, 1.0), TABLE.copy()
    test = (turned["split"] == "test").to_numpy()
    turned.loc[test, "label"] = np.roll(turned.loc[test, "label"], 1)
    (one, chosen), (other, again) = fit(name, features), fit(name, features, turned)
    assert chosen == again
    assert one.predictions["predicted"].tolist() == other.predictions["predicted"].tolist()
    assert one.metrics["test"]["accuracy"] != other.metrics["test"]["accuracy"]


def test_the_validation_objects_choose():
    """Noise in many features: a weak machine is better, and that shows on validation alone."""
    noisy = np.concatenate([normal(TABLE, 6, 1.0), normal(TABLE, 300, 0.0)[:, 6:]], axis=1)
    found, chosen = fit("tuned_linear", noisy)
    worst = found.history["val_accuracy"].min()
    assert found.metrics["validation"]["accuracy"] > worst
    assert chosen["C"] < 10 and found.history["accuracy"].iloc[-1] == 1


def test_the_probe_does_not_mind_the_scale_of_features():
    features = normal(TABLE, 6, 1.5)
    small = features * np.float32(6e-5)  # as the last layer of a random network has them
    one, other = (fit("tuned_linear", f)[0].predictions for f in (features, small))
    assert one["predicted"].tolist() == other["predicted"].tolist()
    said = [fit("linear_svm", f, standardize=True)[0].predictions for f in (features, small)]
    assert said[0]["predicted"].tolist() == said[1]["predicted"].tolist()


def test_a_forest_that_grows_a_few_trees_at_a_time_is_the_whole_forest():
    features = normal(TABLE, 6, 1.0)
    parts = {name: (TABLE["split"] == name).to_numpy() for name in ("train", "test")}
    whole = RandomForestClassifier(500, random_state=np.random.RandomState(1))
    whole.fit(features[parts["train"]], TABLE["label"][parts["train"]])
    expected = pd.DataFrame(whole.predict_proba(features[parts["test"]]), columns=whole.classes_)
    found = fit("random_forest", features)[0].predictions.set_index("object_id")
    expected.index = TABLE["object_id"][parts["test"]]
    np.testing.assert_allclose(
        found["probability"], expected.max(axis=1).loc[found.index], rtol=1e-5
    )


def test_two_classes_and_a_machine_of_margins():
    table = split_table(40, 12, 12, classes=2)
    found, _ = fit("linear_svm", normal(table, 4, 4.0), table)
    assert found.metrics["test"]["accuracy"] > 0.9
    assert found.predictions["probability"].between(0.5, 1).all()


def test_equals_go_to_the_simplest():
    """Constant features: every value is as good, and the first of them stays."""
    constant = np.ones((len(TABLE), 3), np.float32)
    for name in ("tuned_linear", "linear_svm"):
        found, chosen = fit(name, constant)
        assert chosen["C"] == CLASSIFIERS[name][1][0]
        dummy = DummyClassifier().fit(constant, TABLE["label"])
        assert set(found.predictions["predicted"]) <= set(dummy.classes_)


def test_no_two_pools_of_threads_wait_for_each_other():
    """NumPy's BLAS and SciPy's on two threads each make a probe take many times as long."""

    def threads():
        return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}

    before = threads()
    with algebra(2):
        within = threads()
    assert {n for path, n in within.items() if "scipy.libs" in path} == {1}
    assert {n for path, n in within.items() if "scipy.libs" not in path} == {2}
    assert threads() == before
