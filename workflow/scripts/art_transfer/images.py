"""Image files of any kind as right RGB, or a reason why not."""

import io
import warnings

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
                return _rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        kind = "empty file" if not data else f"no known image format, begins {data[:8]!r}"
        raise UnreadableImageError(kind) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(f"too many pixels: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise UnreadableImageError(f"broken image: {error}") from error


def _rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
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
    """Grey of 16 or 32 bits as 8 bits; Pillow's own conversion would clip at 255."""
    low, high = image.getextrema()
    assert isinstance(low, int | float) and isinstance(high, int | float)
    if high <= 255 and low >= 0 and image.mode in ("I", "F"):
        return image.convert("L")
    return image.convert("F").point(lambda value: value * (1 / 257)).convert("L")


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
