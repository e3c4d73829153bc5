"""What a study cannot show is refused when it is planned, in one whole message."""

from typing import Any

import pytest
from art_transfer.check_figures import curves_runs
from art_transfer.checks import load_study
from art_transfer.errors import StudyError
from builders import small_config

SVM = {"kind": "classifier", "classifier": "linear_svm", "preprocessing": "unit"}
TABLE = small_config()["experiments"]["table"]
CURVES = {"collection": "museum", "experiments": ["table"], "tasks": ["type"]}
CONVNEXT = {
    "backbones__convnext_tiny": {"size": 32},
    "figures__saliency__maps": {
        "collection": "museum",
        "tasks": ["type"],
        "backbone": "convnext_tiny",
        "before": {"init": "random", "method": "off_the_shelf"},
        "after": {"init": "random", "method": "fine_tuning"},
    },
}
NO_CURVES = (
    "`figures.curves.f` has no run to show; expected one at least in its experiments ['table'] "
    "that is of the collection {collection!r}, has one of the tasks {tasks}, and has epochs "
    "(a method of another kind than classifier)"
)


def refusal(tmp_path, changes: dict[str, Any]) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(small_config(**changes), tmp_path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "collection", "tasks"),
    [
        ({"figures__curves__f": CURVES | {"collection": "photos"}}, "photos", ["type"]),
        (
            {
                "figures__curves__f": CURVES,
                "experiments__table": TABLE | {"tasks": ["material"]},
            },
            "museum",
            ["type"],
        ),
        (
            {
                "figures__curves__f": CURVES,
                "methods__svm": SVM,
                "experiments__table": TABLE | {"methods": ["svm"]},
            },
            "museum",
            ["type"],
        ),
    ],
    ids=["collection", "task", "classifiers alone"],
)
def test_a_figure_of_curves_needs_a_run(tmp_path, changes, collection, tasks):
    said = NO_CURVES.format(collection=collection, tasks=tasks)
    assert refusal(tmp_path, changes) == f"the config is wrong:\n  {said}"


def test_classifiers_which_have_no_epochs_are_not_among_the_curves(tmp_path):
    methods = ["off_the_shelf", "svm", "fine_tuning"]
    config = small_config(
        figures__curves__f=CURVES,
        methods__svm=SVM,
        experiments__table=TABLE | {"inits": ["files"], "methods": methods},
    )
    study, _ = load_study(config, tmp_path)
    shown = [(run.collection, run.task, run.method) for run in curves_runs(study, "f")]
    assert shown == [
        ("museum", "type", "off_the_shelf"),
        ("museum", "type", "fine_tuning"),
    ]


def test_a_study_needs_an_experiment(tmp_path):
    assert refusal(tmp_path, {"experiments": {}}) == (
        "the config is wrong:\n  `experiments` is empty, and tables and the study's page are made "
        "of their runs; expected one experiment at least, such as one of the runs that the figures "
        "show"
    )


@pytest.mark.parametrize("algorithm", ["bojarski", "released_code"])
def test_visual_backprop_is_not_asked_of_a_network_that_it_cannot_follow(tmp_path, algorithm):
    changes = CONVNEXT | {"figures__saliency__maps__algorithm": algorithm}
    assert refusal(tmp_path, changes) == (
        f"the config is wrong:\n  `figures.saliency.maps.algorithm` is {algorithm!r}, which cannot "
        "follow the layers of ConvNeXtTiny; expected 'grad_cam' or 'integrated_gradients', or "
        "another `backbone`"
    )
    other = CONVNEXT | {"figures__saliency__maps__algorithm": "grad_cam"}
    load_study(small_config(**other), tmp_path)
