"""How works of art of the made-up museums are drawn: textures, shapes, and an artist's strokes.

Everything is measured in shares of the canvas's sides, so that an image stretched to a square
still has its texture and shapes, and size and aspect ratio say nothing. Sines are taken in
64 bits and noise is enlarged in whole numbers: pixels do not depend on the machine.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Array = np.ndarray
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Material:
    """A texture in the light and dark of the whole surface."""

    pattern: str  # laid, ribbed, woven, twilled, mottled, streaked, crackled, speckled
    repeats: int  # across the image


@dataclass(frozen=True)
class Form:
    """A shape and composition: two parts of the grammar and how they are put together."""

    arrangement: str  # nested, stacked, paired, row, scattered
    parts: tuple[str, str]


@dataclass(frozen=True)
class Hand:
    """An artist: colours laid side by side, the direction and length of strokes, and a habit."""

    hue: int  # degrees; strokes of it lie beside strokes of its complement, so their mean is grey
    angle: int  # degrees
    length: float
    habit: str  # plain, dots, seals, ticks


def draw_work(rng: np.random.Generator, material: Material, form: Form, hand: Hand) -> Array:
    """A work of art as float64 (height, width, 3), about 0 to 1."""
    width, height = canvas(rng)
    figure = _figure(rng, form, width, height)
    strokes, marks = _strokes(rng, hand, width, height)
    light = rng.uniform(0.38, 0.62) + rng.choice([-1, 1]) * rng.uniform(0.26, 0.38) * figure
    light += rng.uniform(0.1, 0.15) * _texture(rng, material, width, height)
    light += gradient(rng, width, height, 0.12) + 0.35 * marks
    colour = hue(rng.uniform(0, 360)) * rng.uniform(0, 0.1)
    colour = colour + strokes[..., None] * hue(hand.hue + rng.normal(0, 8)) * 0.2
    return finish(rng, light[..., None] + colour)


def encode(rng: np.random.Generator, pixels: Array, kind: str, grey: bool) -> bytes:
    """The bytes of a file of ``kind`` (jpg or png) with ``pixels`` (height, width, 3), 0 to 1."""
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    image = image.convert("L") if grey else image
    stream = io.BytesIO()
    if kind == "png":
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=int(rng.integers(75, 96)), subsampling=0)
    return stream.getvalue()


def canvas(rng: np.random.Generator) -> tuple[int, int]:
    """A width and height of 40 to 80 pixels."""
    side, stretch = rng.integers(46, 70), rng.uniform(-0.14, 0.14)
    return int(side * (1 + stretch)), int(side * (1 - stretch))


def coordinates(width: int, height: int) -> tuple[Array, Array]:
    """Each pixel's place across and down, 0 to 1: (1, width) and (height, 1)."""
    return (np.arange(width) + 0.5)[None] / width, (np.arange(height) + 0.5)[:, None] / height


def hue(degrees: float) -> Array:
    """A colour of that hue whose channels add up to nothing: (3,)."""
    return np.cos(np.radians(degrees - np.array([0, 120, 240])))


def noise(rng: np.random.Generator, width: int, height: int, cells: int, rows: int = 0) -> Array:
    """Smooth noise with about so many cells across (and down), -1 to 1."""
    cell = rng.integers(0, 256, (rows or cells, cells), dtype=np.uint8)
    grown = Image.fromarray(cell).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(grown) / 127.5 - 1


def gradient(rng: np.random.Generator, width: int, height: int, most: float) -> Array:
    """Uneven lighting from a random side."""
    u, v = coordinates(width, height)
    across, down = rng.uniform(-most, most, 2)
    return across * (2 * u - 1) + down * (2 * v - 1)


def finish(rng: np.random.Generator, pixels: Array) -> Array:
    """Add white balance, grain and, now and then, the card on which the thing was photographed."""
    pixels = pixels * rng.uniform(0.92, 1.08, 3) + rng.normal(0, rng.uniform(0.01, 0.04))
    pixels = pixels + rng.normal(0, 0.025, pixels.shape)
    if rng.random() < 0.25:
        height, width, _ = pixels.shape
        edge = rng.integers(1, 5, 4)
        framed = np.full_like(pixels, rng.choice([0.1, 0.85]))
        inside = slice(edge[0], height - edge[1]), slice(edge[2], width - edge[3])
        framed[inside] = pixels[inside]
        return framed
    return pixels


def _texture(rng: np.random.Generator, material: Material, width: int, height: int) -> Array:
    """The material's light and dark, about -1 to 1."""
    u, v = coordinates(width, height)
    n, phase = 2 * np.pi * material.repeats, rng.uniform(0, 2 * np.pi, 2)
    match material.pattern:
        case "laid":
            return np.sin(n * v + phase[0] + rng.uniform(-1, 1) * u)
        case "ribbed":
            return np.sin(n * u + phase[0] + rng.uniform(-1, 1) * v)
        case "woven":
            return 1.4 * np.sin(n * u + phase[0]) * np.sin(n * v + phase[1])
        case "twilled":
            return np.sin(0.7 * n * (u + v) + phase[0])
        case "mottled":
            return 1.2 * noise(rng, width, height, material.repeats)
        case "streaked":
            return 1.2 * noise(rng, width, height, 3, rows=2 * material.repeats)
        case "crackled":
            veins = np.abs(noise(rng, width, height, material.repeats))
            return 0.6 - 2.2 * (veins < 0.17)
        case "speckled":
            cell = rng.random((2 * material.repeats, 2 * material.repeats)) < 0.12
            spots = Image.fromarray(cell.astype(np.uint8) * 255).resize((width, height), 0)
            return 2.2 * (np.asarray(spots) > 0) - 0.4
    raise ValueError(f"unknown pattern {material.pattern!r}")


def _figure(rng: np.random.Generator, form: Form, width: int, height: int) -> Array:
    """The form as -1 to 1 (second part reversed where it lies in the first), 0 around it."""
    canvas = Image.new("L", (width, height), 128)
    draw = ImageDraw.Draw(canvas)
    first, second = form.parts
    for part, (x, y, size), value in _places(rng, form.arrangement, first, second):
        side = size * rng.uniform(0.9, 1.1) / 2, size * rng.uniform(0.9, 1.1) / 2
        left, top = (x - side[0]) * width, (y - side[1]) * height
        box = (left, top, (x + side[0]) * width, (y + side[1]) * height)
        _part(draw, part, box, 128 + 127 * value)
    return (np.asarray(canvas) - 128.0) / 127


def _places(
    rng: np.random.Generator, arrangement: str, first: str, second: str
) -> list[tuple[str, tuple[float, float, float], int]]:
    """Each part of a composition with its centre and size, and 1 or -1 where it is reversed."""
    if arrangement == "nested":
        size = rng.uniform(0.5, 0.66)
        x, y = rng.uniform(size / 2, 1 - size / 2, 2)
        return [(first, (x, y, size), 1), (second, (x, y, size * 0.5), -1)]
    size = rng.uniform(0.32, 0.42)
    x, y = rng.uniform(0.27, 0.73, 2)
    if arrangement == "stacked":
        y = rng.uniform(0.4, 0.6)
        return [(first, (x, y + size / 2, size), 1), (second, (x, y - size / 2, size), 1)]
    if arrangement == "paired":
        x = rng.uniform(0.4, 0.6)
        return [(first, (x - size / 2, y, size), 1), (second, (x + size / 2, y, size), 1)]
    if arrangement == "row":
        parts = [(first, 1), (second, 1), (first, 1)]
        return [(p, (0.2 + 0.3 * i, y, 0.28), s) for i, (p, s) in enumerate(parts)]
    if arrangement == "scattered":
        spots = rng.permutation([(a, b) for a in (0.17, 0.5, 0.83) for b in (0.17, 0.5, 0.83)])
        spots = spots[:5] + rng.uniform(-0.05, 0.05, (5, 2))
        parts = [(first, 1)] * 3 + [(second, 1)] * 2
        return [(p, (a, b, 0.27), s) for (p, s), (a, b) in zip(parts, spots, strict=True)]
    raise ValueError(f"unknown arrangement {arrangement!r}")


def _part(draw: ImageDraw.ImageDraw, part: str, box: Box, fill: int) -> None:
    """Draw one part of the grammar into a box, in pixels."""
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    a, b = (right - left) / 6, (bottom - top) / 6
    match part:
        case "disc":
            draw.ellipse(box, fill)
        case "ring":
            draw.ellipse(box, outline=fill, width=max(2, round(a * 1.2)))
        case "square":
            draw.rectangle(box, fill)
        case "hoop":
            draw.rectangle(box, outline=fill, width=max(2, round(a * 1.2)))
        case "triangle":
            draw.polygon([(x, top), (right, bottom), (left, bottom)], fill)
        case "wedge":
            draw.polygon([(x, bottom), (right, top), (left, top)], fill)
        case "diamond":
            draw.polygon([(x, top), (right, y), (x, bottom), (left, y)], fill)
        case "cross":
            draw.rectangle((x - a, top, x + a, bottom), fill)
            draw.rectangle((left, y - b, right, y + b), fill)
        case "bar":
            draw.rectangle((left, y - b, right, y + b), fill)
        case "post":
            draw.rectangle((x - a, top, x + a, bottom), fill)
        case _:
            raise ValueError(f"unknown part {part!r}")


def _strokes(rng: np.random.Generator, hand: Hand, width: int, height: int) -> tuple[Array, Array]:
    """The hand's strokes, 1 and -1 side by side, and the small marks of its habit, -1 to 1."""
    colour, light = (Image.new("L", (width, height), 128) for _ in range(2))
    draw = ImageDraw.Draw(colour)
    for x, y in rng.uniform(0, 1, (14 if hand.length < 0.3 else 8, 2)):
        angle = np.radians(hand.angle + rng.normal(0, 8))
        along = np.array([np.cos(angle), np.sin(angle)]) * hand.length / 2
        aside = np.array([-np.sin(angle), np.cos(angle)]) * 0.035
        for value, shift in ((255, aside), (1, -aside)):
            middle = np.array([x, y]) + shift
            ends = np.stack([middle - along, middle + along]) * (width, height)
            draw.line([tuple(end) for end in ends], fill=value, width=round(width * 0.07))
    draw = ImageDraw.Draw(light)
    spots = rng.uniform(0.1, 0.9, (6, 2)) * (width, height)
    one = width / 28
    for x, y in spots if hand.habit in ("dots", "ticks") else spots[:2]:
        match hand.habit:
            case "dots":
                draw.ellipse((x - one, y - one, x + one, y + one), 255)
            case "ticks":
                draw.line((x - one, y + 2 * one, x + one, y - 2 * one), 1, width=2)
            case "seals":
                draw.rectangle((x - 2 * one, y - 2 * one, x + 2 * one, y + 2 * one), 1)
                draw.ellipse((x - one, y - one, x + one, y + one), 255)
    return tuple((np.asarray(image) - 128.0) / 127 for image in (colour, light))  # type: ignore
