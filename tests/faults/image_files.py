"""Image files with known pixels, most of them written here byte by byte, without Pillow."""

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.uint8]
SIDE = 24
COLOUR: Array = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
ALPHA: Array = np.random.default_rng(4).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
GREY: Array = COLOUR[..., 0]
SMOOTH: Array = np.stack(
    [np.add.outer(a * np.arange(SIDE), b * np.arange(SIDE)) for a, b in ((5, 4), (2, 7), (8, 1))],
    axis=-1,
).astype(np.uint8)
"""What a lossy format changes little."""


def rgb(grey: NDArray[np.number]) -> Array:
    return np.stack([np.asarray(grey, np.uint8)] * 3, axis=-1)


def on_white(colour: Array, alpha: Array) -> Array:
    part = alpha[..., None] / 255
    return np.rint(colour * part + 255 * (1 - part)).astype(np.uint8)


def chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png(
    rows: NDArray[np.number],
    bits: int = 8,
    kind: int = 2,
    more: Iterable[bytes] = (),
    interlaced: bool = False,
    size: tuple[int, int] | None = None,
) -> bytes:
    """A PNG of samples (height, width) or (height, width, channels); ``more`` are chunks."""
    height, width = rows.shape[:2]
    head = struct.pack(">IIBBBBB", *(size or (width, height)), bits, kind, 0, 0, int(interlaced))
    passes = _adam7(rows) if interlaced else [rows]
    lines = b"".join(b"\0" + _packed(row, bits) for part in passes for row in part)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            *more,
            chunk(b"IDAT", zlib.compress(lines)),
            chunk(b"IEND", b""),
        ]
    )


def _adam7(rows: NDArray[np.number]) -> Iterator[NDArray[np.number]]:
    steps = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    for top, left, down, right in [*steps, (0, 1, 2, 2), (1, 0, 2, 1)]:
        yield rows[top::down, left::right]


def _packed(row: NDArray[np.number], bits: int) -> bytes:
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    digits = (row.reshape(-1, 1) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(digits.astype(np.uint8).reshape(-1)).tobytes()


def tiff(
    samples: NDArray[np.number],
    photometric: int,
    bits: int = 8,
    order: str = "<",
    kind: int = 1,
    more: dict[int, tuple[int, ...]] | None = None,
    pages: int = 1,
    planar: bool = False,
) -> bytes:
    """An unpacked TIFF; ``kind`` 1 is unsigned, 3 floating. Further pages are black."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    code = {(1, 1): "u1", (8, 1): "u1", (16, 1): "u2", (32, 1): "u4", (32, 3): "f4"}[bits, kind]
    data = bytearray(struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 0))
    link = 4
    for page in range(pages):
        pixels = samples if page == 0 else np.zeros_like(samples)
        if planar:
            pixels = np.moveaxis(pixels, -1, 0)
        raw = (
            b"".join(_packed(row, 1) for row in pixels)
            if bits == 1
            else pixels.astype(f"{order}{code}").tobytes()
        )
        start = len(data)
        data += raw
        size = len(raw) // channels if planar else len(raw)
        strips = channels if planar else 1
        tags = {
            256: (width,),
            257: (height,),
            258: (bits,) * channels,
            259: (1,),
            262: (photometric,),
            273: tuple(start + size * n for n in range(strips)),
            277: (channels,),
            278: (height,),
            279: (size,) * strips,
            284: (2 if planar else 1,),
            339: (kind,) * channels,
            **(more or {}),
        }
        data += b"\0" * (len(data) % 2)
        lists = {}
        for tag, values in tags.items():
            if len(values) > 1:
                lists[tag] = len(data)
                data += struct.pack(f"{order}{len(values)}I", *values)
        struct.pack_into(f"{order}I", data, link, len(data))
        data += struct.pack(f"{order}H", len(tags))
        for tag, values in sorted(tags.items()):
            value = lists.get(tag, values[0])
            data += struct.pack(f"{order}HHII", tag, 4, len(values), value)
        link = len(data)
        data += struct.pack(f"{order}I", 0)
    return bytes(data)


def bmp(colour: Array, top_down: bool = False, bits: int = 24) -> bytes:
    """A BMP of 24 bits, or of 32 whose fourth byte means nothing."""
    height, width = colour.shape[:2]
    rows = colour[..., ::-1] if top_down else colour[::-1, :, ::-1]
    if bits == 32:
        rows = np.dstack([rows, np.zeros((height, width), np.uint8)])
    lines = b"".join(row.tobytes().ljust(-(-len(row.tobytes()) // 4) * 4, b"\0") for row in rows)
    tall = -height if top_down else height
    info = struct.pack("<IiiHHIIiiII", 40, width, tall, 1, bits, 0, len(lines), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(lines), 0, 0, 54) + info + lines


def exif(orientation: int, kind: int = 3) -> bytes:
    """A block that says nothing but how to turn the image."""
    entry = struct.pack("<HHIHH", 0x0112, kind, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """A JPEG with a block of EXIF behind its first two bytes."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]
