"""Images from strangers become the right pixels, or a reason in the image table."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from art_transfer.collect.shards import read_shard, write_shard
from art_transfer.collect.source import FetchedImage
from art_transfer.formats import IMAGES, read_csv
from art_transfer.prepare.pixels import write_pixels
from art_transfer.settings import Pixels
from builders import TURNS, file_of
from PIL import Image, ImageCms

from . import image_files as files
from .conftest import WrongError, sampled
from .image_files import ALPHA, COLOUR, GREY, SIDE, SMOOTH, Array, chunk, on_white, png, rgb, tiff

WIDE = GREY.astype(np.uint16) * 257
BITS = GREY >> 7
PHOTO = np.kron(COLOUR[:3, :3], np.ones((8, 8, 1), np.uint8))
BLACK = COLOUR * np.uint8(0)
PALETTE = np.random.default_rng(9).integers(0, 256, (256, 3), dtype=np.uint8)
PLTE, TRNS = chunk(b"PLTE", PALETTE.tobytes()), chunk(b"tRNS", ALPHA.tobytes()[:256])
DEGREES = np.frombuffer(ALPHA.tobytes()[:256], np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = (
    SRGB.replace(b"rXYZ", b"????")
    .replace(b"gXYZ", b"rXYZ")
    .replace(b"????", b"gXYZ")
    .replace("sRGB".encode("utf-16-be"), "sWAP".encode("utf-16-be"))
)
"""A profile whose red and green have changed places."""


def pillow(array: Array, kind: str, mode: str | None = None, **options: object) -> bytes:
    image = Image.fromarray(array)
    return file_of(image.convert(mode) if mode else image, kind, **options)


def jpeg(array: Array, kind: str = "JPEG", **options: object) -> bytes:
    """A JPEG that loses as little as one can."""
    return pillow(array, kind, quality=100, subsampling=0, **options)


def frames(kind: str, **options: object) -> bytes:
    more = [Image.fromarray(BLACK), Image.fromarray(BLACK)]
    return pillow(COLOUR, kind, save_all=True, append_images=more, **options)


def inks(kind: str, **options: object) -> bytes:
    """Patches of ink; a profile of another kind of colour does not fit them."""
    dyes = np.stack([255 - SMOOTH[..., n] for n in range(3)] + [SMOOTH[..., 0] * 0], axis=-1)
    return file_of(Image.fromarray(dyes, "CMYK"), kind, **options)


def gif(array: Array, **options: object) -> bytes:
    return file_of(Image.fromarray(array).convert("L"), "GIF", **options)


Case = tuple[str, Callable[[], bytes], Array, int]
GREYS = rgb(GREY)
KINDS: list[Case] = [
    # PNG of every kind that there is
    ("png grey 1", lambda: png(BITS, 1, 0), rgb(BITS * 255), 0),
    ("png grey 2", lambda: png(GREY >> 6, 2, 0), rgb((GREY >> 6) * 85), 0),
    ("png grey 4", lambda: png(GREY >> 4, 4, 0), rgb((GREY >> 4) * 17), 0),
    ("png grey 8", lambda: png(GREY, 8, 0), GREYS, 0),
    ("png grey 16", lambda: png(WIDE, 16, 0), GREYS, 0),
    ("png colour 8", lambda: png(COLOUR), COLOUR, 0),
    ("png colour 16", lambda: png(COLOUR.astype(np.uint16) * 257, 16), COLOUR, 0),
    ("png palette 1", lambda: png(BITS, 1, 3, [PLTE[:]]), PALETTE[BITS], 0),
    ("png palette 2", lambda: png(GREY >> 6, 2, 3, [PLTE]), PALETTE[GREY >> 6], 0),
    ("png palette 4", lambda: png(GREY >> 4, 4, 3, [PLTE]), PALETTE[GREY >> 4], 0),
    ("png palette 8", lambda: png(GREY, 8, 3, [PLTE]), PALETTE[GREY], 0),
    (
        "png palette with alpha",
        lambda: png(GREY, 8, 3, [PLTE, TRNS]),
        on_white(PALETTE[GREY], DEGREES[GREY]),
        1,
    ),
    (
        "png grey, alpha 8",
        lambda: png(np.dstack([GREY, ALPHA]), 8, 4),
        on_white(GREYS, ALPHA),
        1,
    ),
    (
        "png grey and alpha 16",
        lambda: png(np.dstack([WIDE, ALPHA.astype(np.uint16) * 257]), 16, 4),
        on_white(GREYS, ALPHA),
        1,
    ),
    ("png alpha 8", lambda: png(np.dstack([COLOUR, ALPHA]), 8, 6), on_white(COLOUR, ALPHA), 1),
    (
        "png alpha 16",
        lambda: png(np.dstack([COLOUR, ALPHA]).astype(np.uint16) * 257, 16, 6),
        on_white(COLOUR, ALPHA),
        1,
    ),
    ("png interlaced", lambda: png(COLOUR, interlaced=True), COLOUR, 0),
    ("png interlaced 16", lambda: png(WIDE, 16, 0, interlaced=True), GREYS, 0),
    (
        "png transparent grey",
        lambda: png(GREY, 8, 0, [chunk(b"tRNS", struct.pack(">H", int(GREY[0, 0])))]),
        rgb(np.where(GREY[0, 0] == GREY, 255, GREY)),
        0,
    ),
    (
        "png transparent colour",
        lambda: png(COLOUR, more=[chunk(b"tRNS", COLOUR[2, 3].astype(">u2").tobytes())]),
        np.where((COLOUR[2, 3] == COLOUR).all(-1)[..., None], 255, COLOUR).astype(np.uint8),
        0,
    ),
    ("png animated", lambda: frames("PNG"), COLOUR, 0),
    ("png in half a gamma", lambda: png(COLOUR, more=[chunk(b"gAMA", b"\0\1\x86\xa0")]), COLOUR, 0),
    ("png of no known chunk", lambda: png(COLOUR, more=[chunk(b"prVt", b"x" * 99)]), COLOUR, 0),
    ("png with bytes behind it", lambda: png(COLOUR) + b"<?php ?>" * 9, COLOUR, 0),
    ("png with a wrong profile", lambda: pillow(COLOUR, "PNG", icc_profile=b"none"), COLOUR, 0),
    ("png with a cut profile", lambda: pillow(COLOUR, "PNG", icc_profile=SRGB[:200]), COLOUR, 0),
    ("png in sRGB", lambda: pillow(COLOUR, "PNG", icc_profile=SRGB), COLOUR, 0),
    (
        "png in another space",
        lambda: pillow(COLOUR, "PNG", icc_profile=SWAPPED),
        COLOUR[..., [1, 0, 2]],
        6,
    ),
    ("png grey in a profile of colour", lambda: pillow(GREY, "PNG", icc_profile=SRGB), GREYS, 0),
    # TIFF
    ("tiff 1", lambda: tiff(BITS, 1, 1), rgb(BITS * 255), 0),
    ("tiff 1, white is 0", lambda: tiff(BITS, 0, 1), rgb((1 - BITS) * 255), 0),
    ("tiff 8", lambda: tiff(GREY, 1), GREYS, 0),
    ("tiff 8, white is 0", lambda: tiff(GREY, 0), 255 - GREYS, 0),
    ("tiff 16", lambda: tiff(WIDE, 1, 16), GREYS, 0),
    ("tiff 16 Motorola", lambda: tiff(WIDE, 1, 16, ">"), GREYS, 0),
    ("tiff 16, white is 0", lambda: tiff(WIDE, 0, 16), 255 - GREYS, 0),
    ("tiff 32", lambda: tiff(GREY.astype(np.uint32), 1, 32), GREYS, 0),
    ("tiff 32 float", lambda: tiff(GREY.astype(np.float32), 1, 32, kind=3), GREYS, 0),
    ("tiff colour", lambda: tiff(COLOUR, 2), COLOUR, 0),
    ("tiff colour Motorola", lambda: tiff(COLOUR, 2, order=">"), COLOUR, 0),
    ("tiff colour 16", lambda: tiff(COLOUR.astype(np.uint16) * 257, 2, 16), COLOUR, 0),
    ("tiff in planes", lambda: tiff(COLOUR, 2, planar=True), COLOUR, 0),
    ("tiff of three pages", lambda: tiff(COLOUR, 2, pages=3), COLOUR, 0),
    (
        "tiff alpha",
        lambda: tiff(np.dstack([COLOUR, ALPHA]), 2, more={338: (2,)}),
        on_white(COLOUR, ALPHA),
        1,
    ),
    ("tiff deflated", lambda: pillow(COLOUR, "TIFF", compression="tiff_deflate"), COLOUR, 0),
    ("tiff lzw", lambda: pillow(COLOUR, "TIFF", compression="tiff_lzw"), COLOUR, 0),
    ("tiff packbits", lambda: pillow(COLOUR, "TIFF", compression="packbits"), COLOUR, 0),
    (
        "tiff fax",
        lambda: pillow(BITS * 255, "TIFF", "1", compression="group4"),
        rgb(BITS * 255),
        0,
    ),
    ("tiff big", lambda: pillow(COLOUR, "TIFF", big_tiff=True), COLOUR, 0),
    ("tiff inks", lambda: inks("TIFF"), SMOOTH, 1),
    ("tiff inks in a profile of light", lambda: inks("TIFF", icc_profile=SRGB), SMOOTH, 1),
    # others without loss
    ("bmp", lambda: files.bmp(COLOUR), COLOUR, 0),
    ("bmp from the top", lambda: files.bmp(COLOUR, True), COLOUR, 0),
    ("bmp 32", lambda: files.bmp(COLOUR, bits=32), COLOUR, 0),
    ("gif", lambda: gif(GREY), GREYS, 0),
    ("gif interlaced", lambda: gif(GREY, interlace=1), GREYS, 0),
    (
        "gif animated",
        lambda: gif(GREY, save_all=True, append_images=[Image.fromarray(GREY * 0)]),
        GREYS,
        0,
    ),
    ("webp without loss", lambda: pillow(COLOUR, "WEBP", lossless=True), COLOUR, 0),
    ("webp animated", lambda: frames("WEBP", lossless=True), COLOUR, 0),
    ("jpeg 2000 without loss", lambda: pillow(COLOUR, "JPEG2000"), COLOUR, 0),
    ("jpeg 2000 code alone", lambda: pillow(COLOUR, "JPEG2000", no_jp2=True), COLOUR, 0),
    # with loss, of a smooth image
    ("jpeg 4:4:4", lambda: jpeg(SMOOTH), SMOOTH, 4),
    (
        "jpeg progressive",
        lambda: jpeg(SMOOTH, progressive=True),
        SMOOTH,
        4,
    ),
    ("jpeg grey", lambda: pillow(SMOOTH[..., 0], "JPEG", quality=100), rgb(SMOOTH[..., 0]), 3),
    ("jpeg inks", lambda: inks("JPEG", quality=100, subsampling=0), SMOOTH, 6),
    (
        "jpeg inks in a profile of light",
        lambda: inks("JPEG", quality=100, subsampling=0, icc_profile=SRGB),
        SMOOTH,
        6,
    ),
    (
        "jpeg in another space",
        lambda: jpeg(SMOOTH, icc_profile=SWAPPED),
        SMOOTH[..., [1, 0, 2]],
        12,
    ),
    (
        "mpo of two",
        lambda: pillow(
            SMOOTH,
            "MPO",
            quality=100,
            subsampling=0,
            save_all=True,
            append_images=[Image.fromarray(BLACK)],
        ),
        SMOOTH,
        4,
    ),
    ("webp", lambda: pillow(SMOOTH, "WEBP", quality=100), SMOOTH, 24),
    ("avif", lambda: pillow(SMOOTH, "AVIF", quality=100, subsampling="4:4:4"), SMOOTH, 6),
    ("jpeg 2000", lambda: pillow(SMOOTH, "JPEG2000", irreversible=True), SMOOTH, 4),
]
BY_NAME = {case[0]: case for case in KINDS}


def stored(data: bytes, folder: Path) -> Array | str:
    """What a study makes of an image file: its pixels, or the status in the image table."""
    archive, table, pixels = folder / "0000.zip", folder / "0000.csv", folder / "0000.npy"
    write_shard([FetchedImage("an id/é", data, "ok")], "0000", archive, table)
    (row,) = read_csv(table, IMAGES).to_dict("records")
    count = int(row["status"] == "ok")
    images = [*read_shard(archive, table)]
    assert images == [("an id/é", data)] * count
    if not count:
        assert row["status"].startswith("unreadable: ") and len(row["status"]) < 300
        return str(row["status"])
    write_pixels(images, 1, SIDE, Pixels("stretch", "nearest"), pixels)
    return np.load(pixels, allow_pickle=False)[0]


def check_right(found: Array | str, wanted: Array, by: int) -> None:
    assert not isinstance(found, str), found
    if np.abs(found.astype(int) - wanted).max() > by:
        raise WrongError(f"off by {np.abs(found.astype(int) - wanted).max()}")


@pytest.mark.parametrize(("kind", "make", "wanted", "by"), sampled(KINDS, 4))
def test_an_image_has_its_right_pixels(kind, make, wanted, by, tmp_path):
    check_right(stored(make(), tmp_path), wanted, by)


CUTS = [
    (f"{name} to {share}", make, wanted, by, share)
    for name, make, wanted, by in KINDS
    for share in (0.02, 0.2, 0.5, 0.8, 0.95, -1)
]


@pytest.mark.parametrize(("name", "make", "wanted", "by", "share"), sampled(CUTS, 11))
def test_an_image_that_was_cut_off_is_refused(name, make, wanted, by, share, tmp_path):
    """Or it is whole: an end that holds no pixels may be missing."""
    data = make()
    found = stored(data[: int(len(data) * share) if share > 0 else share], tmp_path)
    if not isinstance(found, str):
        check_right(found, wanted, by)


def bomb(width: int, height: int) -> bytes:
    return png(np.zeros((1, 1), int), 1, 0, size=(width, height))


def text_bomb() -> bytes:
    packed = zlib.compress(bytes(50_000_000))
    return png(COLOUR, more=[chunk(b"zTXt", b"Comment\0\0" + packed)])


def changed(data: bytes, at: float, by: int = 255) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]


def higher(data: bytes, size: bytes, taller: bytes) -> bytes:
    """A file that says it is higher than its pixels are many."""
    assert size in data
    return data.replace(size, taller)


def short_tiff(compression: str) -> bytes:
    data = pillow(COLOUR[:9], "TIFF", compression=compression)
    for tag in (257, 278):  # height, and rows in a strip
        at = data.index(struct.pack("<H", tag) + b"\3\0\1\0\0\0")
        data = data[: at + 8] + struct.pack("<HH", SIDE, 0) + data[at + 12 :]
    return data


REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "zeros": lambda: bytes(10_000),
    "ones": lambda: b"\xff" * 10_000,
    "a text": lambda: b"404: not found\n",
    "a web page": lambda: b"<!DOCTYPE html><html><body>Sorry</body></html>",
    "a web page in capitals": lambda: b"<HTML><IMG SRC=x></HTML>",
    "json": lambda: b'{"error": "no such image"}',
    "xml": lambda: b"<?xml version='1.0'?><error/>",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24'/>",
    "svg that reads a file": lambda: b"<svg><image href='file:///etc/passwd'/></svg>",
    "pdf": lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "postscript": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 24 24\n%%EndComments\nshowpage\n"
    ),
    "a zip": lambda: b"PK\3\4" + bytes(100),
    "a gzip": lambda: gzip.compress(png(COLOUR)),
    "an elf": lambda: b"\x7fELF" + bytes(200),
    "an mp4": lambda: b"\0\0\0\x18ftypmp42" + bytes(100),
    "a git lfs pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a targa without a name": lambda: pillow(COLOUR, "TGA"),
    "a font": lambda: b"\0\1\0\0\0\x0c" + bytes(100),
    "an icon": lambda: pillow(COLOUR, "ICO"),
    "bomb of 60,000 x 60,000": lambda: bomb(60_000, 60_000),
    "bomb of 10,000 x 10,000": lambda: bomb(10_000, 10_000),
    "bomb of a line": lambda: bomb(2**31 - 1, 1),
    "bomb in a tiff": lambda: tiff(GREY, 1, more={256: (100_000,), 257: (100_000,)}),
    "bomb in a gif": lambda: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;",
    "bomb in a bmp": lambda: files.bmp(COLOUR)[:18] + struct.pack("<ii", 60_000, 60_000),
    "size of nothing": lambda: bomb(0, 0),
    "png of a wrong checksum": lambda: changed(png(COLOUR), 0.5),
    "png of a wrong head": lambda: changed(png(COLOUR), 0.012),
    "png of other data": lambda: png(COLOUR).replace(zlib.compress(b"")[:2], b"\0\0"),
    "png without data": lambda: png(COLOUR)[:33] + chunk(b"IEND", b""),
    "png with too little data": lambda: png(COLOUR[:9], size=(SIDE, SIDE)),
    "png of an unknown kind": lambda: png(COLOUR, kind=5),
    "png of a palette without one": lambda: png(COLOUR, kind=9),
    "jpeg head alone": lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0",
    "jpeg without tables": lambda: b"\xff\xd8\xff\xd9",
    "webp head alone": lambda: b"RIFF\x24\0\0\0WEBPVP8 ",
    "avif head alone": lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "jpeg 2000 head alone": lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(20),
    "tiff that points behind its end": lambda: b"II*\0\xff\xff\xff\x7f",
    "tiff that points to itself": lambda: b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    "tiff of 32 bits whose white is 0": lambda: tiff(GREY.astype(np.float32), 0, 32, kind=3),
    "tiff of no size": lambda: tiff(GREY, 1, more={256: (0,), 257: (0,)}),
    "tiff whose strip is elsewhere": lambda: tiff(GREY, 1, more={273: (10**6,)}),
    "gif without an image": lambda: b"GIF89a\x18\0\x18\0\0\0\0;",
    "ppm, which has no end": lambda: b"P6 24 24 255\n" + COLOUR.tobytes(),
    "pgm in letters": lambda: b"P2\n24 24\n255\n" + " ".join(map(str, GREY.ravel())).encode(),
    "gif with too little data": lambda: higher(gif(GREY[:9]), b"\x18\0\x09\0", b"\x18\0\x18\0"),
    "deflated tiff with too little data": lambda: short_tiff("tiff_deflate"),
    "lzw tiff with too little data": lambda: short_tiff("tiff_lzw"),
    "packed tiff with too little data": lambda: short_tiff("packbits"),
    "tiff with too little data": lambda: tiff(GREY[:9], 1, more={257: (24,), 278: (24,)}),
    "interlaced png with too little data": lambda: png(
        COLOUR[:9], size=(SIDE, SIDE), interlaced=True
    ),
    "bmp with too little data": lambda: (
        files.bmp(COLOUR[:9])[:22] + struct.pack("<i", SIDE) + files.bmp(COLOUR[:9])[26:]
    ),
}


@pytest.mark.parametrize(("kind", "make"), sampled(REFUSED.items(), 3))
def test_what_is_no_image_is_refused_with_a_reason(kind, make, tmp_path):
    found = stored(make(), tmp_path)
    if not isinstance(found, str):
        raise WrongError(f"{kind} became pixels")


RIGHT = {
    "a comment that unpacks to 50 MB": (text_bomb, COLOUR),
    "jpeg called png": (lambda: jpeg(SMOOTH), SMOOTH),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_the_pixels_are_right_or_refused(kind, tmp_path):
    make, wanted = RIGHT[kind]
    found = stored(make(), tmp_path)
    if not isinstance(found, str):
        check_right(found, wanted, 4)


ANY = TURNS | dict.fromkeys((0, 9, 65535), lambda a: a)  # numbers that are none, too


@pytest.mark.parametrize("turn", ANY)
def test_a_jpeg_is_turned_as_its_exif_says(turn, tmp_path):
    plain = jpeg(SMOOTH)
    found = stored(files.with_exif(plain, files.exif(turn)), tmp_path)
    check_right(found, ANY[turn](SMOOTH), 4)


@pytest.mark.parametrize("turn", ANY)
def test_a_tiff_is_turned_as_its_tag_says(turn, tmp_path):
    check_right(stored(tiff(COLOUR, 2, more={274: (turn,)}), tmp_path), ANY[turn](COLOUR), 0)


BLOCKS = {
    "garbage": b"Exif\0\0garbage, no TIFF",
    "empty": b"",
    "head alone": b"Exif\0\0II*\0",
    "points far away": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "points to itself": b"Exif\0\0II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\x08\0\0\0",
    "a text for a turn": b"Exif\0\0" + files.exif(6, kind=2)[6:],
    "endless entries": b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    "not exif": b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>",
    "bomb of entities": b"http://ns.adobe.com/xap/1.0/\0<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.filterwarnings("ignore")
def test_a_broken_exif_block_costs_no_image(block, tmp_path):
    plain = jpeg(SMOOTH)
    check_right(stored(files.with_exif(plain, BLOCKS[block]), tmp_path), SMOOTH, 4)


def by_tensorflow(data: bytes) -> Array:
    import tensorflow as tf

    if data[:3] == b"GIF":
        return tf.io.decode_gif(data).numpy()[0]
    if data[:2] == b"BM":
        return tf.io.decode_bmp(data).numpy()[..., :3]
    if data[:2] == b"\xff\xd8":
        return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    return tf.io.decode_png(data, channels=3).numpy()


ELSEWHERE: dict[str, Callable[[], bytes]] = {
    f"jpeg {quality} {'progressive' if progressive else 'baseline'} {subsampling}": (
        lambda q=quality, p=progressive, s=subsampling: pillow(
            PHOTO, "JPEG", quality=q, progressive=p, subsampling=s, optimize=q == 30
        )
    )
    for quality in (30, 75, 95)
    for progressive in (False, True)
    for subsampling in (0, 1, 2)
}
ELSEWHERE |= {
    "jpeg grey": lambda: pillow(GREY, "JPEG"),
    "jpeg with restarts": lambda: pillow(PHOTO, "JPEG", restart_marker_rows=1),
    "gif": lambda: gif(GREY),
    "bmp": lambda: files.bmp(COLOUR),
    "png": lambda: pillow(COLOUR, "PNG", optimize=True),
    "png interlaced": lambda: png(COLOUR, interlaced=True),
}


@pytest.mark.full
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_tensorflow_decodes_the_same(kind, tmp_path):
    data = ELSEWHERE[kind]()
    check_right(stored(data, tmp_path), by_tensorflow(data), 3)


def test_a_shard_goes_on_after_a_refusal(tmp_path):
    """One broken file costs one object and no other."""
    data = [png(COLOUR), b"broken", png(GREY, 8, 0)]
    images = [FetchedImage(str(n), file, "ok") for n, file in enumerate(data)]
    write_shard(images, "0000", tmp_path / "a.zip", tmp_path / "a.csv")
    kept = dict(read_shard(tmp_path / "a.zip", tmp_path / "a.csv"))
    assert kept == {"0": data[0], "2": data[2]}
    write_pixels(kept.items(), 2, SIDE, Pixels("stretch", "nearest"), tmp_path / "a.npy")
    check_right(np.load(tmp_path / "a.npy")[1], GREYS, 0)


def test_pillow_is_asked_for_formats_that_run_no_program():
    """PostScript would be given to ghostscript, were it installed or not."""
    from art_transfer.images import FORMATS

    assert not {"EPS", "WMF", "IPTC", "FPX", "MIC", "TGA"} & set(FORMATS)
    Image.init()
    assert set(FORMATS) <= set(Image.OPEN)
