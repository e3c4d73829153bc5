"""How the made-up museums' photographs and charts are drawn: worlds without brush strokes."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from art_transfer.collect.drawing import (
    Array,
    canvas,
    coordinates,
    finish,
    gradient,
    hue,
    noise,
)


@dataclass(frozen=True)
class Subject:
    """What a photograph shows: an outline, a marking and the colours of both."""

    outline: str
    hue: int  # degrees
    other: int  # hue of the stripes, spots or checks
    marking: str  # plain, striped, spotted, checked


@dataclass(frozen=True)
class Chart:
    """What a chart shows and how its maker colours it."""

    relief: str
    high: int  # hue of the high ground, degrees; the low ground has its complement
    levels: int  # steps of colour; 0 is none
    contours: int  # lines at every step: -1 dark, 0 none, 1 light


def draw_photograph(rng: np.random.Generator, subject: Subject) -> Array:
    """A photographed thing before a blurred background, as float64 (height, width, 3)."""
    width, height = canvas(rng)
    u, v = coordinates(width, height)
    ground = sum(noise(rng, width, height, cells) / cells**0.5 for cells in (2, 4, 8, 16))
    pixels = 0.45 + 0.3 * np.asarray(ground)[..., None] + hue(rng.uniform(0, 360)) * 0.1
    mask, (x, y, radius) = _silhouette(rng, subject.outline, width, height)
    shade = 0.5 + 0.5 * ((x - u) + (y - v)) / radius * rng.choice([-1, 1])
    marking = _marking(rng, subject.marking, width, height)
    thing = 0.3 + 0.35 * shade + 0.1 * marking
    own, other = (hue(degrees + rng.normal(0, 20)) for degrees in (subject.hue, subject.other))
    share = 0.5 - 0.5 * marking[..., None] if subject.marking != "plain" else 0
    coloured = thing[..., None] + rng.uniform(0.15, 0.25) * (own * (1 - share) + other * share)
    pixels = np.where(mask[..., None], coloured, pixels)
    return finish(rng, pixels + gradient(rng, width, height, 0.15)[..., None])


def draw_chart(rng: np.random.Generator, chart: Chart) -> Array:
    """A coloured relief without strokes or texture, as float64 (height, width, 3)."""
    width, height = canvas(rng)
    relief = _relief(rng, chart.relief, width, height) + 0.2 * noise(rng, width, height, 4)
    relief = np.clip(relief, 0, 1)
    steps = np.round(relief * chart.levels) / chart.levels if chart.levels else relief
    turn = rng.normal(0, 25)
    low, high = hue(chart.high + 180 + turn), hue(chart.high + turn)
    colour = 0.25 * (low * (1 - steps[..., None]) + high * steps[..., None])
    light = rng.uniform(0.4, 0.6) + rng.choice([-1, 1]) * 0.25 * (steps - 0.5)
    light += 0.3 * chart.contours * (np.abs(relief * 4 % 1 - 0.5) < 0.09)
    return finish(rng, light[..., None] + colour)


def _silhouette(
    rng: np.random.Generator, outline: str, width: int, height: int
) -> tuple[Array, tuple[float, float, float]]:
    """Where the photographed thing is, bool (height, width), and its centre and radius."""
    radius, (x, y) = rng.uniform(0.28, 0.45), rng.uniform(0.38, 0.62, 2)
    t = np.radians(np.arange(0, 360, 6))
    r = {
        "round": 1 + 0 * t,
        "long": 1 / np.sqrt(np.cos(t) ** 2 + (2.4 * np.sin(t)) ** 2),
        "box": 0.8 / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t))),
        "flower": 0.75 + 0.25 * np.cos(5 * t),
    }[outline] * radius
    turn = t + rng.uniform(-0.5, 0.5)
    points = [
        ((x + a) * width, (y + b) * height)
        for a, b in zip(r * np.cos(turn), r * np.sin(turn), strict=True)
    ]
    sheet = Image.new("1", (width, height))
    ImageDraw.Draw(sheet).polygon(points, 1)
    return np.asarray(sheet), (x, y, radius)


def _marking(rng: np.random.Generator, marking: str, width: int, height: int) -> Array:
    """Stripes or spots on a photographed thing, -1 to 1."""
    u, v = coordinates(width, height)
    if marking == "plain":
        return 0 * u * v
    if marking == "spotted":
        return np.sign(noise(rng, width, height, 9) - 0.3)
    angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 6, 2)
    along, aside = (np.cos(a) * u + np.sin(a) * v for a in (angle, angle + np.pi / 2))
    stripes = np.sin(2 * np.pi * 6 * along + phase[0])
    if marking == "striped":
        return np.sign(stripes)
    return np.sign(stripes * np.sin(2 * np.pi * 6 * aside + phase[1]))


def _relief(rng: np.random.Generator, relief: str, width: int, height: int) -> Array:
    """The chart's ground, about 0 to 1."""
    u, v = coordinates(width, height)
    x, y = rng.uniform(0.35, 0.65, 2)
    across, down = u - x, v - y
    distance = np.sqrt(across**2 + down**2)
    angle = rng.uniform(0, np.pi)
    along = np.cos(angle) * across + np.sin(angle) * down
    match relief:
        case "island":
            return np.exp(-((distance / 0.3) ** 2))
        case "atoll":
            return np.exp(-(((distance - 0.3) / 0.1) ** 2))
        case "slope":
            return 0.5 + along
        case "ridge":
            return np.exp(-((along / 0.13) ** 2))
        case "ridges":
            return 0.5 + 0.5 * np.cos(2 * np.pi * 3 * along)
        case "saddle":
            return 0.5 + 5 * across * down * rng.choice([-1, 1])
        case "spiral":
            return 0.5 + 0.5 * np.cos(np.arctan2(down, across) + 14 * distance + angle)
        case "archipelago":
            return 0.5 + 0.8 * noise(rng, width, height, 7)
    raise ValueError(f"unknown relief {relief!r}")
