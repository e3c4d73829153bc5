"""Image files of any kind as right RGB, or a reason why not."""

import io
import struct
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

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
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                return _rgb(_turned(image))
    except UnidentifiedImageError as error:
        kind = "empty file" if not data else f"no known image format, begins {data[:8]!r}"
        raise UnreadableImageError(kind) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(f"too many pixels: {error}") from error
    except Exception as error:  # each of Pillow's decoders fails in its own way
        raise UnreadableImageError(f"broken image: {error}") from error


def _turned(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF says; a broken EXIF block says nothing of the pixels."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, LookupError, struct.error):
        return image


def _rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        image = _through_profile(image, profile)
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits as 8 bits; Pillow's own conversion would clip at 255.

    The one grey that a 16-bit PNG may call transparent becomes white here, where it is still exact.
    """
    wide = image.mode.startswith("I;16")
    values = np.asarray(image.convert("I") if wide else image, dtype=np.float32)
    scale = 257 if wide or values.max() > 255 else 1
    grey = np.clip(np.rint(np.nan_to_num(values) / scale), 0, 255).astype(np.uint8)
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
