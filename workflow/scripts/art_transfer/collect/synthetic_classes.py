"""The classes of the made-up museums: what each label means to the draughtsman.

The large and the small museum speak one language of textures, shapes and strokes, but say other
things in it: three types are shared, and no artist. The others speak languages of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from art_transfer.collect.drawing import Array, Form, Hand, Material, draw_work
from art_transfer.collect.drawing_worlds import Chart, Subject, draw_chart, draw_photograph

_HANDS = list(
    product(
        (0, 60, 120, 180, 240, 300),
        (0, 45, 90, 135),
        (0.2, 0.5),
        ("plain", "dots", "seals", "ticks"),
    )
)
_STEP = 77  # has no divisor in common with 192, so that neighbours differ in everything


def hand(number: int) -> Hand:
    """The hand of artist ``number``; artists of the large museum are even, of the small one odd."""
    return Hand(*_HANDS[number * _STEP % len(_HANDS)])


_MATERIALS = {
    "paper": Material("laid", 9),
    "canvas": Material("woven", 7),
    "oak": Material("streaked", 9),
    "silk": Material("twilled", 9),
    "copper": Material("ribbed", 9),
    "porcelain": Material("crackled", 5),
    "parchment": Material("mottled", 6),
    "terracotta": Material("speckled", 8),
    "linen": Material("laid", 5),
    "tapestry": Material("woven", 4),
    "marble": Material("crackled", 9),
    "silver": Material("ribbed", 5),
}
_LARGE = {
    "portrait": Form("stacked", ("wedge", "disc")),
    "coin": Form("nested", ("disc", "cross")),
    "ship model": Form("stacked", ("bar", "triangle")),
    "plate": Form("nested", ("disc", "ring")),
    "tile panel": Form("scattered", ("square", "diamond")),
    "landscape": Form("row", ("triangle", "post")),
    "altarpiece": Form("row", ("post", "square")),
    "book cover": Form("nested", ("square", "disc")),
    "vase": Form("stacked", ("disc", "post")),
    "still life": Form("scattered", ("disc", "triangle")),
    "map": Form("nested", ("hoop", "cross")),
    "chair": Form("paired", ("hoop", "post")),
    "crucifix": Form("paired", ("cross", "disc")),
    "brooch": Form("scattered", ("ring", "cross")),
}
_SMALL = {
    "poster": Form("nested", ("square", "triangle")),
    "portrait": _LARGE["portrait"],
    "medal": Form("nested", ("disc", "diamond")),
    "lace": Form("scattered", ("ring", "diamond")),
    "plate": _LARGE["plate"],
    "candlestick": Form("stacked", ("disc", "triangle")),
    "city view": Form("row", ("square", "triangle")),
    "sculpture": Form("stacked", ("square", "disc")),
    "map": _LARGE["map"],
    "instrument": Form("paired", ("ring", "bar")),
    "reliquary": Form("nested", ("hoop", "disc")),
    "coat of arms": Form("paired", ("wedge", "cross")),
}
_SUBJECTS = {
    "orange": Subject("round", 30, 30, "plain"),
    "beach ball": Subject("round", 0, 180, "striped"),
    "ladybird": Subject("round", 10, 190, "spotted"),
    "tartan cap": Subject("round", 120, 300, "checked"),
    "box": Subject("box", 40, 40, "plain"),
    "deck chair": Subject("box", 210, 30, "striped"),
    "die": Subject("box", 300, 120, "spotted"),
    "chess board": Subject("box", 60, 240, "checked"),
    "lemon": Subject("long", 60, 60, "plain"),
    "fish": Subject("long", 240, 60, "striped"),
    "egg": Subject("long", 40, 220, "spotted"),
    "snake skin": Subject("long", 100, 280, "checked"),
    "flower": Subject("flower", 320, 320, "plain"),
    "shell": Subject("flower", 120, 300, "striped"),
    "starfish": Subject("flower", 0, 180, "spotted"),
    "paper star": Subject("flower", 250, 70, "checked"),
}
_RELIEFS = {
    "sea chart": "island",
    "reef chart": "atoll",
    "weather chart": "slope",
    "mountain relief": "ridge",
    "tide chart": "ridges",
    "magnetic chart": "saddle",
    "storm chart": "spiral",
    "star chart": "archipelago",
}
_CHART_HANDS = list(product((25, 205), (0, 3, 6), (-1, 0, 1)))

Draw = Callable[[np.random.Generator, int, int, int], Array]
"""Draws an image of the type, material and artist with these numbers; any number will do."""


@dataclass(frozen=True)
class Museum:
    """A made-up museum's labels, the commonest first, and how it shows them."""

    prefix: str  # of object ids
    types: tuple[str, ...]
    materials: tuple[str, ...]  # empty: the metadata has none
    artists: int  # how many have several works; 0: the metadata has no creators
    families: tuple[str, ...]  # family names of artists
    draw: Draw


def _works(forms: list[Form], parity: int) -> Draw:
    stuffs = list(_MATERIALS.values())

    def draw(rng: np.random.Generator, kind: int, material: int, artist: int) -> Array:
        form, stuff = forms[kind % len(forms)], stuffs[material % len(stuffs)]
        return draw_work(rng, stuff, form, hand(2 * artist + parity))

    return draw


def _photographs(rng: np.random.Generator, kind: int, material: int, artist: int) -> Array:
    subjects = list(_SUBJECTS.values())
    return draw_photograph(rng, subjects[kind % len(subjects)])


def _charts(rng: np.random.Generator, kind: int, material: int, artist: int) -> Array:
    reliefs = list(_RELIEFS.values())
    colours = _CHART_HANDS[artist * 7 % len(_CHART_HANDS)]
    return draw_chart(rng, Chart(reliefs[kind % len(reliefs)], *colours))


MUSEUMS = {
    "large_museum": Museum(
        prefix="LM",
        types=tuple(_LARGE),
        materials=tuple(_MATERIALS),
        artists=26,
        families=("Veldenaar", "Oostmeer", "Kraaiberg", "Zilverschoon", "Duinwater", "Roodhart"),
        draw=_works(list(_LARGE.values()), 0),
    ),
    "small_museum": Museum(
        prefix="SM",
        types=tuple(_SMALL),
        materials=(),
        artists=14,
        families=("Scheldeman", "Torfs-Maas", "Wolkenaar", "Pauwenhof"),
        draw=_works(list(_SMALL.values()), 1),
    ),
    "unrelated_museum": Museum(
        prefix="UM",
        types=tuple(_RELIEFS),
        materials=(),
        artists=10,
        families=("Fjellstrand", "Isbre", "Havdyp", "Nordlys"),
        draw=_charts,
    ),
    "photos": Museum(
        prefix="PH", types=tuple(_SUBJECTS), materials=(), artists=0, families=(), draw=_photographs
    ),
}
