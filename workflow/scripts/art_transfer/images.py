"""Image files of any kind as right RGB, or a reason why not."""

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "AVIF", "JPEG2000", "BMP")
"""What is read (MPO as JPEG). Of Pillow's others some start programs, some take any bytes."""

_BITS, _PHOTOMETRIC = 258, 262
_WIDE = ("I;16", "I;16L", "I;16B", "I", "F")
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)),
    *((1, 0, 2, 2), (0, 1, 1, 2)),
)
"""First column and row, and steps between columns and rows, of the passes of interlaced PNGs."""
_SRGB = ImageCms.createProfile("sRGB")


class UnreadableImageError(Exception):
    """These bytes are no image that can be trusted; the message says why."""


def decode(data: bytes) -> Image.Image:
    """Decode an image file to RGB, turned as its EXIF orientation says.

    Transparency is laid on white; 16-bit grey is scaled, not clipped; CMYK and other colour
    spaces go through the embedded profile where there is one. Of several frames the first counts.
    Raises UnreadableImageError for what is no image, broken, or too large to be one (Pillow's
    limit against decompression bombs).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                image.load()
                if image.format == "PNG":
                    _check_png(data, image.size)
                return _rgb(_positive(_turned(image), image), _most(image))
    except UnreadableImageError:
        raise
    except UnidentifiedImageError as error:
        kind = "empty file" if not data else f"no known image format, begins {data[:8]!r}"
        raise UnreadableImageError(kind) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(f"too many pixels: {error}") from error
    except Exception as error:  # each of Pillow's decoders fails in its own way
        raise UnreadableImageError(f"broken image: {error}") from error


def _check_png(data: bytes, size: tuple[int, int]) -> None:
    """Refuse a PNG with fewer rows than its head says; Pillow would make the rest black."""
    bits, kind, *_, interlaced = data[24:29]
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    width, height = size
    shapes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in _ADAM7]
    shapes = [shape for shape in shapes if min(shape) > 0] if interlaced else [size]
    missing = sum(high * (1 + -(-wide * channels * bits // 8)) for wide, high in shapes)
    stream, at = zlib.decompressobj(), 8
    while at < len(data) and missing > 0:
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IDAT":
            missing -= len(stream.decompress(data[at + 8 : at + 8 + length], missing))
        at += length + 12
    if missing > 0:
        raise UnreadableImageError(f"broken image: {missing} bytes of its pixels are missing")


def _positive(image: Image.Image, source: Image.Image) -> Image.Image:
    """A TIFF of 16 bits may have white as 0, which Pillow heeds in fewer bits only."""
    if getattr(source, "tag_v2", {}).get(_PHOTOMETRIC) != 0 or image.mode not in _WIDE:
        return image
    if image.mode in ("I", "F"):
        raise UnreadableImageError("grey of 32 bits in which white is 0, whose black is unknown")
    black_is_zero = 65535 - np.asarray(image.convert("I"))
    return Image.fromarray(black_is_zero.astype(np.uint16))


def _most(source: Image.Image) -> int:
    """White in grey of up to 16 bits: of a TIFF of 12 Pillow gives the numbers as they are."""
    return 4095 if getattr(source, "tag_v2", {}).get(_BITS) == (12,) else 65535


def _turned(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF says; a broken EXIF block says nothing of the pixels."""
    try:
        upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        return image if upright else ImageOps.exif_transpose(image)  # which copies in any case
    except (OSError, SyntaxError, ValueError, LookupError, struct.error):
        return image


def _rgb(image: Image.Image, most: int) -> Image.Image:
    """``most`` is white in grey of up to 16 bits."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image, most)
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        image = _through_profile(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bit(image: Image.Image, most: int) -> Image.Image:
    """Grey of 16 or 32 bits as 8 bits; Pillow's own conversion would clip at 255.

    Fractions with nothing above 1 count from 0 to 1. The one grey that a 16-bit PNG may call
    transparent becomes white here, where it is still exact.
    """
    wide = image.mode.startswith("I;16")
    values = np.nan_to_num(np.asarray(image.convert("I") if wide else image, dtype=np.float32))
    highest = np.max(values)
    scale = most / 255 if wide or highest > 255 else 1
    if image.mode == "F" and highest <= 1:
        scale = 1 / 255
    grey = np.clip(np.rint(values / scale), 0, 255).astype(np.uint8)
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey)


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a wrong profile is as good as none
        return image
    assert converted is not None
    return converted
