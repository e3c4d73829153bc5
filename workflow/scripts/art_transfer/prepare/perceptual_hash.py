"""Which looks may be near-duplicates: the perceptual hash of one is near that of a part of another.

The hash is pHash (as ``imagehash.phash`` has it): 64 bits say which of the 8 x 8 slowest waves of
an image are stronger than their median. It stands scaling, JPEG and changes of tone, but not a
crop. So each look is hashed whole and in 99 windows; a crop then lies near some window of the
original. The waves of all windows come from two products of matrices, without cutting any out:
the library, image by image, takes some 50 times as long.

Near means at most RADIUS of 64 bits. Of two such hashes, cut into three parts, one part differs in
at most three bits, so that neighbours are looked up and not compared one by one (multi-index
hashing, Norouzi et al. 2012, arXiv 1307.2982).
"""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.prepare.looks import SIDE

RADIUS = 10
"""Bits of 64; tests/long/near_duplicates.py measures what it finds."""

_SCALES = (1.0, 0.92, 0.84, 0.76)
_SPANS = [(p * (1 - s), p * (1 - s) + s) for s in _SCALES for p in ((0, 0.5, 1) if s < 1 else (0,))]
WINDOWS = np.array([x + y for y, x in product(_SPANS, _SPANS)], np.float32)
"""(100, 4): left, right, top and bottom of each window as shares (0-1); the first is the whole."""

_WAVES = 8
_PARTS = ((0, 22), (22, 21), (43, 21))  # first bit and bits of each part
_PROBES = 1_000_000  # looked up at a time: 100 MB
_WITHIN = 64 * len(WINDOWS)  # a pair's possible bits and windows, of which bits <= RADIUS occur

Hashes = NDArray[np.uint64]


def hashes(looks: NDArray[np.uint8], rows: NDArray[np.int64]) -> Hashes:
    """The hashes (n, 100) of the windows of the looks (SIDE, SIDE) at these rows (n,)."""
    found = np.empty((len(rows), len(WINDOWS)), np.uint64)
    waves, spans = _waves(), len(_SPANS)
    for start in range(0, len(rows), 256):
        part = looks[rows[start : start + 256]].astype(np.float32)
        strength = (waves @ part @ waves.T).reshape(-1, spans, _WAVES, spans, _WAVES)
        strength = strength.transpose(0, 1, 3, 2, 4).reshape(-1, len(WINDOWS), _WAVES**2)
        bits = strength > np.median(strength, axis=2, keepdims=True)
        found[start : start + 256] = np.packbits(bits, axis=2).view(np.uint64)[..., 0]
    return found


def candidates(whole: Hashes, windows: Hashes) -> pd.DataFrame:
    """Which looks, whole, are near a window of which others.

    ``whole`` are the hashes (n,) of looks, ``windows`` those (m, 100) of the others. Columns:
    ``whole`` and ``other`` (rows), ``window`` (the nearest) and ``bits`` (that differ); each pair
    once.
    """
    entries = windows.ravel()
    found = bytearray()  # grows in one place: many small arrays would keep freed memory in pieces
    for part in _PARTS:
        for near in _near(whole, entries, *part):
            found += near.tobytes()
    codes = _nearest(np.frombuffer(found, np.int64))
    pair, rest = np.divmod(codes, _WITHIN)
    row, other = np.divmod(pair, len(windows))
    bits, window = np.divmod(rest, len(WINDOWS))
    columns = {"whole": row, "other": other, "window": window, "bits": bits}
    return pd.DataFrame({name: values.astype(np.int32) for name, values in columns.items()})


def _nearest(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each pair once, with its nearest window: the least code."""
    ordered = np.sort(codes)
    return ordered[np.diff(ordered // _WITHIN, prepend=-1) > 0]


def _near(whole: Hashes, entries: Hashes, first: int, length: int) -> Iterator[NDArray[np.int64]]:
    """The pairs whose hashes are at most RADIUS bits apart and differ by at most three in one part.

    A pair is one number: its rows, then the bits that differ, then the window. Some rows at a time,
    for a look is near many windows of another, of which one counts.
    """
    shift, mask = np.uint64(first), np.uint64((1 << length) - 1)
    keys = ((entries >> shift) & mask).astype(np.int32)  # which holds the windows of 20 million
    order = np.argsort(keys, kind="stable").astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << length))])
    flips = np.array([sum(1 << bit for bit in bits) for bits in _flipped(length)])
    wanted = ((whole >> shift) & mask).astype(np.int64)
    step = max(1, _PROBES // len(flips))
    for start in range(0, len(whole), step):
        probes = wanted[start : start + step, None] ^ flips
        low, counts = starts[probes], starts[probes + 1] - starts[probes]
        for rows in _blocks(counts.sum(axis=1)):
            number = counts[rows].ravel()
            ends = np.cumsum(number)
            places = np.arange(number.sum()) + np.repeat(low[rows].ravel() - ends + number, number)
            entry = order[places]
            query = np.repeat(np.arange(start + rows.start, start + rows.stop), counts[rows].sum(1))
            bits = np.bitwise_count(whole[query] ^ entries[entry])
            near = bits <= RADIUS
            other, window = np.divmod(entry[near].astype(np.int64), len(WINDOWS))
            pair = query[near] * (len(entries) // len(WINDOWS)) + other
            yield _nearest(pair * _WITHIN + bits[near] * np.int64(len(WINDOWS)) + window)


def _blocks(sizes: NDArray[np.int64]) -> Iterator[slice]:
    """Rows in blocks of about so much work at a time, whatever one row needs."""
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _PROBES)) + 1
    edges = [0, *cuts.tolist(), len(sizes)]
    return (slice(low, high) for low, high in pairwise(edges))


def _flipped(length: int) -> Iterator[tuple[int, ...]]:
    """Up to three bits of so many."""
    for number in range(RADIUS // len(_PARTS) + 1):
        yield from combinations(range(length), number)


def _waves() -> NDArray[np.float32]:
    """The cosines of each span of a side: (spans * 8, SIDE), zero outside the span."""
    places = (np.arange(SIDE) + 0.5) / SIDE
    rows = []
    for start, end in _SPANS:
        within = (places - start) / (end - start)
        inside = (within > 0) & (within < 1)
        rows += [inside * np.cos(np.pi * wave * within) for wave in range(_WAVES)]
    return np.array(rows, np.float32)
