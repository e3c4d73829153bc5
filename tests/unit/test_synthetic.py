"""The made-up museums: always the same, as untidy as real ones, and apart where they should be."""

import io
import random
import time

import numpy as np
import pandas as pd
import pytest
from art_transfer.collect.synthetic import Synthetic, draw_image, read_objects
from art_transfer.collect.synthetic_classes import MUSEUMS
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS
from PIL import Image

LARGE = Synthetic("large_museum", 1500, 1)
SMALL = Synthetic("small_museum", 700, 1)
UNRELATED = Synthetic("unrelated_museum", 700, 1)
PHOTOS = Synthetic("photos", 700, 1)
ALL = [LARGE, SMALL, UNRELATED, PHOTOS]


def tidy(values: pd.Series, smallest: int = 3) -> pd.Series:
    """Objects of each class of at least ``smallest`` by their first value, spelled alike."""
    first = values[values.map(len) > 0].str[0].str.casefold().str.split().str.join(" ")
    counts = first.str.replace(r"^\w+: ", "", regex=True).value_counts()
    return counts[counts >= smallest].drop(["anonymous", "unknown"], errors="ignore")


def classes(source: Synthetic, field: str) -> set[str]:
    return set(tidy(read_objects(source)[field], 1).index)


def opened(source: Synthetic, object_id: str) -> Image.Image:
    return Image.open(io.BytesIO(draw_image(source, object_id))).convert("RGB")


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.museum)
def test_objects_have_the_columns_of_the_format_and_their_order(source):
    table = read_objects(source)
    assert list(table.columns) == OBJECTS.names
    assert len(table) == source.objects
    assert table["object_id"].is_unique and table["object_id"].is_monotonic_increasing
    assert table["source_url"].str.startswith("https://example.org/").all()


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.museum)
def test_an_image_is_the_same_in_any_order_and_whatever_was_drawn_before(source):
    ids = read_objects(source)["object_id"].iloc[:40].tolist()
    there = {object_id: draw_image(source, object_id) for object_id in ids}
    np.random.seed(7)
    random.seed(7)
    back = {object_id: draw_image(source, object_id) for object_id in reversed(ids)}
    assert back == there
    assert len(set(there.values())) == len(ids)


@pytest.mark.parametrize("museum", MUSEUMS)
def test_an_object_is_the_same_in_a_larger_museum(museum):
    less, more = Synthetic(museum, 300, 4), Synthetic(museum, 600, 4)
    table = read_objects(less)
    pd.testing.assert_frame_equal(table, read_objects(more).iloc[:300])
    for object_id in table["object_id"].iloc[::60]:
        assert draw_image(less, object_id) == draw_image(more, object_id)


def test_another_seed_is_another_museum_with_the_same_classes():
    other = Synthetic("large_museum", 1500, 2)
    assert not read_objects(LARGE)["types"].equals(read_objects(other)["types"])
    assert draw_image(LARGE, "LM-000000") != draw_image(other, "LM-000000")
    for field in ("types", "materials", "creators"):
        one, two = (set(tidy(read_objects(source)[field]).index) for source in (LARGE, other))
        assert one == two


def test_the_small_museum_shares_some_types_and_no_artist_and_has_no_materials():
    shared = classes(LARGE, "types") & classes(SMALL, "types")
    counts = tidy(read_objects(SMALL)["types"])
    assert 0.1 < counts[counts.index.isin(shared)].sum() / counts.sum() < 0.5
    assert not classes(LARGE, "creators") & classes(SMALL, "creators")
    assert read_objects(SMALL)["materials"].map(len).eq(0).all()


@pytest.mark.parametrize("field", ["types", "creators"])
def test_the_unrelated_museum_and_the_photographs_share_no_class_with_the_large_museum(field):
    known = set(tidy(read_objects(LARGE)[field]).index)
    assert not known & set(tidy(read_objects(UNRELATED)[field]).index)
    assert not known & set(tidy(read_objects(PHOTOS)[field]).index)


@pytest.mark.parametrize("field", ["types", "materials", "creators"])
def test_classes_are_long_tailed_and_some_are_too_rare_to_split(field):
    every = tidy(read_objects(LARGE)[field], 1)
    kept = every[every >= 3]
    assert kept.max() > 4 * kept.min()
    assert kept.max() < 0.35 * kept.sum()
    assert (every < 3).sum() >= 3


def test_the_large_museum_is_as_untidy_as_real_ones():
    table = read_objects(LARGE)
    creators = table["creators"].explode().dropna()
    assert creators.str.fullmatch("[aA]nonymous").mean() > 0.05
    assert creators.str.match(r"^(painter|publisher): ").any()
    assert (table["creators"].map(len) > 1).any()
    for field in ("creators", "materials", "types"):
        assert 0 < table[field].map(len).eq(0).mean() < 0.1
    assert table["title"].eq("").any() and table["date"].eq("").any()
    spellings = table["types"].explode().dropna()
    assert spellings.nunique() > spellings.str.strip().nunique()
    assert spellings.str.strip().nunique() > spellings.str.strip().str.casefold().nunique()
    names = creators.str.removeprefix("painter: ")
    assert names.nunique() > names.str.split().str.join(" ").nunique()


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.museum)
def test_a_few_images_are_broken_and_all_others_open_as_rgb(source):
    broken = []
    for object_id in read_objects(source)["object_id"].iloc[:600]:
        try:
            image = opened(source, object_id)
        except OSError:
            broken.append(object_id)
        else:
            assert all(36 <= side <= 84 for side in image.size)
    assert 1 <= len(broken) <= 5


def test_images_differ_in_size_shape_and_format_and_a_few_are_grey():
    ids = read_objects(LARGE)["object_id"].iloc[:130]
    images = [Image.open(io.BytesIO(draw_image(LARGE, object_id))) for object_id in ids]
    assert {image.format for image in images} == {"JPEG", "PNG"}
    assert 0 < sum(image.mode == "L" for image in images) < 13
    assert len({image.size for image in images}) > 50
    shapes = [image.width / image.height for image in images]
    assert min(shapes) < 0.85 and max(shapes) > 1.15


def test_the_mean_colour_says_little_about_the_artist():
    """A classifier of artists by mean colour alone must stay near the largest class's share."""
    table = read_objects(LARGE)
    names = table["creators"].str[0].fillna("").str.split().str.join(" ")
    names = names.str.removeprefix("painter: ")
    common = names[names.isin(tidy(table["creators"]).index.str.title())]
    ids = table.loc[common.index[:300], "object_id"]
    usable = [i for i in ids if i not in ("LM-000137", "LM-000537", "LM-000937", "LM-001337")]
    assert len(usable) > 200
    means = np.array([np.asarray(opened(LARGE, i)).mean(axis=(0, 1)) for i in usable])
    labels = names[table["object_id"].isin(usable)].to_numpy()
    distances = np.linalg.norm(means[:, None] - means[None], axis=2) + np.diag([1e9] * len(means))
    nearest = labels[distances.argmin(axis=1)]
    assert (nearest == labels).mean() < pd.Series(labels).value_counts(normalize=True).max() + 0.1


def test_drawing_is_fast_enough_for_a_demo_of_minutes():
    ids = read_objects(LARGE)["object_id"].iloc[:100]
    start = time.process_time()
    for object_id in ids:
        draw_image(LARGE, object_id)
    assert (time.process_time() - start) / len(ids) < 0.02


@pytest.mark.parametrize("object_id", ["SM-000001", "LM-1", "LM-", "nothing"])
def test_a_foreign_object_is_refused_by_name(object_id):
    with pytest.raises(StudyError, match=object_id):
        draw_image(LARGE, object_id)


def test_an_unknown_museum_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match="large_museum"):
        read_objects(Synthetic("louvre", 10, 1))
