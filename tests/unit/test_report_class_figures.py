"""Figures of classes and gains: what they say, the same bytes twice, and names of every kind."""

import numpy as np
import pandas as pd
from art_transfer.report import style
from art_transfer.report.class_figures import (
    FEWEST,
    calibration_figure,
    confusion_figure,
    size_figure,
    tails_figure,
)
from art_transfer.report.classes import (
    calibration,
    class_scores,
    class_sizes,
    confusions,
    largest,
)
from art_transfer.report.runs import CELL, OTHERS
from art_transfer.report.slopes import GAIN_OF, UNCLEAR, gains_figure
from matplotlib.figure import Figure
from matplotlib.text import Text

TITLES = {"museum": "A $museum$", "other": "Other museum"}
HOSTILE = ["$x$", "_under_score_", "x" * 200, "many words " * 20, "שמואל הירשנברג", "a\nb", "100 %"]
NETWORKS = {"vgg19": "vgg19", "resnet50": "resnet50"}


def cells(inits=("imagenet", "rijksnet"), keys=(("museum", "type"),)) -> pd.DataFrame:
    """Cells as an experiment's table has them; accuracies rise from cell to cell."""
    rows = [
        {
            **dict(zip(CELL, [*key, network, init, method], strict=True)),
            "network": network,
            "kind": "head" if method == "off_the_shelf" else "fine_tuning",
            "first": {"imagenet": "weights", "random": "random"}.get(init, "run"),
        }
        for key in keys
        for network in NETWORKS
        for init in inits
        for method in ("off_the_shelf", "fine_tuning")
    ]
    steps = np.linspace(0.5, 0.9, len(rows))
    return pd.DataFrame(rows).assign(accuracy=steps, validation_accuracy=steps[::-1])


def gains(clear=()) -> pd.DataFrame:
    """The gains of these cells, whose intervals leave out zero for the tasks that are clear."""
    rows = [
        (collection, task, network, f"rijksnet/{method}", f"imagenet/{method}", task in clear)
        for collection in TITLES
        for task in ("type", "artist")
        for network in NETWORKS
        for method in ("off_the_shelf", "fine_tuning")
    ]
    table = pd.DataFrame(rows, columns=[*GAIN_OF, "low"])
    return table.assign(low=table["low"] - 0.5, high=1.0)


def counted(table: pd.DataFrame, names=("big", "middle", "small")):
    """Class sizes, calibration and confusions of these cells, all of them right by chance."""
    train = pd.Series([400.0, 40.0, 4.0, *[3.0] * (len(names) - 3)], names)
    parts: tuple[list, list, list] = ([], [], [])
    for number, cell in enumerate(table[CELL].to_dict("records")):
        generator = np.random.default_rng(number)
        label = generator.choice(names, 200)
        predicted = np.where(generator.random(200) < 0.6, label, generator.choice(names, 200))
        found = pd.DataFrame({"label": label, "predicted": predicted, "right": label == predicted})
        found["probability"] = generator.random(200)
        tables = class_scores(found, train), calibration(found), confusions(found, largest(train))
        for rows, some in zip(parts, tables, strict=True):
            rows.append(some.assign(**cell))
    classes, bins, pairs = map(pd.concat, parts)
    return class_sizes(classes), bins, pairs


def every(names=("big", "middle", "small")) -> dict[str, Figure]:
    """Each of the figures; call within ``style.styled``."""
    table = cells(keys=[("museum", "type"), ("other", "type")])
    sizes, bins, pairs = counted(table, names)
    tails = {("museum", "type"): [90, 40, 1], ("museum", "artist"): [9], ("other", "type"): [3, 2]}
    return {
        "size": size_figure(sizes, table, TITLES),
        "tails": tails_figure(tails, TITLES),
        "confusion": confusion_figure(pairs, table, TITLES),
        "calibration": calibration_figure(bins, table, TITLES),
        "gains": gains_figure([table], gains(), TITLES),
    }


def test_the_same_numbers_give_the_same_bytes_in_fonts_that_print(tmp_path):
    written = []
    for _ in ("first", "second"):
        with style.styled():
            for name, figure in every().items():
                style.save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        written.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert len(written[0]) == 10
    assert written[0] == written[1]
    for name, content in written[0].items():
        if name.endswith(".pdf"):
            assert b"/FontFile2" in content and b"/Type3" not in content
            assert b"/Subtype /Image" not in content, f"{name} is no vector picture"


def drawn(figure: Figure) -> list:
    """The places of all texts that are drawn, ticks and legend too."""
    figure.draw_without_rendering()
    parts = [figure._suptitle, *figure.legends]
    boxes = [part.get_window_extent() for part in parts]
    for axes in figure.axes:
        if axes.axison:
            boxes += [axis.get_tightbbox() for axis in (axes.xaxis, axes.yaxis)]
            boxes += [part.get_window_extent() for part in [axes.title, *axes.texts]]
            boxes.append(axes._right_title.get_window_extent())
    return boxes


def test_no_text_is_cut_or_read_as_a_formula_whatever_the_classes_are_called():
    with style.styled():
        for name, figure in every(HOSTILE).items():
            for box in drawn(figure):
                assert box.x0 >= 0 and box.x1 <= figure.bbox.width, (name, box)
                assert box.y0 >= 0 and box.y1 <= figure.bbox.height, (name, box)
            said = [text.get_text() for text in figure.findobj(Text)]
            assert any("A $museum$" in text for text in said), name
            if name == "confusion":
                labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
                for start in ("$x$ (", "_under_score_ (", "a b (", "100 % ("):
                    assert any(label.startswith(start) for label in labels)
                assert max(map(len, labels)) < 40


def test_class_names_and_numbers_do_not_overlap():
    with style.styled():
        figures = every(HOSTILE)
        for name in ("confusion", "size", "tails"):
            figures[name].draw_without_rendering()
            for axes in figures[name].axes:
                for labels in (axes.get_yticklabels(), axes.get_xticklabels()):
                    boxes = [text.get_window_extent() for text in labels if text.get_text()]
                    for number, box in enumerate(boxes):
                        assert not any(box.overlaps(other) for other in boxes[:number]), name


def test_bins_stand_at_their_accuracy_with_its_interval():
    table = cells(inits=["imagenet"])
    sizes, _, _ = counted(table)
    with style.styled():
        axes = size_figure(sizes, table, TITLES).axes[0]
    assert len(axes.containers) == len(table)
    for container, (_, cell) in zip(axes.containers, sizes.groupby(CELL, sort=False), strict=True):
        line, _, (bars,) = container
        assert line.get_ydata().tolist() == cell["accuracy"].tolist()
        ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
        np.testing.assert_allclose(ends, cell[["low", "high"]].to_numpy())
        np.testing.assert_allclose(line.get_xdata().astype(float), cell["train"], rtol=0.15)
    assert axes.get_xscale() == "log"


def test_long_tails_go_from_the_largest_class_on():
    tails = {("museum", "type"): [1, 90, 40], ("museum", "artist"): [9]}
    with style.styled():
        figure = tails_figure(tails, TITLES)
    (axes,) = figure.axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines == {"type": [[1, 90], [2, 40], [3, 1]], "artist": [[1, 9]]}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["type", "artist"]


def test_the_matrix_is_that_of_the_best_network_on_validation_in_percent_of_its_rows():
    table = cells()
    _, _, pairs = counted(table)
    best = table.iloc[0]  # accuracies on validation fall from cell to cell
    own = pairs[(pairs[CELL] == best[CELL]).all(axis=1)].set_index(["label", "predicted"])["n"]
    with style.styled():
        axes = confusion_figure(pairs, table, TITLES).axes[0]
    assert axes.get_title("right").splitlines()[1] == "VGG19, imagenet + off the shelf"
    row = own["big"]
    written = {text.get_text() for text in axes.texts if text.get_position()[1] == 0.5}
    assert written == {f"{100 * n / row.sum():.0f}" for n in row}
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == f"big ({row.sum()})  1"


def test_the_rest_of_the_classes_stands_last():
    names = [f"class {number:02d}" for number in range(20)]
    table = cells()
    _, _, pairs = counted(table, names)
    with style.styled():
        axes = confusion_figure(pairs, table, TITLES).axes[0]
    labels = [label.get_text().split(" (")[0] for label in axes.get_yticklabels()]
    assert labels == [*names[:12], OTHERS]


def test_calibration_leaves_out_bins_of_few_predictions():
    table = cells(inits=["imagenet"]).iloc[:1]
    bins = pd.DataFrame(
        {"n": [FEWEST, FEWEST - 1], "probability": [0.3, 0.7], "accuracy": [0.2, 0]}
    )
    with style.styled():
        axes = calibration_figure(bins.assign(**table.iloc[0][CELL]), table, TITLES).axes[0]
    points = {tuple(point) for line in axes.lines for point in line.get_xydata().tolist()}
    assert points == {(0, 0), (1, 1), (0.3, 0.2)}


def test_the_area_of_a_mark_is_the_number_of_predictions():
    table = cells(inits=["imagenet"]).iloc[:1]
    bins = pd.DataFrame({"n": [900, 100, 25], "probability": [0.2, 0.5, 0.7], "accuracy": 0.5})
    with style.styled():
        axes = calibration_figure(bins.assign(**table.iloc[0][CELL]), table, TITLES).axes[0]
    marks = {float(line.get_xdata()[0]): line for line in axes.lines if len(line.get_xdata()) == 1}
    areas = [marks[x].get_markersize() ** 2 for x in bins["probability"]]
    np.testing.assert_allclose(np.divide(areas, areas[0]), bins["n"] / 900)


def test_slopes_end_in_their_gains_and_the_numbers_do_not_overlap():
    table = cells(keys=[("museum", "type"), ("museum", "artist")])
    table["accuracy"] = [0.5, 0.7, 0.52, 0.69, 0.5, 0.7, 0.521, 0.695] * 2
    with style.styled():
        figure = gains_figure([table], gains(clear=["type"]), TITLES)
        figure.draw_without_rendering()
    axes = figure.axes[0]
    slopes = [line.get_ydata().tolist() for line in axes.lines]
    assert slopes == [[0.5, 0.52], [0.7, 0.69], [0.5, 0.521], [0.7, 0.695]]
    numbers = {text.get_text() for text in axes.texts}
    assert numbers == {"+2.00", "−1.00", "+2.10", "−0.50"}
    unclear = [{text.get_color() for text in axes.texts} for axes in figure.axes[:2]]
    assert UNCLEAR not in unclear[0] and unclear[1] == {UNCLEAR}
    boxes = [text.get_window_extent() for text in axes.texts]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "θ\nimagenet",
        "θ\u0302\nrijksnet",
    ]


def test_an_experiment_of_its_own_first_weights_has_panels_of_its_own():
    tables = [cells(), cells(inits=["random", "imagenet"])]
    with style.styled():
        figure = gains_figure(tables, gains(), TITLES)
    ticks = [[label.get_text() for label in axes.get_xticklabels()] for axes in figure.axes]
    assert ticks[1] == ["random", "imagenet"]
