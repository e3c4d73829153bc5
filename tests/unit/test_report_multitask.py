"""One network for all tasks beside one for each: accuracies of the tables, hours of the cost."""

import pandas as pd
import pytest
from art_transfer.report.grid import markdown
from art_transfer.report.multitask import ALL, MULTITASK, multitask, multitask_table

START = {"collection": "museum", "backbone": "vgg19", "init": "imagenet"}
TASKS = ("artist", "type")


def cells(*methods: tuple[str, str], tasks=TASKS, seeds=1) -> pd.DataFrame:
    """The cells of an experiment; accuracies are 0.5, 0.6 and so on."""
    rows = [
        {**START, "task": task, "method": method, "kind": kind, "seeds": seeds}
        for method, kind in methods
        for task in tasks
    ]
    return pd.DataFrame(rows).assign(accuracy=[0.5 + 0.1 * n for n in range(len(rows))])


def cost(*rows: tuple[str, str, str, float], gpus=0) -> pd.DataFrame:
    """What of which task and method took so many hours."""
    table = pd.DataFrame(rows, columns=["what", "task", "method", "hours"]).assign(**START)
    return table.assign(cpu_hours=2 * table["hours"], gpu_hours=gpus * table["hours"])


BOTH = (("fine_tuning", "fine_tuning"), ("both", "multitask"))
SPENT = [
    *[("run", "artist", "fine_tuning", 1.0), ("run", "type", "fine_tuning", 2.0)],
    *[("run", "artist", "both", 0.125), ("run", "type", "both", 0.25), ("joint", "", "both", 1.5)],
    *[("features", "type", "", 9.0), ("run", "type", "other", 9.0), ("total", "", "", 99.0)],
]


def test_the_joint_training_is_counted_once_and_its_tests_with_their_tasks():
    table = multitask([cells(*BOTH)], cost(*SPENT))
    assert list(table) == MULTITASK
    found = table.set_index(["method", "task"])
    assert found["networks"].to_dict() == {
        ("fine_tuning", "artist"): 1,
        ("fine_tuning", "type"): 1,
        ("fine_tuning", ALL): 2,
        ("both", "artist"): 0,
        ("both", "type"): 0,
        ("both", ALL): 1,
    }
    assert found["hours"].tolist() == [1.0, 2.0, 3.0, 0.125, 0.25, 1.875]
    assert found["cpu_hours"].tolist() == [2.0, 4.0, 6.0, 0.25, 0.5, 3.75]
    assert found["accuracy"].tolist() == pytest.approx([0.5, 0.6, 0.55, 0.7, 0.8, 0.75])


def test_a_run_of_a_seed_that_no_experiment_has_counts_like_the_others():
    """A parent of another seed is one more run of its cell, and no more hours for each seed."""
    again = cost(("run", "artist", "fine_tuning", 3.0))
    table = multitask([cells(*BOTH)], pd.concat([cost(*SPENT), again]))
    assert table["hours"].tolist()[:3] == [2.0, 2.0, 4.0]


def test_hours_are_those_of_one_seed():
    twice = pd.concat([cost(*SPENT)] * 2)
    table = multitask([cells(*BOTH, seeds=2)], twice)
    assert table["hours"].tolist() == [1.0, 2.0, 3.0, 0.125, 0.25, 1.875]
    assert set(table["seeds"]) == {2}


def test_heads_and_experiments_without_such_a_network_are_left_out():
    shelf = (*BOTH, ("shelf", "head"))
    alone = cells(("other", "fine_tuning"), tasks=("type",)).assign(init="random")
    table = multitask([cells(*shelf), alone, cells(*BOTH)], cost(*SPENT))
    assert set(table["method"]) == {"fine_tuning", "both"} and len(table) == 6


def test_the_table_for_readers_has_a_row_for_each_method():
    table = multitask([cells(*BOTH)], cost(*SPENT))
    text = markdown(multitask_table(table, {"museum": "Museum"}, {"vgg19": "VGG19"}))
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines()[2:6]]
    assert rows[0][4:] == ["networks", "artist", "type", "mean", "CPU-hours"]
    assert rows[2] == [
        *["Museum", "VGG19", "imagenet", "fine tuning", "2", "50.00", "60.00", "55.00", "6"]
    ]
    assert rows[3][3:] == ["both", "1", "70.00", "80.00", "75.00", "3.75"]
    on_gpus = multitask([cells(*BOTH)], cost(*SPENT, gpus=1))
    grid = multitask_table(on_gpus, {"museum": "Museum"}, {"vgg19": "VGG19"})
    assert grid.header[-1] == "GPU-hours" and grid.groups[0][1][-1].text == "1.875"


def test_an_experiment_of_fewer_tasks_adds_no_second_row():
    fewer = cells(*BOTH, tasks=("type",))
    table = multitask([cells(*BOTH), fewer], cost(*SPENT))
    pd.testing.assert_frame_equal(table, multitask([cells(*BOTH)], cost(*SPENT)))
