"""The figures that the paper has not: what their numbers say of runs that are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from art_transfer.files import write_json
from art_transfer.formats import write_csv
from art_transfer.report.collapse import _orders, collapse_figure, collapse_grid, collapse_table
from art_transfer.report.comparison import PUBLISHED, read_published
from art_transfer.report.layers import layers_figure, layers_grid, layers_table, linear_cka
from art_transfer.report.learning_curves import curves_figure, curves_grid, curves_table
from art_transfer.report.style import save, styled
from art_transfer.report.transfers import transfers_figure, transfers_grid, transfers_table
from art_transfer.report_settings import FigureSettings, LayersSettings, TransfersSettings
from art_transfer.settings import Run
from hypothesis import given
from hypothesis import strategies as st
from test_report_runs import write_run

RANDOM = np.random.default_rng(3)
TITLES = {"museum": "Museum", "other": "Other museum"}


def run(method="probe", init="photos", collection="museum"):
    return Run(collection, "type", "demo_plain", init, method, 1)


def settings_of(results, runs, splits):
    return FigureSettings(str(results), "A title", TITLES, tuple(runs), tuple(map(str, splits)))


def drawn(figure, folder):
    save(figure, folder / "a.pdf", folder / "a.png")
    return (folder / "a.png").stat().st_size


def some(right, of=100):
    return [True] * right + [False] * (of - right)


NOTHING = read_published([])


def test_collapse_tells_one_class_from_many(tmp_path):
    """Labels alternate: whoever is right on every other object has said one class only."""
    runs = [run("settled"), run("varied")]
    answers = [[i % 2 == 0 for i in range(100)], some(80)]
    splits = [write_run(tmp_path, *pair) for pair in zip(runs, answers, strict=True)]
    wanted = settings_of(tmp_path, runs, splits)
    settled, varied = collapse_table(wanted, {}, NOTHING).to_dict("records")
    assert settled["accuracy"] == 0.5 and varied["accuracy"] == 0.8
    assert (settled["most_predicted"], settled["classes_predicted"], settled["entropy"]) == (
        1,
        1,
        0,
    )
    assert settled["largest_predicted"] in (0, 1)  # two classes are the largest alike
    assert varied["most_predicted"] == varied["largest_predicted"] == 0.5
    assert varied["entropy"] == pytest.approx(1)
    for row in (settled, varied):
        assert row["largest_class"] == 0.5 and row["entropy_truth"] == pytest.approx(1)
        assert row["train_accuracy"] == 0.9 and row["low"] < row["accuracy"] < row["high"]
    table = collapse_table(wanted, {}, NOTHING)
    text = str(collapse_grid(table, wanted))
    assert "50.00" in text and "100.00" in text
    with styled():
        assert drawn(collapse_figure(table, wanted), tmp_path) > 10_000


def test_collapse_says_which_mode_explains_the_order_of_what_was_printed(tmp_path):
    """One mode has the printed order, the other its reverse; the third shows too few cells."""
    right = {"vgg19": 80, "resnet50": 60, "xception": 40}
    modes = {"kept": right, "updated": {name: 100 - n for name, n in right.items()}}
    cells = [(init, name, n) for init, of in modes.items() for name, n in of.items()]
    cells += [("lacking", "vgg19", 50), ("lacking", "resnet50", 50)]
    runs = [replace(run(init=init), backbone=name) for init, name, _ in cells]
    splits = [write_run(tmp_path, r, some(n)) for r, (*_, n) in zip(runs, cells, strict=True)]
    key = {"collection": "museum", "task": "type", "init": "imagenet", "method": "off_the_shelf"}
    known = {name: n / 200 for name, n in right.items()}
    rows = [
        {"table": "2", "page": 9, "split": "test", "note": "", "backbone": name, "accuracy": a}
        | key
        for name, a in known.items()
    ]
    write_csv(tmp_path / "table2.csv", pd.DataFrame(rows)[PUBLISHED])
    wanted = settings_of(tmp_path, runs, splits)
    table = collapse_table(wanted, {}, read_published([tmp_path / "table2.csv"]))
    assert table["printed"].tolist() == [known[name] for _, name, _ in cells]
    note = collapse_grid(table, wanted).notes[-1]
    assert "kept, probe: +1.00 (+1.00 of all 3 cells); " in note
    assert "updated, probe: -1.00 (-1.00 of all 3 cells)." in note
    assert "lacking" not in note
    assert len(collapse_grid(collapse_table(wanted, {}, NOTHING), wanted).notes) == 1


def test_that_one_task_is_harder_explains_no_order_of_networks():
    """Right alike within each task, or in the wrong order: over all cells both come near."""
    printed = {"material": [0.8, 0.78, 0.76], "artist": [0.38, 0.1, 0.07]}
    rows = [
        {"collection": "museum", "task": task, "backbone": name, "init": init, "method": "probe"}
        | {"printed": given[n], "accuracy": (sum(given) if init == "alike" else -given[n]) + up}
        for init in ("alike", "turned")
        for up, (task, given) in zip((2, 1), printed.items(), strict=True)
        for n, name in enumerate(("vgg19", "resnet50", "xception"))
    ]
    (note,) = _orders(pd.DataFrame(rows))
    assert "alike, probe: +0.00 (+0.88 of all 6 cells)" in note
    assert "turned, probe: -1.00 (+0.54 of all 6 cells)" in note


def curve(results, init, points):
    """Runs of one init that reach these accuracies (in percent) with so many training objects."""
    runs, splits = [], []
    for size, right in points.items():
        one = run(f"share_{size}", init)
        splits.append(write_run(results, one, some(right)))
        path = results / one.folder / "metrics.json"
        metrics = pd.read_json(path, typ="series").to_dict()
        write_json(path, metrics | {"train": {"accuracy": 0.9, "n": size}})
        runs.append(one)
    return runs, splits


def test_what_a_museum_is_worth_is_read_off_the_other_curve(tmp_path):
    theta, theta_splits = curve(tmp_path, "photos", {10: 40, 100: 60, 1000: 70})
    hat, hat_splits = curve(tmp_path, "net", {10: 50, 100: 70, 1000: 90})
    wanted = settings_of(tmp_path, theta + hat, theta_splits + hat_splits)
    table = curves_table(wanted, {})
    assert table["train_n"].tolist() == [10, 100, 1000] * 2
    worth = table.set_index(["init", "train_n"])["worth"]
    assert worth["photos"].tolist() == pytest.approx([10, 100, 1000])
    assert worth["net", 10] == pytest.approx(10**1.5)  # half-way from 40 to 60, by the logarithm
    assert worth["net", 100] == pytest.approx(1000)
    assert np.isnan(worth["net", 1000])
    text = str(curves_grid(table, wanted))
    assert "never" in text and "32" in text
    with styled():
        assert drawn(curves_figure(table, wanted), tmp_path) > 10_000


def test_less_than_the_least_is_worth_nothing(tmp_path):
    theta, theta_splits = curve(tmp_path, "photos", {10: 40, 100: 60})
    hat, hat_splits = curve(tmp_path, "net", {10: 30})
    wanted = settings_of(tmp_path, theta + hat, theta_splits + hat_splits)
    assert curves_table(wanted, {})["worth"].iloc[-1] == 0


@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-5, 5))
def test_cka_does_not_mind_rotation_scale_and_shift(seed, scale, shift):
    random = np.random.default_rng(seed)
    features = random.normal(size=(30, 6))
    turn, _ = np.linalg.qr(random.normal(size=(6, 6)))
    assert linear_cka(features, scale * features @ turn + shift) == pytest.approx(1)


def test_cka_of_features_that_have_nothing_in_common_is_small():
    one, other = RANDOM.normal(size=(2, 4000, 5))
    assert abs(linear_cka(one, other)) < 0.01
    half = np.concatenate([one[:, :3], other[:, :2]], axis=1)
    assert 0.2 < linear_cka(one, half) < 0.9
    assert np.isnan(linear_cka(one, np.ones((4000, 2))))


@pytest.mark.parametrize("width", [50, 500, 2000])
def test_cka_is_no_higher_for_wide_features_of_few_objects(width):
    pairs = np.random.default_rng(7).normal(size=(20, 2, 60, width))
    assert abs(np.mean([linear_cka(one, other) for one, other in pairs])) < 0.05
    shared = pairs[:, 0] + pairs[:, 1]  # half of what varies is common
    likeness = np.mean(
        [linear_cka(one, both) for one, both in zip(pairs[:, 0], shared, strict=True)]
    )
    assert 0.4 < likeness < 0.75


def test_layers_compare_the_features_of_the_test_objects_alone(tmp_path):
    runs = [run(f"probe_{x}", init) for init in ("photos", "net") for x in ("low", "high")]
    splits = [write_run(tmp_path, one, some(50 + n)) for n, one in enumerate(runs)]
    ids = pd.read_csv(splits[0], dtype=str)
    base = RANDOM.normal(size=(len(ids), 4)).astype(np.float32)
    paths = []
    for one in runs:
        path = tmp_path / f"features-{one.init}-{one.method}"
        features = base.copy()
        if one.init == "net":  # another network on what is not tested alone, or altogether
            own = np.ones(len(ids), bool) if one.method == "probe_high" else ids["split"] != "test"
            features[own] = RANDOM.normal(size=(int(own.sum()), 4))
        np.save(f"{path}.npy", features)
        write_csv(f"{path}.ids.csv", ids[["object_id"]])
        paths.append(str(path))
    figure = settings_of(tmp_path, runs, splits)
    wanted = LayersSettings(figure, ("low", "high", "low", "high"), tuple(paths))
    table = layers_table(wanted, {})
    assert table["layer"].tolist() == ["low", "high", "low", "high"]
    assert table["cka"].tolist()[:3] == pytest.approx([1, 1, 1])
    assert table["cka"].iloc[3] < 0.5
    assert table["accuracy"].tolist() == pytest.approx([0.50, 0.51, 0.52, 0.53])
    assert "low" in str(layers_grid(table, figure))
    with styled():
        assert drawn(layers_figure(table, figure), tmp_path) > 10_000


def test_two_first_weights_of_one_way_have_rows_of_their_own_in_a_map(tmp_path):
    one, other, theta = run(init="net"), run(init="all_net"), run()
    for each, right in ((one, 80), (other, 40), (theta, 60)):
        write_run(tmp_path, each, some(right))
    pairs, sources = ((one, theta), (other, theta)), (("other",), ("other",))
    wanted = TransfersSettings(str(tmp_path), "A map", TITLES, pairs, sources)
    table = transfers_table(wanted, {})
    assert table["source"].tolist() == [
        "Other museum (net, over photos)",
        "Other museum (all net, over photos)",
    ]
    with styled():
        figure = transfers_figure(table, wanted)
        places = {t.get_text(): t.get_position() for a in figure.axes for t in a.texts}
    assert places == {"+20.00*": (0, 0), "−20.00*": (0, 1)}


def test_a_map_has_stars_for_what_is_clear_among_all_gains_of_a_task(tmp_path):
    theta = run()
    others = [run(init=f"net{number}") for number in range(20)]
    write_run(tmp_path, theta, some(60))
    for number, each in enumerate(others):
        write_run(tmp_path, each, some(67 if number == 0 else 60))
    pairs = tuple((each, theta) for each in others)
    wanted = TransfersSettings(str(tmp_path), "A map", TITLES, pairs, (("other",),) * 20)
    table = transfers_table(wanted, {})
    first = table.iloc[0]
    assert first["low"] > 0 and first["p"] < 0.05 < first["p_holm"] < 0.2
    with styled():
        texts = [text.get_text() for a in transfers_figure(table, wanted).axes for text in a.texts]
    assert len(texts) == 20 and not any("*" in text for text in texts)


def test_a_map_names_the_museums_on_the_way(tmp_path):
    hat, chain, theta = run(init="net"), run(init="chain"), run()
    for one, right in ((hat, 80), (chain, 60), (theta, 60)):
        write_run(tmp_path, one, some(right))
    pairs, sources = ((hat, theta), (chain, theta)), (("other",), ("museum", "other"))
    wanted = TransfersSettings(str(tmp_path), "A map", TITLES, pairs, sources)
    first, second = transfers_table(wanted, {}).to_dict("records")
    assert (first["source"], second["source"]) == ("Other museum", "Museum → Other museum")
    assert first["gain"] == pytest.approx(0.2) and first["low"] > 0
    assert second["gain"] == 0 and second["low"] < 0 < second["high"]
    table = transfers_table(wanted, {})
    assert "+20.00" in str(transfers_grid(table, wanted))
    with styled():
        figure = transfers_figure(table, wanted)
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert texts == ["+20.00*", "0.00"]
        assert drawn(figure, tmp_path) > 5_000
