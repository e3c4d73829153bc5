"""Which objects the saliency figure shows, and what it says where there are few or none."""

import numpy as np
import pandas as pd
import pytest
from art_transfer.formats import write_csv
from art_transfer.prepare.pixels import square
from art_transfer.report import style
from art_transfer.report.saliency import (
    Panel,
    as_seen,
    choose,
    pictures,
    saliency_figure,
    shown_objects,
)
from art_transfer.report.saliency_tiles import SIDE, read_tiles, write_tiles
from art_transfer.settings import Pixels
from PIL import Image

TRUTH = ["cat", "dog", "cat", "dog", "cat", "dog"]


def predictions(predicted, probability) -> pd.DataFrame:
    ids = [f"o{i}" for i in range(len(TRUTH))]
    table = {"object_id": ids, "label": TRUTH, "predicted": predicted, "probability": probability}
    return pd.DataFrame(table | {"rank": 1})


BEFORE = predictions(["dog", "cat", "dog", "dog", "dog", "cat"], 0.5)
AFTER = predictions(["cat", "dog", "cat", "dog", "dog", "dog"], [0.6, 0.9, 0.7, 0.99, 0.95, 0.9])


def panel(choice) -> Panel:
    n = len(choice.objects)
    generator = np.random.default_rng(1)
    maps = generator.random((2, n, 8, 8)).astype(np.float32)
    images = [generator.integers(0, 255, (20, 30, 3), dtype=np.uint8) for _ in range(n)]
    return Panel(choice, images, maps[0], maps[1])


def test_the_surest_of_each_class_that_only_the_second_network_gets_right_are_shown():
    choice = choose("type", BEFORE, AFTER, 3)
    # o3 was right before too, o4 is wrong after; o1 and o5 are equally sure, and both are dogs
    assert choice.objects["object_id"].tolist() == ["o1", "o2", "o5"]
    assert choice.objects["predicted_before"].tolist() == ["cat", "dog", "cat"]
    assert (choice.only_after_right, choice.test_objects) == (4, 6)
    shuffled = choose("type", BEFORE[::-1], AFTER.sample(frac=1, random_state=1), 3)
    pd.testing.assert_frame_equal(shuffled.objects, choice.objects)


def texts(figure) -> list[str]:
    found = [axes.get_xlabel() for axes in figure.axes]
    found += [text.get_text() for axes in figure.axes for text in axes.texts]
    return found + [block.get_suptitle() for block in figure.subfigs]


def test_the_figure_says_truth_and_both_predictions():
    with style.styled():
        figure = saliency_figure([panel(choose("type", BEFORE, AFTER, 2))], "Title", "θ", "θ̂")
    found = texts(figure)
    assert "type: 4 of 6 test objects right after only, 2 shown" in found
    assert {"truth: dog\no1", "cat\n(wrong)", "dog\n(right, 90 %)"} <= set(found)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["image", "θ", "θ̂"]


def test_of_a_long_id_the_end_is_shown():
    after = AFTER.assign(object_id=[f"https://id.museum.example/20010979{i}" for i in range(6)])
    before = BEFORE.assign(object_id=after["object_id"])
    with style.styled():
        figure = saliency_figure([panel(choose("type", before, after, 1))], "Title", "θ", "θ̂")
    assert "truth: dog\n…id.museum.example/200109791" in texts(figure)


def test_fewer_objects_than_asked_for_are_said():
    with style.styled():
        figure = saliency_figure([panel(choose("type", BEFORE, AFTER, 9))], "Title", "a", "b")
    assert "type: 4 of 6 test objects right after only" in texts(figure)


def test_none_is_said_in_words():
    nothing = panel(choose("type", AFTER, AFTER, 3))
    some = panel(choose("artist", BEFORE, AFTER, 1))
    with style.styled():
        figure = saliency_figure([nothing, some], "Title", "a", "b")
    assert "No test object is wrong before and right after, so there is nothing to show." in texts(
        figure
    )
    assert shown_objects([nothing, some])["task"].tolist() == ["artist"]
    assert shown_objects([nothing]).empty


def test_the_csv_says_which_objects_and_how_much_the_maps_differ(tmp_path):
    one = panel(choose("type", BEFORE, AFTER, 2))
    write_csv(tmp_path / "shown.csv", shown_objects([one]))
    table = pd.read_csv(tmp_path / "shown.csv")
    assert table["object_id"].tolist() == ["o1", "o2"]
    assert table["only_after_right"].tolist() == [4, 4]
    expected = np.abs(one.before - one.after).mean(axis=(1, 2))
    np.testing.assert_allclose(table["mean_absolute_difference"], expected, rtol=1e-6)


def test_the_figure_is_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        with style.styled():
            panels = [panel(choose("type", BEFORE, AFTER, 2))]
            figure = saliency_figure(panels, "Title", "before", "after")
            style.save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    for end in ("pdf", "png"):
        first, second = ((tmp_path / f"{name}.{end}").read_bytes() for name in ("a", "b"))
        assert first == second


def test_objects_come_one_by_one_as_in_the_figure(tmp_path):
    shown = panel(choose("type", BEFORE, AFTER, 2))
    shown.before[0, :, :4], shown.before[0, :, 4:] = 0, 1
    rows = pictures(shown)
    np.testing.assert_array_equal(rows[1][0], shown.images[1])
    dark, bright = rows[0][1][:, 5], rows[0][1][:, 25]
    # Where a map is nothing the image is dimmed and grey, where it is high it shines.
    assert (dark.max(axis=1) == dark.min(axis=1)).all() and dark.max() < 128
    assert bright.mean() > 2 * dark.mean()
    write_tiles(rows, tmp_path / "tiles.png")
    found = list(read_tiles(tmp_path / "tiles.png", 2))
    assert [len(tiles) for tiles in found] == [3, 3]
    assert {(width, height) for tiles in found for _, width, height in tiles} == {
        (SIDE, SIDE * 20 // 30)
    }


@pytest.mark.parametrize("size", [(60, 181), (181, 60), (90, 90)])
@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_a_map_lies_over_what_it_marks_however_images_become_squares(fit, size):
    height, width = size
    museum = np.full((*size, 3), 40, np.uint8)
    museum[height // 2 - 20 : height // 2, width // 2 : width // 2 + 20] = 255
    network = square(Image.fromarray(museum), 64, Pixels(fit, "bilinear"))
    marked = (network.mean(axis=2) > 150).astype(np.float32)[None]
    shown = Panel(choose("type", BEFORE, AFTER, 1), [as_seen(museum, fit)], marked, marked)
    image, over, _ = pictures(shown)[0]
    expected = {"stretch": size, "crop": [min(size)] * 2, "pad": [max(size)] * 2}[fit]
    assert image.shape[:2] == over.shape[:2] == tuple(expected)
    thing, shining = image.mean(axis=2) > 200, over.mean(axis=2) > 150
    assert (thing & shining).sum() > 0.6 * (thing | shining).sum()
    assert thing.sum() == 400, "the thing is as large as in the museum's image"


def test_a_figure_without_objects_has_tiles_too(tmp_path):
    write_tiles([], tmp_path / "tiles.png")
    assert list(read_tiles(tmp_path / "tiles.png", 0)) == []
