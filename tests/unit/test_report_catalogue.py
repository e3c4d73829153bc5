"""The catalogue page of a tiny museum: exact contents, hostile metadata, the same bytes twice."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from art_transfer.collect.shards import shard_of, write_shard
from art_transfer.collect.source import FetchedImage
from art_transfer.formats import OBJECTS, columns
from art_transfer.prepare.labels import choose_labels
from art_transfer.prepare.splits import split
from art_transfer.report.catalogue import (
    MOST,
    PICTURES,
    Labelled,
    catalogue,
    long_tail,
    sample_files,
)
from art_transfer.report.style import styled
from builders import ROOT, file_of, images_of, noise, task

TEMPLATE = ROOT / "workflow" / "report" / "catalogue.html"


class Page(HTMLParser):
    """The tags, tables and headings of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self._cell: list[str] | None = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)
        elif data.strip():
            self.texts.append(" ".join(data.split()))

    def table(self, first: str) -> list[list[str]]:
        """The rows of the only table whose first heading is this."""
        (found,) = [table[1:] for table in self.tables if table[0][0] == first]
        return found

    def every(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes.get(attribute) for name, attributes in self.tags if name == tag]


VALUES = {
    **{f"o{n}": ["material: oil", "gold"] for n in range(5)},
    **{f"w{n}": ["Wood"] for n in range(3)},
    "w4": ["wood"],
    "r1": ["glass"],
    "u1": ["unknown"],
    "u2": [],
}
RULE = task(unknown=("unknown",), role_separator=": ")
STATUSES = {"o4": "missing: no file <o4>", "w2": "unreadable: empty file", "r1": "ok"}


def museum(**changes: object) -> pd.DataFrame:
    rows = [
        {
            **dict.fromkeys(OBJECTS.names, ""),
            "object_id": name,
            "title": f"Work {name}",
            "creators": ["Jan Steen", "A printer"],
            "date": "1660",
            "rights": "" if name.startswith("u") else "CC0",
            "source_url": f"https://museum.example/{name}?a=1&b=2",
            **changes,
        }
        for name in VALUES
    ]
    return pd.DataFrame(rows, columns=OBJECTS.names).assign(materials=list(VALUES.values()))


def page(
    objects: pd.DataFrame, lock: dict[str, object] | None = None, tasks: tuple[str, ...] = ("m",)
) -> str:
    images = images_of(dict.fromkeys(VALUES, "ok") | STATUSES)
    found = choose_labels(objects, images, RULE, "museum")
    dealt = split(found.labels, 1, "stratified", "museum")
    labelled = {name: Labelled(found.filters, found.decisions, dealt) for name in tasks}
    pictures = {name: file_of(noise(300, 600, n)) for n, name in enumerate(("o1", "w0"))}
    with styled():
        title = "The <Museum> & co"
        return catalogue(TEMPLATE, title, objects, images, labelled, pictures, lock)


def test_a_tiny_museum_is_shown_exactly():
    shown = Page(page(museum()))
    assert "12 objects, 10 with a readable image." in shown.texts
    assert shown.table("task, in all three splits") == [["m", "7", "2"]]
    assert shown.table("class") == [["oil", "4"], ["Wood", "3"]]
    assert shown.table("rights") == [["CC0", "8"], ["not stated", "2"]]
    assert shown.table("reason") == [
        ["missing", "1", "o4: missing: no file <o4>"],
        ["unreadable", "1", "w2: unreadable: empty file"],
    ]
    assert shown.table("step") == [
        ["in the museum", "12", "", "0"],
        ["with a readable image", "10", "", "2"],
        ["with a label", "8", "3", "2"],
        ["class of at least 3", "7", "2", "1"],
        ["in all three splits", "7", "2", "0"],
    ]
    assert shown.table("why objects have no label") == [
        ["no readable image", "2", "Wood (1) · material: oil (1)"],
        ["class of fewer than 3 objects", "1", "glass (1)"],
        ["no value", "1", ""],
        ["unknown", "1", "unknown (1)"],
    ]
    assert shown.table("why further values were passed over") == [
        ["not the first", "4", "gold (4)"]
    ]


def test_pictures_are_small_embedded_and_captioned():
    shown = Page(page(museum()))
    assert shown.every("img", "alt")[1:] == ["Work o1", "Work w0"]
    assert set(shown.every("img", "width")[1:]) == {"240"}
    assert set(shown.every("img", "height")[1:]) == {"120"}
    assert all(str(source).startswith("data:image/") for source in shown.every("img", "src"))
    assert shown.every("a", "href") == [
        f"https://museum.example/{name}?a=1&b=2" for name in ("o1", "w0")
    ]
    for text in ("Work o1", "Jan Steen; A printer", "1660", "CC0"):
        assert text in shown.texts


def test_the_page_loads_nothing():
    html = page(museum())
    addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert all(a.startswith(("data:", "https://museum.example/")) for a in addresses)
    assert "default-src 'none'" in html and "url(" not in html and "@import" not in html


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "</td></table></bdi><!--",
    "&lt;b&gt; &amp; \x00 \u202e right to left",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_metadata_is_text(text):
    calm = Page(page(museum(), {"date": "2026-11-24"}))
    objects = museum(title=text, creators=[text], date=text, rights=text)
    objects["materials"] = [[text, text]] * 5 + [[f"b{text}"]] * 7
    shown = Page(page(objects, {"date": text, text: "x"}))
    kinds = {tag for tag, _ in calm.tags}
    assert {tag for tag, _ in shown.tags} <= kinds
    names = {name for _, attributes in calm.tags for name in attributes}
    assert {name for _, attributes in shown.tags for name in attributes} <= names
    expected = " ".join(text.replace("\x00", " ").replace("\u202e", "").split())
    assert expected in shown.every("img", "alt")
    assert shown.table("rights") == [[expected, "10"]]
    assert [row[0] for row in shown.table("class")] == [f"b{expected}", expected]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//x",
        "http://[",
        "",
        "x",
    ],
)
def test_only_addresses_of_the_web_become_links(address):
    shown = Page(page(museum(source_url=address)))
    assert shown.every("a", "href") == []
    assert "Work o1" in shown.texts


def test_the_sources_lock_is_shown_where_there_is_one():
    lock = {"date": "2026-11-24", "records": 12, "hashes": {"a": "b"}, "ids": ["o1"]}
    assert Page(page(museum(), lock)).table("frozen as") == [
        ["date", "2026-11-24"],
        ["records", "12"],
    ]
    assert "frozen as" not in page(museum())


def test_a_museum_without_tasks_has_a_page_too():
    shown = Page(page(museum(), tasks=()))
    assert shown.table("rights") == [["CC0", "8"], ["not stated", "2"]]
    assert len(shown.every("img", "src")) == 2 and "Classes" not in shown.texts


def test_long_lists_are_cut_and_added_up():
    objects = museum()
    objects["rights"] = objects["object_id"].map(lambda name: f"rights of {name}")
    many = pd.concat([objects.assign(object_id=objects["object_id"] + str(n)) for n in range(4)])
    many["rights"] = many["rights"] + many["object_id"]
    images = images_of(dict.fromkeys(many["object_id"], "ok"))
    with styled():
        rows = Page(catalogue(TEMPLATE, "m", many, images, {}, {}, None)).table("rights")
    assert len(rows) == MOST + 1
    assert rows[-1] == ["18 others", "18"]


def test_the_plot_has_each_class_of_each_task_from_the_largest_on():
    def labelled(*sizes: int) -> Labelled:
        labels = [f"c{n}" for n, size in enumerate(sizes) for _ in range(size)]
        return Labelled(pd.DataFrame(), pd.DataFrame(), pd.DataFrame({"label": labels}))

    with styled():
        axes = long_tail({"type": labelled(3, 9, 4), "artist": labelled(5)}).axes[0]
    lines = [line.get_xydata().tolist() for line in axes.lines if len(line.get_xdata())]
    assert lines == [[[1, 9], [2, 4], [3, 3]], [[1, 5]]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["type", "artist"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_a_long_address_is_cut_and_not_dropped():
    address = "https://rights.example/" + "x" * 200
    shown = Page(page(museum(rights=address)))
    assert address[:99] + "…" in shown.texts
    assert shown.table("rights") == [[address, "10"]]


def test_two_builds_are_the_same_bytes():
    assert page(museum(), {"date": "x"}) == page(museum(), {"date": "x"})


def test_a_sample_comes_from_the_shards_whatever_the_order_of_rows(tmp_path):
    ids = [f"o{n}" for n in range(PICTURES + 6)]
    files = {name: file_of(noise(4, 5, n)) for n, name in enumerate(ids)}
    statuses = dict.fromkeys(ids, "ok") | {"o3": "missing: no file"}
    for shard in ("0000", "0001"):
        some = [
            FetchedImage(name, files[name] if statuses[name] == "ok" else None, statuses[name])
            for name in ids
            if shard_of(name, 2) == shard
        ]
        write_shard(some, shard, tmp_path / f"{shard}.zip", tmp_path / f"{shard}.csv")
    images = images_of(statuses)
    found = sample_files(tmp_path, images, 2)
    assert len(found) == PICTURES and "o3" not in found
    assert all(files[name] == data for name, data in found.items())
    assert list(sample_files(tmp_path, images.iloc[::-1], 2)) == list(found)


def test_the_page_needs_only_these_columns_of_the_objects():
    names = ["object_id", "title", "creators", "date", "rights", "source_url"]
    images = images_of(dict.fromkeys(VALUES, "ok"))
    part = museum()[columns(OBJECTS, *names).names]
    with styled():
        assert "12 objects" in catalogue(TEMPLATE, "m", part, images, {}, {}, None)
