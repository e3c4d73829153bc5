"""How many transformed copies of images are found, and how many strangers are taken for copies.

    python tests/long/near_duplicates.py [folder of images]

makes 40 copies of each of 200 images (eight each of crop, scale, JPEG quality, border, tone) and
prints the recall of each kind, the groups found among the originals themselves (false alarms, but
for the real near-duplicates in a real folder), and how long it took. Without a folder the images
are those of the made-up museums.
"""

import io
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

from art_transfer.collect.synthetic import Synthetic, draw_image, read_objects  # noqa: E402
from art_transfer.images import UnreadableImageError, decode  # noqa: E402
from art_transfer.prepare.duplicates import Museum, between, groups, museum  # noqa: E402
from art_transfer.prepare.looks import look  # noqa: E402

ORIGINALS = 200
MUSEUMS = ("large_museum", "small_museum", "unrelated_museum", "photos")


def crop(image: Image.Image, k: int, rng: random.Random) -> Image.Image:
    """Between 3 and 20 % of each side cut off, shared out between its two ends at random."""
    share, (w, h) = (0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.18, 0.2)[k], image.size
    x, y = rng.random(), rng.random()
    box = (w * share * x, h * share * y, w * (1 - share * (1 - x)), h * (1 - share * (1 - y)))
    return image.crop(tuple(map(round, box)))


def scale(image: Image.Image, k: int, rng: random.Random) -> Image.Image:
    """A quarter to three times the size, smoothly or by the nearest pixel."""
    factor = (0.25, 0.35, 0.5, 0.7, 0.85, 1.3, 2, 3)[k]
    size = (max(12, round(image.width * factor)), max(12, round(image.height * factor)))
    return image.resize(size, (Image.Resampling.BICUBIC, Image.Resampling.NEAREST)[k % 2])


def jpeg(image: Image.Image, k: int, rng: random.Random) -> Image.Image:
    """JPEG of quality 5 to 90."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=(5, 10, 20, 30, 45, 60, 75, 90)[k])
    return Image.open(stream).convert("RGB")


def border(image: Image.Image, k: int, rng: random.Random) -> Image.Image:
    """A border of 1 to 15 % of the longer side on each side."""
    width = max(1, round(max(image.size) * (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.12, 0.15)[k]))
    return ImageOps.expand(image, width, ("white", "black", "grey", "#a08050")[k % 4])


def tone(image: Image.Image, k: int, rng: random.Random) -> Image.Image:
    """Grey, in the same tones, stretched, darker, lighter, with another gamma, sepia, or blue."""
    grey = image.convert("L")
    curves: list[Callable[[int], float]] = [
        *(lambda v: v, lambda v: 0.7 * v, lambda v: min(255, 1.3 * v)),
        *(lambda v: 255 * (v / 255) ** 0.7, lambda v: 255 * (v / 255) ** 1.5),
    ]
    if k < len(curves):
        return grey.point(curves[k]).convert("RGB")
    if k == 5:
        return ImageOps.autocontrast(grey).convert("RGB")
    return ImageOps.colorize(grey, *(("#201008", "#f0e0c0"), ("#101828", "#ffffff"))[k - 6])


KINDS = {"crop": crop, "scale": scale, "jpeg": jpeg, "border": border, "grey": tone}


def read(folder: str | None) -> list[Image.Image]:
    """The images of a folder, or of the made-up museums."""
    if folder:
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        data = [path.read_bytes() for path in files]
    else:
        museums = [Synthetic(name, 1000, 1) for name in MUSEUMS]
        data = [draw_image(m, name) for m in museums for name in read_objects(m)["object_id"]]
    images = []
    for some in data:
        try:
            images.append(decode(some))
        except UnreadableImageError:  # a table beside the images, or a broken image
            continue
    return images


def museum_of(names: list[str], images: list[Image.Image]) -> Museum:
    """A museum that knows nothing of its objects but how they look."""
    objects = pd.DataFrame({"object_id": names, "title": "", "date": ""})
    objects["creators"] = [[name] for name in names]
    return museum(objects, names, np.stack([look(image) for image in images]))


def main(folder: str | None) -> None:
    """Print recall and false alarms."""
    images, rng = read(folder), random.Random(1)
    n, started = len(images), time.monotonic()
    originals = museum_of([f"{k:06d}" for k in range(n)], images)
    middle = time.monotonic()
    found = groups(originals)
    print(f"{n} images: looks {middle - started:.1f} s, groups {time.monotonic() - middle:.1f} s")
    print(f"{len(found)} originals are in {found['group'].nunique()} groups")

    chosen, hits = rng.sample(range(n), min(ORIGINALS, n)), []
    for kind, transform in KINDS.items():
        names = [f"{o:06d} {k}" for o in chosen for k in range(8)]
        copies = [transform(images[o], k, rng) for o in chosen for k in range(8)]
        pairs = between(museum_of(names, copies), originals)
        right = set(pairs["object_id"][pairs["object_id"].str[:6] == pairs["other_id"]])
        hits.append([sum(f"{o:06d} {k}" in right for o in chosen) for k in range(8)])
        by_strength = " ".join(f"{count / len(chosen):.2f}" for count in hits[-1])
        print(f"{kind}: recall {np.mean(hits[-1]) / len(chosen):.4f}, by strength {by_strength}")
    total = int(np.sum(hits))
    print(f"all: {total} of {len(chosen) * 40} copies, recall {total / len(chosen) / 40:.4f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
