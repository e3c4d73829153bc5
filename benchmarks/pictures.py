"""Made-up photographs: JPEG files of 300 to 1,000 pixels a side, as large as a museum's are."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

QUALITY = 90


def jpeg(number: int, tints: int = 0) -> bytes:
    """Picture ``number``: soft shapes under fine grain, always the same.

    With ``tints`` each number's remainder has a brightness of colours of its own.
    """
    random = np.random.default_rng(number)
    width, height = (int(side) for side in random.integers(300, 1001, 2))
    colours = random.integers(0, 256, (12, 12, 3))
    if tints:
        tint = number % tints
        colours = colours // 3 + np.array([tint % 2, tint // 2 % 2, tint // 4 % 2]) * 170
    shapes = Image.fromarray(colours.astype(np.uint8))
    soft = np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-12, 13, (height, width, 1), np.int16)
    stream = io.BytesIO()
    picture = Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def write_files(folder: Path, count: int, tints: int = 0) -> list[Path]:
    """Pictures 0 to ``count`` as files in ``folder``, whose names sort by number."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:06d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg(number, tints))
    return paths


def write_store(folder: Path, count: int, size: int, seed: int = 0) -> None:
    """A museum's pixels of noise, for what does not depend on how they look."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (count, size, size, 3), np.uint8)
    np.save(folder / f"pixels-{size}.npy", pixels)
    (folder / "ids.json").write_text(json.dumps([f"{number:06d}" for number in range(count)]))


def read_store(folder: Path, size: int) -> Any:
    """The PixelStore of what ``write_store`` wrote."""
    import pandas as pd
    from art_transfer.prepare.pixels import PixelStore

    ids = json.loads((folder / "ids.json").read_text())
    table = pd.DataFrame({"object_id": ids, "status": "ok"})
    return PixelStore([table], [folder / f"pixels-{size}.npy"])


def scaled(folder: Path, size: int) -> Any:
    """The images that ``write_store`` wrote, in [0, 1]: (n, size, size, 3) float32."""
    return np.load(folder / f"pixels-{size}.npy").astype(np.float32) / np.float32(255)
