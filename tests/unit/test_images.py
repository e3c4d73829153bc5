"""Image files of any kind become right RGB."""

import io
import struct

import numpy as np
import pytest
from art_transfer.images import decode
from builders import TURNS, file_of, noise
from numpy.typing import NDArray
from PIL import Image, ImageCms

Array = NDArray[np.uint8]
STEPS = np.arange(256, dtype=np.uint8).reshape(16, 16)
RGB = noise(12, 20)


def pixels(data: bytes) -> Array:
    image = decode(data)
    assert image.mode == "RGB"
    return np.asarray(image)


def grey(values: Array) -> Array:
    return np.stack([values] * 3, axis=-1)


def on_white(color: Array, alpha: Array) -> Array:
    part = alpha[..., None] / 255
    return np.rint(color * part + 255 * (1 - part))


def assert_close(found: Array, wanted: Array, by: int) -> None:
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted.astype(int)).max() <= by


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_grey(kind):
    assert (pixels(file_of(STEPS, kind)) == grey(STEPS)).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit(kind):
    bits = noise(9, 13)[..., 0] > 127
    assert (pixels(file_of(bits, kind)) == grey(bits * np.uint8(255))).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_colour(kind):
    assert (pixels(file_of(RGB, kind)) == RGB).all()


def palette() -> Image.Image:
    """Three colours, red, green and blue, in three columns."""
    image = Image.new("P", (3, 2))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2] * 2)
    return image


COLOURS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]] * 2, dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette(kind):
    assert (pixels(file_of(palette(), kind)) == COLOURS).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_is_white(kind):
    wanted = COLOURS.copy()
    wanted[:, 1] = 255
    assert (pixels(file_of(palette(), kind, transparency=1)) == wanted).all()


def test_a_palette_with_degrees_of_transparency_is_laid_on_white():
    alpha = np.array([[255, 0, 51]] * 2)
    found = pixels(file_of(palette(), "PNG", transparency=bytes([255, 0, 51])))
    assert_close(found, on_white(COLOURS, alpha), 1)
    assert found[0].tolist() == [[255, 0, 0], [255, 255, 255], [204, 204, 255]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_on_white(kind):
    alpha = np.array([[0, 1, 64, 128, 254, 255]] * 4, dtype=np.uint8)
    color = noise(4, 6)
    data = file_of(
        np.dstack([color, alpha]), kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    found = pixels(data)
    assert_close(found, on_white(color, alpha), 1)
    assert (found[:, 0] == 255).all() and (found[:, -1] == color[:, -1]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_alpha_is_laid_on_white(kind):
    image = Image.new("LA", (3, 1))
    image.putdata([(0, 0), (0, 255), (100, 51)])
    assert_close(pixels(file_of(image, kind)), np.array([[[255] * 3, [0] * 3, [224] * 3]]), 1)


@pytest.mark.parametrize(("mode", "color"), [("L", 7), ("RGB", (7, 8, 9))])
def test_a_transparent_colour_without_a_palette_is_white(mode, color):
    image = Image.new(mode, (2, 1), color)
    image.putpixel((1, 0), 99 if mode == "L" else (99, 98, 97))
    found = pixels(file_of(image, "PNG", transparency=color))
    assert found[0].tolist() == [[255] * 3, [99] * 3 if mode == "L" else [99, 98, 97]]


@pytest.mark.parametrize(("kind", "by"), [("TIFF", 1), ("JPEG", 6)])
def test_cmyk_is_no_negative(kind, by):
    inks = {(0, 0, 0, 0): [255] * 3, (0, 255, 255, 0): [255, 0, 0], (255, 0, 0, 0): [0, 255, 255]}
    inks |= {(0, 0, 0, 255): [0] * 3, (0, 0, 255, 128): [127, 127, 0]}
    for ink, color in inks.items():
        found = pixels(file_of(Image.new("CMYK", (16, 16), ink), kind))
        assert_close(found, np.full((16, 16, 3), color, dtype=np.uint8), by)


WIDE = (STEPS.astype(np.uint16)) * 257


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(kind):
    assert (pixels(file_of(WIDE, kind)) == grey(STEPS)).all()
    dark = np.array([[0, 100, 128, 129, 255, 256, 386, 65535]], dtype=np.uint16)
    assert pixels(file_of(dark, kind))[0, :, 0].tolist() == [0, 0, 0, 1, 1, 1, 2, 255]
    assert (pixels(file_of(dark[:, :5], kind)) <= 1).all(), "a dark image must not be brightened"


def test_16_bit_grey_in_the_other_byte_order():
    image = Image.frombytes("I;16B", (16, 16), WIDE.astype(">u2").tobytes())
    data = file_of(image, "TIFF")
    assert data.startswith(b"MM")
    assert (pixels(data) == grey(STEPS)).all()


def test_12_bit_grey_reaches_white():
    """Two pixels in three bytes, as scanners write them: 0, 2,048, 4,095 and 256."""
    pixels_ = bytes.fromhex("000800 fff100")
    tags = [(256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1)]
    tags.append((279, len(pixels_)))
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(pixels_))
    data = head + pixels_ + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    assert pixels(data)[0, :, 0].tolist() == [0, 128, 255, 16]


def test_fractions_of_grey_count_from_black_to_white():
    image = Image.fromarray(np.array([[0.0, 0.6, 1.0, np.nan]], dtype=np.float32))
    assert pixels(file_of(image, "TIFF"))[0, :, 0].tolist() == [0, 153, 255, 0]


def test_a_transparent_16_bit_grey_is_white_and_its_neighbours_are_not():
    wanted = STEPS.copy()
    wanted[STEPS == 100] = 255
    assert (pixels(file_of(WIDE, "PNG", transparency=25700)) == grey(wanted)).all()
    assert (pixels(file_of(WIDE, "PNG", transparency=100)) == grey(STEPS)).all()


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_grey_within_8_bits_stays_as_it_is(mode):
    image = Image.fromarray(STEPS).convert(mode)
    assert (pixels(file_of(image, "TIFF")) == grey(STEPS)).all()


def test_another_colour_space_goes_through_its_profile():
    """A profile whose red and green are swapped: what is stored as red is green."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = plain.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "sWAP".encode("utf-16-be"))
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    assert pixels(file_of(red, "PNG", icc_profile=plain))[0, 0].tolist() == [255, 0, 0]
    assert_close(
        pixels(file_of(red, "PNG", icc_profile=swapped))[:1, :1], np.array([[[0, 255, 0]]]), 3
    )
    broken = file_of(red, "PNG", icc_profile=b"no profile at all")
    assert pixels(broken)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_an_orientation_that_means_nothing_leaves_the_image_as_it_lies(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file_of(RGB, "PNG", exif=exif)
    assert (pixels(data) == RGB).all()
    assert decode(data).resize((5, 4)).size == (5, 4)  # its file is closed, its pixels are here


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_an_image_is_turned_as_its_exif_says(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = pixels(file_of(RGB, kind))
    assert upright.shape == RGB.shape
    assert (pixels(file_of(RGB, kind, exif=exif)) == TURNS[orientation](upright)).all()


def test_a_turned_image_with_a_palette_and_transparency():
    exif = Image.Exif()
    exif[0x0112] = 6
    wanted = COLOURS.copy()
    wanted[:, 1] = 255
    found = pixels(file_of(palette(), "PNG", transparency=1, exif=exif))
    assert (found == np.rot90(wanted, -1)).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    "block", [b"garbage, no TIFF", b"II*\0\xff\xff\xff\x7f", b"", b"II*\0\x08"]
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_block_does_not_cost_the_image(kind, block):
    data = file_of(RGB, kind, exif=b"Exif\0\0" + block)
    assert (pixels(data) == pixels(file_of(RGB, kind))).all()


def test_progressive_jpeg_is_the_baseline_one():
    image = np.kron(noise(3, 4), np.ones((16, 16, 1), dtype=np.uint8))
    baseline, progressive = (file_of(image, "JPEG", progressive=p) for p in (False, True))
    assert b"\xff\xc2" in progressive and b"\xff\xc2" not in baseline
    assert (pixels(progressive) == pixels(baseline)).all()
    assert np.abs(pixels(baseline).astype(int) - image).mean() < 8


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_of_an_animation_the_first_frame_counts(kind, options):
    frames = [Image.new("RGB", (5, 4), color) for color in ((255, 0, 0), (0, 0, 255), (0, 255, 0))]
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert (pixels(data) == [255, 0, 0]).all()
