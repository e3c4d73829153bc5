"""Made-up museums: objects with a museum's metadata, and their images.

Object n follows from (museum, seed, n) alone, so it is the same in a museum of any size. Which
classes there are, and what they look like, is the same for all seeds.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from art_transfer.collect.drawing import encode
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.synthetic_classes import MUSEUMS, Museum
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS

_GIVEN = ("Adriana", "Bastiaan", "Cornelia", "Dirk", "Elisabeth", "Floris", "Geertruid", "Hendrik")
_SECOND = ("publisher: Huis De Zon", "publisher: De Gulden Pers", "workshop: Atelier Noord")
_ADJECTIVES = ("ceremonial", "travelling", "toy", "miniature", "unfinished")
_THINGS = ("globe", "fan", "thimble", "harp", "sundial", "snuff box", "key", "saddle", "lantern")
_STUFFS = ("amber", "coral", "cork", "felt", "horn", "jade", "leather", "pewter", "slate", "wax")


@dataclass(frozen=True)
class Synthetic:
    """Which made-up museum, how large, and the seed of its objects."""

    remote: ClassVar[bool] = False

    museum: str
    objects: int
    seed: int

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Make the museum's metadata up (``source.Source``)."""
        yield read_objects(self)

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Draw the image of each object (``source.Source``)."""
        for object_id in objects["object_id"]:
            yield FetchedImage(object_id, draw_image(self, object_id), "ok")


@dataclass(frozen=True)
class _Thing:
    """What an object is, whatever its record says; a number beyond the known ones is a rarity."""

    kind: int
    material: int
    artist: int
    anonymous: bool
    grey: bool
    broken: bool
    file_type: str


def read_objects(source: Synthetic) -> pd.DataFrame:
    """The museum's objects: ``formats.OBJECTS``'s columns, sorted by ``object_id``."""
    museum = _museum(source)
    records = [_record(source, museum, number) for number in range(source.objects)]
    return pd.DataFrame(records, columns=OBJECTS.names)


def draw_image(source: Synthetic, object_id: str) -> bytes:
    """The bytes of an object's image: a JPEG or PNG file, of a few objects half of one."""
    museum, number = _museum(source), _number(source, object_id)
    thing = _thing(source, museum, number)
    rng = _generator(source, number, "image")
    pixels = museum.draw(rng, thing.kind, thing.material, thing.artist)
    data = encode(rng, pixels, thing.file_type, thing.grey)
    return data[: len(data) // 2] if thing.broken else data


def _museum(source: Synthetic) -> Museum:
    if source.museum not in MUSEUMS:
        raise StudyError(
            f"there is no made-up museum {source.museum!r}; there are {', '.join(MUSEUMS)}"
        )
    return MUSEUMS[source.museum]


def _number(source: Synthetic, object_id: str) -> int:
    number = object_id.rpartition("-")[2]
    if not number.isdecimal() or object_id != _object_id(_museum(source), int(number)):
        raise StudyError(f"{object_id!r} is no object of the made-up museum {source.museum}")
    return int(number)


def _object_id(museum: Museum, number: int) -> str:
    return f"{museum.prefix}-{number:06d}"


def _generator(source: Synthetic, number: int, purpose: str) -> np.random.Generator:
    names = zlib.crc32(source.museum.encode()), zlib.crc32(purpose.encode())
    return np.random.default_rng((*names, source.seed, number))


def _thing(source: Synthetic, museum: Museum, number: int) -> _Thing:
    rng = _generator(source, number, "thing")
    kind = _long_tailed(rng, len(museum.types))
    material = _long_tailed(rng, max(len(museum.materials), 12))
    artist = _long_tailed(rng, max(museum.artists, 12))
    if anonymous := bool(rng.random() < 0.15):
        artist = int(rng.integers(96))
    # Every so often comes something of which the museum has no more than two.
    if number % 151 == 77:
        kind = len(museum.types) + number // 302
    if number % 173 == 55:
        material = len(museum.materials) + number // 346
    if number % 61 == 41:
        artist, anonymous = museum.artists + number // 122, False
    return _Thing(
        kind,
        material,
        artist,
        anonymous,
        grey=bool(rng.random() < 0.03),
        broken=number % 400 == 137,
        file_type="png" if rng.random() < 0.1 else "jpg",
    )


def _long_tailed(rng: np.random.Generator, classes: int) -> int:
    """A class, the first ones the commonest, the last one about six times rarer."""
    weights = 1 / (np.arange(classes) + classes / 5)
    return int(rng.choice(classes, p=weights / weights.sum()))


def _record(source: Synthetic, museum: Museum, number: int) -> dict[str, object]:
    thing = _thing(source, museum, number)
    rng = _generator(source, number, "record")
    object_id = _object_id(museum, number)
    kind = _name(museum.types, thing.kind, [f"{a} {t}" for a in _ADJECTIVES for t in _THINGS])
    types = [_variant(rng, kind)]
    if rng.random() < 0.08:
        types.append("fragment")
    return {
        "object_id": object_id,
        "title": "" if rng.random() < 0.05 else f"{kind[0].upper()}{kind[1:]}, no. {number}",
        "creators": _creators(rng, museum, thing),
        "materials": _materials(rng, museum, thing),
        "types": [] if rng.random() < 0.02 else types,
        "date": _date(rng),
        "image": f"{object_id}.{thing.file_type}",
        "rights": "CC0-1.0",
        "source_url": f"https://example.org/{source.museum}/{object_id}",
    }


def _creators(rng: np.random.Generator, museum: Museum, thing: _Thing) -> list[str]:
    if not museum.artists or rng.random() < 0.03:
        return []
    if thing.anonymous:
        return [str(rng.choice(["anonymous", "anonymous", "Anonymous"]))]
    name = artist_name(museum, thing.artist)
    form = rng.random()
    if form < 0.25:
        name = f"painter: {name}"
    elif form < 0.35:
        name = f"{name} ".replace(" ", "  ", 1)
    return [name, str(rng.choice(_SECOND))] if rng.random() < 0.15 else [name]


def artist_name(museum: Museum, number: int) -> str:
    """The name of an artist of a museum, other ones in each museum."""
    family, given = number % len(museum.families), number // len(museum.families)
    generation = "" if given < len(_GIVEN) else f" {given // len(_GIVEN) + 1}"
    return f"{_GIVEN[given % len(_GIVEN)]} {museum.families[family]}{generation}"


def _materials(rng: np.random.Generator, museum: Museum, thing: _Thing) -> list[str]:
    if not museum.materials or rng.random() < 0.04:
        return []
    if rng.random() < 0.01:
        return ["unknown"]
    name = _variant(rng, _name(museum.materials, thing.material, list(_STUFFS)))
    return [name, "gold leaf"] if rng.random() < 0.1 else [name]


def _name(known: tuple[str, ...], number: int, rarities: list[str]) -> str:
    """A class's name; the rarities come round again in very large museums."""
    return known[number] if number < len(known) else rarities[(number - len(known)) % len(rarities)]


def _variant(rng: np.random.Generator, name: str) -> str:
    """Sometimes another spelling, as several hands keep a catalogue."""
    form = rng.random()
    if form < 0.05:
        return name.capitalize()
    return f" {name} " if form < 0.08 else name


def _date(rng: np.random.Generator) -> str:
    year, form = int(rng.integers(1580, 1910)), rng.random()
    if form < 0.1:
        return ""
    if form < 0.3:
        return f"c. {year}"
    return f"{year} - {year + int(rng.integers(2, 20))}" if form < 0.5 else str(year)
