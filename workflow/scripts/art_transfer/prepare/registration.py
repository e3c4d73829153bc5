"""Whether one look is a part of another: laid over it as well as can be, they must agree.

From the window where their hashes agree, the box's four sides are moved by Gauss-Newton steps
that also fit brightness and contrast (Evangelidis and Psarakis 2008, doi:10.1109/TPAMI.2008.113,
for scale and shift alone). What counts is the correlation of the grey values that is reached.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from art_transfer.prepare.looks import SIDE

SAME = 0.97
"""The correlation from which looks are near-duplicates (tests/long/near_duplicates.py)."""

_START = 0.7  # correlation below which no box is tried: 2 of 1,000 true copies are lost by that
_STEPS = 4
_GRID = 16  # points across and down at which looks are compared
_BLUR = 1.5  # pixels
_PLAIN = 4.0  # standard deviation in grey values below which a look shows nothing to compare
_CHUNK = 4096
_UNIT = np.float32(1 / 128)  # of a grey value; finer than what the blur leaves, in half the memory

Floats = NDArray[np.float32]
Smooth = NDArray[np.int16]
Rows = NDArray[np.int64]
_SHARES = ((np.arange(_GRID) + 0.5) / _GRID).astype(np.float32)


def smoothed(looks: NDArray[np.uint8]) -> Smooth:
    """Looks (n, SIDE, SIDE) blurred, in _UNIT, for ``agreement``; plain ones become all zeros."""
    found = np.empty(looks.shape, np.int16)
    for start in range(0, len(looks), _CHUNK):
        part = looks[start : start + _CHUNK].astype(np.float32)
        plain = part.std(axis=(1, 2)) < _PLAIN
        found[start : start + _CHUNK] = np.rint(gaussian_filter(part, (0, _BLUR, _BLUR)) / _UNIT)
        found[start : start + _CHUNK][plain] = 0
    return found


def agreement(whole: Smooth, rows: Rows, others: Smooth, other_rows: Rows, boxes: Floats) -> Floats:
    """The best correlation (n,) of looks, whole, with a part of others.

    ``whole`` and ``others`` are smoothed looks, of which the pairs are ``rows`` and ``other_rows``
    (n,); ``boxes`` (n, 4) is where to begin, as in ``perceptual_hash.WINDOWS``.
    """
    found = np.zeros(len(rows), np.float32)
    everything = np.array([[0, 1, 0, 1]], np.float32)
    for start in range(0, len(rows), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        wanted = _sampled(whole, rows[chunk], np.repeat(everything, len(rows[chunk]), 0))
        first = _correlation(wanted, _sampled(others, other_rows[chunk], boxes[chunk]))
        try_ = first >= _START
        first[try_] = _refined(wanted[try_], others, other_rows[chunk][try_], boxes[chunk][try_])
        found[chunk] = first
    return found


def _refined(wanted: Floats, others: Smooth, rows: Rows, boxes: Floats) -> Floats:
    best, boxes = np.zeros(len(rows), np.float32), boxes.copy()
    for _ in range(_STEPS):
        seen = _sampled(others, rows, boxes)
        best = np.maximum(best, _correlation(wanted, seen))
        boxes = _kept_large(np.clip(boxes + _step(wanted, seen, others, rows, boxes), -0.05, 1.05))
    return np.maximum(best, _correlation(wanted, _sampled(others, rows, boxes)))


def _step(wanted: Floats, seen: Floats, others: Smooth, rows: Rows, boxes: Floats) -> Floats:
    """How to move each box (n, 4): least squares with brightness and contrast left free."""
    pixel = np.float32(1 / SIDE)
    across = np.array([pixel, pixel, 0, 0], np.float32)
    down = across[::-1]
    right, below = (
        (_sampled(others, rows, boxes + by) - _sampled(others, rows, boxes - by)) / (2 * pixel)
        for by in (across, down)
    )
    columns, lines = _SHARES, _SHARES[:, None]
    parts = [right * (1 - columns), right * columns, below * (1 - lines), below * lines]
    slopes = np.stack([*parts, -wanted, -np.ones_like(wanted)], -1).reshape(len(rows), _GRID**2, 6)
    turned = slopes.transpose(0, 2, 1)
    normal = turned @ slopes + np.eye(6, dtype=np.float32) * 0.01  # a plain look moves nowhere
    solved = np.linalg.solve(normal, turned @ -seen.reshape(len(rows), _GRID**2, 1))
    return np.clip(solved[:, :4, 0], -0.08, 0.08)


def _kept_large(boxes: Floats) -> Floats:
    """Boxes of less than half a side become the whole: smaller parts are no near-duplicates."""
    small = (boxes[:, 1] - boxes[:, 0] < 0.5) | (boxes[:, 3] - boxes[:, 2] < 0.5)
    boxes[small] = (0, 1, 0, 1)
    return boxes


def _sampled(looks: Smooth, rows: Rows, boxes: Floats) -> Floats:
    """The grey values (n, _GRID, _GRID) in boxes of looks, between pixels by straight lines."""
    x = boxes[:, :1] * (1 - _SHARES) + boxes[:, 1:2] * _SHARES
    y = boxes[:, 2:3] * (1 - _SHARES) + boxes[:, 3:] * _SHARES
    x, y = (np.clip(some * SIDE - 0.5, 0, SIDE - 1.001) for some in (x, y))
    column, line = x.astype(np.int64), y.astype(np.int64)
    right, below = (x - column)[:, None, :], (y - line)[:, :, None]
    place = (rows[:, None, None] * SIDE + line[:, :, None]) * SIDE + column[:, None, :]
    flat = looks.reshape(-1)
    upper = flat[place] * (1 - right) + flat[place + 1] * right
    lower = flat[place + SIDE] * (1 - right) + flat[place + SIDE + 1] * right
    return (upper * (1 - below) + lower * below) * _UNIT


def _correlation(one: Floats, other: Floats) -> Floats:
    one, other = (some - some.mean((1, 2), keepdims=True) for some in (one, other))
    scale = np.sqrt((one**2).sum((1, 2)) * (other**2).sum((1, 2)))
    product = (one * other).sum((1, 2))
    return np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
