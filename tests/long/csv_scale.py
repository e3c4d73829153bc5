"""How long a large open CSV takes, joined with a table of images, and how much memory.

    python tests/long/csv_scale.py [rows]

serves two CSV files as wide as the Met's and the NGA's over loopback from files, and does what the
rule ``objects`` does.
"""

import http.server
import random
import resource
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "unit")]
sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

from art_transfer.collect.open_csv import Images, OpenCsv  # noqa: E402
from art_transfer.formats import OBJECTS, write_parquet_parts  # noqa: E402
from museum_server import visit  # noqa: E402

COLUMNS = 54  # of MetObjects.csv


def write_museum(folder: Path, rows: int) -> None:
    """Objects in a random order of ids, and two images for most of them."""
    ids = list(range(rows))
    random.Random(1).shuffle(ids)
    text = ',"some longer text, as museums have it, 100 x 80 cm"'
    filler = "," * (COLUMNS - 5 - 9) + 9 * text  # some 600 bytes in a row, as the Met's
    with (folder / "objects.csv").open("w", encoding="utf-8") as stream:
        stream.write(
            "Object ID,Title,Artist,Medium,Classification,"
            + ",".join(f"Column {n}" for n in range(COLUMNS - 5))
            + "\n"
        )
        for n in ids:
            stream.write(
                f'{n},"Title, {n}",Maker {n % 999}|Other,Oil on canvas,Paintings{filler}\n'
            )
    with (folder / "images.csv").open("w", encoding="utf-8") as stream:
        stream.write("uuid,viewtype,openaccess,key\n")
        for n in ids:
            stream.write(f"u-{n},primary,{int(n % 10 > 0)},{n}\nv-{n},alternate,1,{n}\n")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(rows: int) -> None:
    """Print records, seconds, records per second and the peak of memory."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_museum(folder, rows)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(_Quiet, directory=temporary)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        source = OpenCsv(
            f"{address}/objects.csv",
            {
                "object_id": "Object ID",
                "title": "Title",
                "creators": "Artist",
                "materials": "Medium",
            },
            {"Classification": ("Paintings",)},
            "|",
            "https://museum.example/{image}.jpg",
            Images(
                f"{address}/images.csv",
                "key",
                "uuid",
                {"viewtype": ("primary",), "openaccess": (1,)},
            ),
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started, cpu = time.monotonic(), time.process_time()
        tables = source.read(visit(folder / "kept"))
        write_parquet_parts(folder / "objects.parquet", tables, OBJECTS)
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        megabytes = (folder / "objects.csv").stat().st_size / 1e6
    print(
        f"{rows} rows ({megabytes:.0f} MB) and {2 * rows} images: {seconds:.1f} s, "
        f"{cpu:.1f} s of CPU, "
        f"{rows / seconds:.0f} rows per second, peak {peak:.0f} MB, before {before:.0f} MB"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
