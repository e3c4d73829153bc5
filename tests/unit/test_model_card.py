"""The card of a network that is passed on: its numbers, its words, and that its example runs."""

import hashlib
import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.files import read_json, write_json
from art_transfer.formats import PREDICTIONS, SPLITS, read_parquet, write_csv
from art_transfer.predict.card import _RESIZE, FILES, _by_size, model_card
from art_transfer.predict.images import find_images
from art_transfer.predict.markdown import escaped, rendered
from art_transfer.predict.network import Network
from art_transfer.predict.table import predicted
from art_transfer.prepare.pixels import square
from art_transfer.report_settings import CardSettings
from art_transfer.settings import Pixels, Run
from art_transfer.train.run_folder import write_run
from art_transfer.train.training import fine_tune
from builders import ROOT, file_of, noise, used
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image
from training_data import painted, pixel_store, split_table, training

TEMPLATE = (ROOT / "workflow/report/model_card.md").read_text()
TABLE = split_table(train=46, validation=20, test=13, classes=4)
IMAGES = painted(TABLE, 60, size=50)
HOW = training("demo_residual", scaling="tf", epochs=2)
PARENT = Run("photos", "type", "demo_residual", "random", "pretraining", 1)
RUN = Run("museum", "type", "demo_residual", "photo_net", "method", 1)


def settings(folder: Path) -> CardSettings:
    titles = {"museum": "A <b>", "photos": "P"}
    split = used(folder.parent / "split.csv")
    words = ("small", "random, he_uniform", (RUN, PARENT), split, "DemoResidual", titles)
    return CardSettings(*words, saw=("Another's",), renewed=(RUN,))


RIGHTS = {"museum": ["CC0-1.0", "© *all* | <i>"], "photos": []}
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run's folder, with its split beside it."""
    place = tmp_path_factory.mktemp("study")
    trained = fine_tune(HOW, TABLE, pixel_store(place / "pixels", IMAGES), "")
    write_csv(place / "split.csv", TABLE, SPLITS)
    machine = {"versions": {"keras": "3.15.1"}}
    write_run(place / "run", trained.model, trained.tested, HOW, {}, machine, "c0de")
    return place / "run"


@pytest.fixture(scope="module")
def card(folder):
    return model_card(TEMPLATE, settings(folder), folder, RIGHTS)


def cells(card, head):
    """The rows of the table whose first line begins with ``head``."""
    lines = card[card.index(f"| {head}") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_example_in_the_card_says_what_the_project_says(
    folder, card, tmp_path, monkeypatch, capsys
):
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    for name in FILES:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    turned = {0x0112: 3}  # upside down, by its EXIF
    exif = Image.Exif()
    exif.update(turned)
    (tmp_path / "image.jpg").write_bytes(file_of(IMAGES["test-003"], exif=exif))
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    said = [line.split(" ", 1) for line in capsys.readouterr().out.splitlines()]
    row = (
        predicted(Network(folder), find_images(tmp_path), 0.5)
        .set_index("object_id")
        .loc["image.jpg"]
    )
    for number, (probability, label) in enumerate(said, 1):
        assert label == row[f"label_{number}"]
        assert float(probability) == pytest.approx(row[f"probability_{number}"], abs=0.0006)
    assert len(said) == 4


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(70, 41), (41, 70), (13, 5)])
def test_the_example_prepares_images_as_the_project_does(fit, size):
    image = Image.fromarray(noise(*size))
    names = {"image": image, "Image": Image}
    exec(_RESIZE[fit].format(size=32, filter="BICUBIC"), names)
    np.testing.assert_array_equal(
        np.asarray(names["image"]), square(image, 32, Pixels(fit, "bicubic"))
    )


def test_hashes_splits_and_scores_are_those_of_the_run(folder, card):
    for name, _, digest in cells(card, "file"):
        path = folder / name.strip("`")
        assert digest == f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`"
    assert cells(card, "split") == [
        ["train", "46", "4"],
        ["validation", "20", "4"],
        ["test", "13", "4"],
    ]
    test = read_json(folder / "metrics.json")["test"]
    assert f"Accuracy {test['accuracy']:.3f} (95 % interval 0." in card
    assert f"macro F1 {test['macro_f1']:.3f}" in card
    temperature = read_json(folder / "calibration.json")["temperature"]
    assert f"one temperature, {temperature:.3f}, fitted on the 20 objects" in card
    assert [row[0] for row in cells(card, "probability")] == [
        "at least 0.5",
        "at least 0.7",
        "at least 0.9",
    ]


def test_the_chain_and_the_rights_of_every_museum_are_told(card):
    assert "1. First weights: random, he\\_uniform.\n2. P, type: pretraining (seed 1)." in card
    assert (
        "3. A \\<b\\>: statistics of batch normalisation, from all images, tested ones too" in card
    )
    assert "4. A \\<b\\>, type: method (seed 1)." in card
    assert "- Another's: not known here" in card
    assert "- A \\<b\\>: CC0-1.0; © \\*all\\* \\| \\<i\\>\n" in card
    assert "- P: not stated by the source\n" in card
    assert "the choice of objects of the museums named above." in card


def test_the_card_says_what_was_trained_and_how_its_epoch_was_chosen(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    path, told = tmp_path / "run/run.json", []
    weights = {"type": 1.0, "artist": 0.5}
    for changes in (
        {},
        {"frozen_layers": 3},
        {"loss_weights": weights},
        {"restore_best_weights": False, "epochs": 99},
        {"restore_best_weights": False},
    ):
        record = read_json(folder / "run.json")
        record["settings"]["method"] |= changes
        path.unlink()
        write_json(path, record)
        told.append(model_card(TEMPLATE, settings(folder), tmp_path / "run", RIGHTS))
    assert "The whole network, " in told[0] and "by the loss on the validation split." in told[0]
    assert "The whole network but its first 3 layers with weights, " in told[1]
    assert "by the weighted sum of all tasks' losses on their joint validation objects" in told[2]
    assert "The validation split also chose the epoch, so expect a little less" in told[0]
    assert re.search(r"Epoch kept: \d of \d, the last one\.", told[3])
    assert "The validation split also chose when to stop" in told[3]
    assert "The validation split decided nothing else." in told[4]


def test_accuracy_by_the_size_of_the_true_class():
    sizes = {"rare": 9, "some": 10, "more": 29, "large": 1000}
    dealt = [("train", label) for label, count in sizes.items() for _ in range(count)]
    dealt += [("validation", "rare")] * 50  # do not count
    split = pd.DataFrame(dealt, columns=["split", "label"])
    truth = ["rare", "rare", "some", "more", "more", "large", "left out of training"]
    said = ["some", "rare", "some", "more", "rare", "rare", "rare"]
    table = pd.DataFrame({"label": truth, "predicted": said})
    assert list(_by_size(table, split)) == [
        ("0", 1, 1, "0.000"),
        ("1 to 9", 1, 2, "0.500"),
        ("10 to 29", 2, 3, "0.667"),
        ("1000 or more", 1, 1, "0.000"),
    ]


def test_a_run_that_is_never_right_about_a_class_says_so(folder, tmp_path):
    table = read_parquet(folder / "predictions.parquet", PREDICTIONS)
    never = sorted(set(table["label"]) - set(table["label"][table["label"] == table["predicted"]]))
    card = model_card(TEMPLATE, settings(folder), folder, RIGHTS)
    if never:
        assert f"Of 4 classes in the test split, {len(never)} were never named rightly" in card
        assert all(name in card for name in never)
    else:
        assert "Each of the 4 classes in the test split was named rightly" in card


def shown(html):
    return unescape(re.sub(r"</?(p|td|tr|th|table|tbody|thead)>", "", html)).strip()


@given(
    st.text(st.characters(exclude_categories=["C", "Zs", "Zl", "Zp"]) | st.just(" "), min_size=1)
)
def test_a_text_stays_a_text(text):
    plain = " ".join(text.split())
    assert shown(MARKDOWN.render(escaped(text))) == plain
    if plain:
        row = MARKDOWN.render(f"| a | b |\n|---|---|\n| {escaped(text)} | x |\n")
        assert re.search(r"<tbody>\s*<tr>\s*<td>(.*)</td>\s*<td>x</td>", row, re.DOTALL), row
        assert unescape(re.search(r"<tbody>\s*<tr>\s*<td>(.*?)</td>", row, re.DOTALL)[1]) == plain


@pytest.mark.parametrize(
    "text", ["<script>", "[a](javascript:b)", "1. one", "- x", "a\n# b", "&lt;"]
)
def test_no_text_becomes_markup(text):
    assert shown(MARKDOWN.render(rendered("{{ text }}", text=text))) == " ".join(text.split())
