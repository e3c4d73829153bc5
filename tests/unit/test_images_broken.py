"""What is no image, or a broken one, is refused with a reason."""

import struct
import zlib

import pytest
from art_transfer.images import UnreadableImageError, decode
from builders import file_of, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import features


def reason(data: bytes) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_image_says_what_it_is():
    assert reason(b"") == "empty file"
    assert reason(b"<!DOCTYPE html><title>404</title>") == (
        "no known image format, begins b'<!DOCTYP'"
    )
    assert reason(bytes(5000)).startswith("no known image format")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("TIFF", {}), ("WEBP", {})],
)
def test_a_file_that_was_cut_off_is_broken(kind, options, share):
    data = file_of(noise(60, 80), kind, **options)
    assert "image" in reason(data[: int(len(data) * share)])


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_broken_avif_is_no_crash():
    """Its decoder raises RuntimeError, which others do not."""
    head, pixels = file_of(noise(60, 80), "AVIF").split(b"mdat", 1)
    assert "broken image" in reason(head + b"mdat" + b"\xff" * len(pixels))


@pytest.mark.parametrize("missing", [1, 2, 10])
def test_a_jpeg_without_its_end_is_broken(missing):
    assert "broken image" in reason(file_of(noise(60, 80), "JPEG")[:-missing])


def test_a_png_with_a_changed_byte_is_broken():
    data = bytearray(file_of(noise(60, 80)))
    data[len(data) // 2] ^= 255
    assert "broken image" in reason(bytes(data))


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(width, height):
    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    assert reason(data).startswith("too many pixels")


FILES = [
    file_of(noise(8, 9), kind)
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "ICO", "JPEG2000", "TGA")
]


@settings(max_examples=300)
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_are_an_image_or_a_reason(data, damage):
    damaged = bytearray(data)
    for place, value in damage:
        damaged[place % len(damaged)] = value
    try:
        assert decode(bytes(damaged)).mode == "RGB"
    except UnreadableImageError as error:
        assert str(error)
