"""Figures: the same bytes twice, fonts that print, nothing left behind, and what they say."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from art_transfer.networks import NETWORKS
from art_transfer.report import style
from art_transfer.report.curves import curves
from art_transfer.report.mosaic import GAP, Picture, caption, mosaic
from art_transfer.report.originals import sample
from matplotlib import colors


def histories(seeds=(1,), inits=("imagenet",), tasks=("type",)) -> pd.DataFrame:
    rows = []
    for task in tasks:
        for network in ("vgg19", "resnet50"):
            for init in inits:
                for kind, level in (("head", 0.6), ("fine_tuning", 0.9)):
                    rows += _history(task, network, init, kind, level, seeds)
        rows += _history(task, "inception_v3", "random", "fine_tuning", 0.5, seeds)
    return pd.DataFrame(rows)


def _history(task, network, init, kind, level, seeds):
    first = {"imagenet": "weights", "random": "random"}.get(init, "run")
    same = {"collection": "museum", "task": task, "backbone": network, "init": init}
    same |= {"method": kind, "network": network, "kind": kind, "first": first}
    return [
        same
        | {"seed": seed, "epoch": epoch, "val_accuracy": level - 0.3 / epoch, "chosen": epoch == 3}
        for seed in seeds
        for epoch in range(1, 5 + seed)
    ]


def pictures(n: int, said: str = "A title, Somebody, 1650") -> list[Picture]:
    generator = np.random.default_rng(n)
    sizes = generator.integers(20, 80, (n, 2))
    return [Picture(generator.integers(0, 255, (*size, 3), dtype=np.uint8), said) for size in sizes]


def made(kind: str):
    if kind == "curves":
        return curves(histories(), ["type"], "A title")
    return mosaic([("Museum", pictures(9)), ("Other $museum", pictures(3))])


@pytest.mark.parametrize("kind", ["curves", "mosaic"])
def test_the_same_figure_gives_the_same_bytes(tmp_path, kind):
    for name in ("a", "b"):
        with style.styled():
            style.save(made(kind), tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    for end in ("pdf", "png"):
        first, second = ((tmp_path / f"{name}.{end}").read_bytes() for name in ("a", "b"))
        assert first == second
        assert b"Date" not in first


def test_fonts_are_embedded_as_truetype(tmp_path):
    with style.styled():
        style.save(made("curves"), tmp_path / "a.pdf", tmp_path / "a.png")
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_a_figure_leaves_no_trace_in_matplotlib():
    before = dict(matplotlib.rcParams)
    with style.styled():
        made("curves")
    assert dict(matplotlib.rcParams) == before


def test_runs_look_as_in_the_paper():
    tuned, head = (style.look("vgg19", kind, "weights") for kind in ("fine_tuning", "head"))
    scratch = style.look("inception_v3", "fine_tuning", "random")
    assert (tuned.color, tuned.dash, head.dash) == ("tab:green", "--", "-.")
    assert (scratch.color, scratch.dash) == ("tab:orange", "-")
    assert scratch.width > 1.5 * tuned.width
    markers = {style.look(network, "head", "weights").marker for network in NETWORKS}
    assert len(markers) == len(NETWORKS), "networks can be told apart without colour"


def lines(axes) -> list:
    return [line for line in axes.lines if len(line.get_xdata())]


def test_curves_mark_the_epoch_that_was_tested():
    with style.styled():
        figure = made("curves")
    axes = figure.axes[0]
    drawn = lines(axes)
    assert len(drawn) == 2 * 5, "a line and a mark for each of five runs"
    marks = [line for line in drawn if line.get_linestyle() == "None"]
    assert all(line.get_xdata().tolist() == [3] for line in marks)
    vgg = [line for line in marks if line.get_color() == "tab:green"]
    assert sorted(line.get_ydata()[0] for line in vgg) == pytest.approx([0.5, 0.8])


def test_the_legend_explains_colours_dashes_and_marks():
    with style.styled():
        figure = made("curves")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [
        *["Network", "VGG19", "ResNet50", "InceptionV3 from random\nfirst weights"],
        *["Training", "off the shelf\n(head only)", "fine tuning\n(whole network)"],
        *["Mark: epoch tested", "of each training"],
    ]


def test_several_seeds_have_a_mean_as_far_as_all_were_trained():
    with style.styled():
        figure = curves(histories(seeds=(1, 2)), ["type"], "A title")
    widths = {line.get_linewidth() for line in lines(figure.axes[0])}
    thick = [
        line
        for line in lines(figure.axes[0])
        if line.get_linewidth() == 1.3 and line.get_linestyle() == "--"
    ]
    assert len(widths) > 1
    assert all(line.get_xdata().tolist() == [1, 2, 3, 4, 5] for line in thick)
    assert "one seed (thick: mean)" in [t.get_text() for t in figure.legends[0].get_texts()]


def test_further_first_weights_have_hollow_marks():
    with style.styled():
        figure = curves(histories(inits=("imagenet", "rijksnet")), ["type"], "A title")
    marks = [line for line in lines(figure.axes[0]) if line.get_linestyle() == "None"]
    faces = [colors.to_hex(line.get_markerfacecolor()) for line in marks]
    assert faces.count("#ffffff") == 4
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[-2:] == ["first weights imagenet", "first weights rijksnet"]


def test_no_two_first_weights_look_alike():
    names = ("imagenet", "rijksnet", "met_net", "nga_net")
    with style.styled():
        figure = curves(histories(inits=names), ["type"], "A title")
    drawn = [line for line in lines(figure.axes[0]) if line.get_linestyle() == "None"]
    of_vgg19 = [line for line in drawn if line.get_markeredgecolor() in ("tab:green", "white")]
    shown = figure.legends[0].legend_handles[-len(names) :]
    for some in (shown, [m for m in of_vgg19 if m.get_marker() == of_vgg19[0].get_marker()]):
        assert len({(m.get_fillstyle(), m.get_markerfacecolor()) for m in some}) == len(names)


def test_each_task_has_a_panel():
    with style.styled():
        figure = curves(histories(tasks=("type", "artist")), ["type", "artist"], "A title")
    assert [axes.get_title() for axes in figure.axes] == ["type", "artist"]


def test_a_mosaic_keeps_aspect_ratios_and_overlaps_nothing():
    images = pictures(30)
    with style.styled():
        axes = mosaic([("Museum", images)]).axes[0]
    boxes = [image.get_extent() for image in axes.images]
    assert len(boxes) == 30
    for box, picture in zip(boxes, images, strict=True):
        left, right, bottom, top = box
        aspect = min(4, max(1 / 4, picture.image.shape[1] / picture.image.shape[0]))
        assert (right - left) / (bottom - top) == pytest.approx(aspect, rel=0.05)
        assert left >= GAP - 1e-9
        assert right <= style.WIDTH - GAP + 1e-9
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = a[0] >= b[1] or b[0] >= a[1] or a[3] >= b[2] or b[3] >= a[2]
            assert apart, "two images overlap"


def test_two_collections_of_one_title_are_both_shown():
    with style.styled():
        axes = mosaic([("Museum", pictures(5)), ("Museum", pictures(3))]).axes[0]
    assert len(axes.images) == 8
    assert [text.get_text() for text in axes.texts].count("Museum") == 2


def test_a_sample_depends_on_the_ids_alone():
    ids = [f"object {i}" for i in range(100)]
    chosen = sample(ids, 5)
    assert chosen == sample(reversed(ids), 5)
    assert sample([i for i in ids if i != chosen[0]], 4) == chosen[1:]
    assert len(sample(ids[:3], 5)) == 3


HOSTILE = ["$x$ 100 %", "W" * 200, "word " * 60, "שמואל הירשנברג", "a\nb\tc", "葛飾北斎"]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("said", ["A title, Somebody, 1650", *HOSTILE])
def test_captions_stand_in_columns_below_their_images_and_overlap_nothing(said):
    with style.styled():
        figure = mosaic([("Museum", pictures(7, said)), ("Other", pictures(4, "Short"))])
        figure.draw_without_rendering()
        boxes = {text: text.get_window_extent() for text in figure.axes[0].texts}
    numbers = [text.get_text() for text in boxes if text.get_bbox_patch() is not None]
    assert numbers == [*map(str, range(1, 8)), *map(str, range(1, 5))]
    written = [box for text, box in boxes.items() if text.get_bbox_patch() is None]
    for number, box in enumerate(written):
        assert box.x0 >= 0 and box.x1 <= style.WIDTH * style.DPI
        assert box.y0 >= 0 and box.y1 <= figure.bbox.height
        assert not any(box.overlaps(other) for other in written[:number]), "two captions overlap"


def test_a_caption_has_title_makers_and_date_as_far_as_they_are_known():
    assert caption("Tree", ["Ruisdael", "Hals"], "1650") == "Tree, Ruisdael; Hals, 1650"
    assert caption("", [], "c. 1650") == "c. 1650"
    assert len(caption("x" * 500, ["y" * 500], "z" * 500)) == 70 + 50 + 30 + 2 * len(", ")


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("text", HOSTILE)
def test_a_folded_text_keeps_its_words_and_fits(text):
    lines = style.fold(text, 1.0, 6, 100)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    cut = style.fold(text, 1.0, 6, 2)
    assert len(cut) <= 2
    assert cut == lines or cut[-1].endswith("…")
