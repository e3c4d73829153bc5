"""Near-duplicates: planted ones are found, by image and by metadata, and strangers are not."""

import tracemalloc
from collections.abc import Callable

import imagehash
import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import (
    BETWEEN,
    JOINT_SPLITS,
    OBJECTS,
    PREDICTIONS,
    SPLITS,
    write_csv,
    write_parquet,
)
from art_transfer.prepare import duplicates
from art_transfer.prepare.duplicates import Museum, between, groups, museum, read_museum
from art_transfer.prepare.looks import SIDE, look, write_looks
from art_transfer.prepare.perceptual_hash import RADIUS, WINDOWS, candidates, hashes
from art_transfer.prepare.splits import trained_on, used_split
from art_transfer.report.near_duplicates import scores_without, seen_in_sources, seen_in_train
from art_transfer.report_settings import DuplicatesSettings
from art_transfer.settings import Run
from builders import file_of, images_of, used
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps


def picture(seed: int, width: int = 160, height: int = 120) -> Image.Image:
    """A composition of soft shapes, unlike those of other seeds."""
    rng = np.random.default_rng(seed)
    cells = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return cells.resize((width, height), Image.Resampling.BICUBIC)


def objects(**columns: list[object]) -> pd.DataFrame:
    """Objects o0, o1, … with these columns, each with a creator of its own."""
    n = len(next(iter(columns.values())))
    plain = {"object_id": [f"o{k}" for k in range(n)], "title": [""] * n, "date": [""] * n}
    plain["creators"] = [[f"maker {k}"] for k in range(n)]
    return pd.DataFrame(plain | columns)


def pictured(pictures: list[Image.Image], prefix: str = "o") -> Museum:
    """A museum of pictures whose metadata say nothing."""
    return of_looks(np.stack([look(one) for one in pictures]), prefix)


def of_looks(looks: np.ndarray, prefix: str = "o") -> Museum:
    table = objects(object_id=[f"{prefix}{k}" for k in range(len(looks))])
    return museum(table, table["object_id"].tolist(), looks)


def unpictured(table: pd.DataFrame) -> Museum:
    return museum(table, [], np.empty((0, SIDE, SIDE), np.uint8))


def together(table: pd.DataFrame) -> list[str]:
    """Each group's objects, and what ties them."""
    found = groups(unpictured(table)).groupby("group", sort=True)
    return [f"{' '.join(part['object_id'])}: {part['how'].iloc[0]}" for _, part in found]


COPIES = {
    "cropped": lambda image: image.crop((8, 6, 150, 115)),
    "cropped at one corner": lambda image: image.crop((0, 0, 132, 100)),
    "smaller": lambda image: image.resize((50, 30)),
    "grey": lambda image: image.convert("L"),
    "darker": lambda image: image.point(lambda value: 0.6 * value),
    "bordered": lambda image: ImageOps.expand(image, 20, "white"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_planted_copy_is_found_in_its_museum_and_in_another(kind):
    strangers = [picture(seed) for seed in range(30)]
    copy = COPIES[kind](picture(7)).convert("RGB")
    found = groups(pictured([*strangers, copy]))
    expected = pd.DataFrame({"object_id": ["o30", "o7"], "group": "o30", "how": "image"})
    pd.testing.assert_frame_equal(found, expected)
    for one, other in ((strangers, [copy]), ([copy], strangers)):
        pairs = between(pictured(one, "a"), pictured(other, "b"))
        assert set(pairs.iloc[0]) == {"a7", "b0", "image"} or set(pairs.iloc[0]) == {
            *("a0", "b7", "image")
        }
        assert len(pairs) == 1


def test_plain_images_show_nothing_to_compare():
    plain = [Image.new("RGB", (90, 60), (value, value, value)) for value in (0, 90, 91, 255)]
    assert groups(pictured(plain)).empty


MANY = 1000  # of which all pairs take minutes, and more than MOST
MOST = 120  # megabytes; 67 of them are needed for a handful


def megabytes(work: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    """The most memory that some work took at a time, and what it found."""
    tracemalloc.start()
    try:
        found = work()
        return tracemalloc.get_traced_memory()[1] / 1e6, found
    finally:
        tracemalloc.stop()


def test_an_image_that_a_thousand_objects_share_takes_little_memory():
    """As "no image available": each object is tied to its first, not to each of the others."""
    shared = np.stack([look(picture(1))] * MANY)
    one = of_looks(np.concatenate([shared, [look(COPIES["cropped"](picture(1)))]]))
    other = of_looks(np.concatenate([[look(picture(2))], shared]), "p")
    used, table = megabytes(lambda: groups(one))
    assert used < MOST
    assert len(table) == MANY + 1
    assert set(table["group"]) == {"o0"} and set(table["how"]) == {"image"}
    used, pairs = megabytes(lambda: between(one, other))
    assert used < MOST and len(pairs) < 3 * MANY
    assert pairs["object_id"].nunique() == MANY + 1 and "p0" not in set(pairs["other_id"])
    assert pairs["other_id"].nunique() == MANY


def test_a_thousand_blank_scans_take_little_memory():
    """No two are the same, but all get darker from left to right, and so have one hash."""
    slope = np.linspace(200, 190, SIDE).round()
    blank = np.broadcast_to(slope, (MANY, SIDE, SIDE)).astype(np.uint8)
    for number, one in enumerate(blank):
        one.flat[:12] += np.array([*f"{number:012b}"], np.uint8)
    used, table = megabytes(lambda: groups(of_looks(blank)))
    assert used < MOST and table.empty


def test_images_that_are_quite_the_same_group_as_those_that_are_nearly():
    pictures = [picture(seed) for seed in (0, 1, 2, 1, 3, 0, 4, 1)]
    pictures += [COPIES["cropped"](picture(seed)) for seed in (1, 4)]
    same = np.stack([look(one) for one in pictures])
    nearly = same.copy()
    nearly[:, 0, 0] = np.arange(len(nearly))
    expected = pd.DataFrame({"object_id": ["o0", "o1", "o3", "o5", "o6", "o7", "o8", "o9"]})
    expected["group"] = ["o0", "o1", "o1", "o0", "o6", "o1", "o1", "o6"]
    for looks in (same, nearly):
        found = groups(of_looks(looks))
        pd.testing.assert_frame_equal(found, expected.assign(how="image"))
        seen = between(of_looks(looks[:5]), of_looks(looks[5:], "p"))
        assert set(seen["object_id"]) == {"o0", "o1", "o3"}
        assert set(seen["other_id"]) == {"p0", "p2", "p3"}


def test_a_copy_of_a_copy_joins_them_all_and_the_group_has_the_least_id():
    first = picture(3)
    chain = [first, first.crop((0, 0, 140, 105)), first.crop((12, 10, 140, 105)), picture(4)]
    found = groups(pictured(chain))
    assert found["object_id"].tolist() == ["o0", "o1", "o2"] and set(found["group"]) == {"o0"}


def test_a_large_museum_is_looked_at_block_by_block_with_the_same_result(monkeypatch):
    pictures = [picture(seed) for seed in range(9)]
    one = pictured([*pictures, *map(COPIES["smaller"], pictures[::2])])
    other = pictured([*map(COPIES["cropped"], pictures), picture(70)], "p")
    whole, across = groups(one), between(one, other)
    assert len(whole) == 10 and len(across) >= 9
    monkeypatch.setattr(duplicates, "BLOCK", 4)
    pd.testing.assert_frame_equal(groups(one), whole)
    pd.testing.assert_frame_equal(between(one, other), across)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["BK-12-A", "BK-12-B", "BK-13-A"], ["BK-12-A BK-12-B: number"]),
        (["BK-12", "BK-12a"], ["BK-12 BK-12a: number"]),
        (["P-1(R)", "P-1(V)", "P-2 recto"], ["P-1(R) P-1(V): number"]),
        (["P-1 recto", "P-1 verso"], ["P-1 recto P-1 verso: number"]),
        (["RP-P-1", "RP-P-2", "RP-F", "RP-G", "1975.1.1", "1975.1.2"], []),
    ],
)
def test_parts_of_one_thing_by_their_numbers(ids, expected):
    table = objects(object_id=ids, creators=[["Ann"]] * len(ids))
    assert together(table) == expected
    assert together(table.assign(creators=[[name] for name in ids])) == []  # other makers


def test_the_same_work_twice_by_title_creators_and_date():
    work = {"title": "The Three Trees", "creators": ["Rembrandt"], "date": "1643"}
    rows = [work, work | {"title": " the three  Trees"}, work | {"creators": ["REMBRANDT"]}]
    others = [work | {"date": "1650"}, work | {"title": ""}, work | {"title": ""}]
    undated = [work | {"title": "Mill", "date": ""}] * 2
    columns = pd.DataFrame([*rows, *others, *undated]).to_dict("list")
    assert together(objects(**columns)) == ["o0 o1 o2: title"]


def test_a_title_that_others_have_too_is_generic():
    rows = [{"title": "Landscape", "creators": ["Ann"], "date": "1900"}] * 2
    assert together(objects(**pd.DataFrame(rows).to_dict("list"))) == ["o0 o1: title"]
    rows.append({"title": "landscape", "creators": ["Bob"], "date": "1850"})
    table = objects(**pd.DataFrame(rows).to_dict("list"))
    assert together(table) == []
    one, other = unpictured(table.iloc[:1]), unpictured(table.iloc[1:].reset_index(drop=True))
    assert between(one, other).empty
    assert between(one, unpictured(table.iloc[1:2].reset_index(drop=True)))["how"].tolist() == [
        "title"
    ]


def test_the_hash_of_a_window_is_that_of_the_library():
    looks = np.stack([look(picture(seed)) for seed in range(12)])
    ours = np.unpackbits(hashes(looks, np.arange(12)).view(np.uint8).reshape(12, -1, 8), axis=2)
    for number in (0, 37, 99):
        box = (WINDOWS[number] * SIDE)[[0, 2, 1, 3]]
        for row, image in enumerate(map(Image.fromarray, looks)):
            theirs = imagehash.phash(image.resize((128, 128), box=tuple(map(float, box))))
            assert (theirs.hash.ravel() != ours[row, number]).sum() <= 6  # of 64


numbers = st.integers(0, 2**64 - 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=4), st.sets(st.integers(0, 63), max_size=14))
def test_candidates_are_all_within_the_radius_and_no_others(whole, flips):
    flipped = sum(1 << bit for bit in flips)
    windows = np.random.default_rng(1).integers(0, 2**64, (3, len(WINDOWS)), dtype=np.uint64)
    windows[1, 42] = whole[0] ^ flipped
    some = np.array(whole, np.uint64)
    near = np.bitwise_count(some[:, None, None] ^ windows).min(axis=2) <= RADIUS
    found = candidates(some, windows)
    assert sorted(zip(found["whole"], found["other"], strict=True)) == [
        tuple(pair) for pair in np.argwhere(near).tolist()
    ]
    assert (len(flips) <= RADIUS) == (
        (0, 1) in set(zip(found["whole"], found["other"], strict=True))
    )


def test_a_museum_is_read_by_its_files_and_foreign_looks_are_refused(tmp_path):
    table = objects(object_id=["a", "b", "c"]).assign(image="", rights="", source_url="")
    table["materials"] = table["types"] = [[]] * 3
    write_parquet(tmp_path / "objects.parquet", table, OBJECTS)
    images_of({"a": "ok", "b": "missing", "c": "ok"}).to_csv(tmp_path / "0000.csv", index=False)
    files = [("a", file_of(picture(1))), ("c", file_of(picture(1), "JPEG"))]
    write_looks(files, 2, tmp_path / "looks.npy")
    read = tmp_path / "objects.parquet", [tmp_path / "0000.csv"], tmp_path / "looks.npy"
    assert groups(read_museum(*read))["object_id"].tolist() == ["a", "c"]
    write_looks(files[:1], 1, tmp_path / "looks.npy")
    with pytest.raises(StudyError, match=r"looks\.npy: 1 looks, but .* 2 readable images; delete"):
        read_museum(*read)
    whole = (tmp_path / "looks.npy").read_bytes()
    for broken in (whole[:-1], whole[:40], b""):
        (tmp_path / "looks.npy").write_bytes(broken)
        with pytest.raises(StudyError, match=r"looks\.npy: this is no array, .* Delete it to have"):
            read_museum(*read)
    np.save(tmp_path / "looks.npy", np.zeros((2, SIDE, SIDE)))
    with pytest.raises(StudyError, match=r"looks\.npy: expected an array of uint8 with 3 axes"):
        read_museum(*read)


def test_a_planted_near_duplicate_across_splits_is_counted():
    split = pd.DataFrame({"object_id": list("abcdef"), "label": "x"})
    split["split"] = ["train", "test", "test", "validation", "test", "train"]
    table = pd.DataFrame({"object_id": list("abcdez"), "group": list("aaccez"), "how": "image"})
    test, train = (
        set(split.loc[split["split"] == name, "object_id"]) for name in ("test", "train")
    )
    assert seen_in_train(test, train, table) == (1, {"b"})


def test_with_several_tasks_at_once_an_object_of_another_task_was_seen_too(tmp_path):
    split = pd.DataFrame({"object_id": list("abcdef"), "label": ["x", "y"] * 3})
    split["split"] = ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    write_csv(tmp_path / "split.csv", split, SPLITS)
    joint = split[split["split"] != "test"].assign(task="type")
    joint.loc[len(joint)] = ["g", "me", "train", "artist"]
    write_csv(tmp_path / "joint.csv", joint, JOINT_SPLITS)
    both = used(tmp_path / "split.csv", joint=str(tmp_path / "joint.csv"))
    assert trained_on(both, used_split(both)) == {"a", "b", "g"}
    alone = used(tmp_path / "split.csv")
    assert trained_on(alone, used_split(alone)) == {"a", "b"}
    table = pd.DataFrame({"object_id": ["e", "g"], "group": "e", "how": "image"})
    assert seen_in_train({"e", "f"}, trained_on(both, used_split(both)), table) == (1, {"e"})


def test_near_duplicates_in_the_museum_that_the_weights_saw():
    pairs = pd.DataFrame(
        [("big", "b1", "own", "o1"), ("more", "m1", "own", "o2"), ("own", "o3", "big", "b2")],
        columns=["collection", "object_id", "other_collection", "other_id"],
    )
    assert seen_in_sources("own", ["big"], pairs) == {"o1", "o3"}
    assert seen_in_sources("own", ["big", "more"], pairs) == {"o1", "o2", "o3"}
    assert seen_in_sources("own", [], pairs) == set()


def test_what_a_run_was_not_trained_on_was_not_seen(tmp_path):
    """Of eight training objects with a twin in test, a run on a quarter has seen two."""
    run = Run("own", "type", "vgg19", "imagenet", "method", 1)
    split = pd.DataFrame({"object_id": [f"{part}{n}" for part in "rst" for n in range(8)]})
    split["label"], split["split"] = (
        ["x", "y"] * 12,
        ["train"] * 8 + ["test"] * 8 + ["validation"] * 8,
    )
    write_csv(tmp_path / "split.csv", split, SPLITS)
    twins = pd.DataFrame({"object_id": split["object_id"][:16], "group": [*"abcdefgh"] * 2})
    tested = split[split["split"] == "test"].assign(
        predicted=lambda t: t["label"], probability=0.5, rank=1
    )
    write_parquet(tmp_path / run.folder / "predictions.parquet", tested, PREDICTIONS)
    for share, seen in ((1.0, 8), (0.25, 2)):
        wanted = DuplicatesSettings(
            str(tmp_path), {}, (run,), (used(tmp_path / "split.csv", share),), ((),)
        )
        table = scores_without(wanted, {"own": twins}, pd.DataFrame(columns=BETWEEN))
        assert table["in_train"].tolist() == [seen]
