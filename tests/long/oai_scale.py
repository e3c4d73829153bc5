"""How long a large OAI-PMH repository takes, and how much memory.

    python tests/long/oai_scale.py [--records 844000] [--per-page 50]

does what the rule ``objects`` does, with a repository on loopback that writes its records, of
the Rijksmuseum's edm, as they are asked for. Their identifiers come in no order. Every 100th is
withdrawn.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path[:0] = [str(Path(__file__).parents[1] / "unit")]
sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

import oai_museum  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from art_transfer.collect.lock import freeze_objects  # noqa: E402
from art_transfer.formats import OBJECTS, write_parquet_parts  # noqa: E402
from art_transfer.job_settings import SourceSettings  # noqa: E402
from museum_server import visit  # noqa: E402

STEP = 611_953  # prime: no common factor with the number of records


def serve(records: int, per_page: int) -> None:
    """Print the port and answer until killed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = listing(int(query.get("resumptionToken", ["0"])[0]), records, per_page)
            self.send_response(200)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def listing(start: int, records: int, per_page: int) -> bytes:
    end = min(start + per_page, records)
    listed = [record(number, records) for number in range(start, end)]
    token = str(end) if end < records else ""
    return oai_museum.page(*listed, token=token, size=records, cursor=start)


def record(number: int, records: int) -> str:
    identifier = 200_000_000 + number * STEP % records
    if number % 100 == 99:
        return oai_museum.deleted(f"https://id.rijksmuseum.nl/{identifier}")
    return oai_museum.rijks(identifier)


def collect(records: int, per_page: int, folder: Path) -> None:
    command = [sys.executable, __file__, "--records", str(records), "--per-page", str(per_page)]
    server = subprocess.Popen([*command, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        source = oai_museum.source(
            f"http://127.0.0.1:{int(server.stdout.readline())}/oai",
            metadata_prefix="edm",
            languages=["nl", "en"],
            patterns={"image": r"iiif\.micr\.io/([^/]+)/"},
            image_address="https://iiif.micr.io/{image}/full/!600,600/0/default.jpg",
        )
        clock = Clock()
        objects = folder / "objects.parquet"
        write_parquet_parts(objects, source.read(visit(folder / "downloads")), OBJECTS)
        clock.tell("listed and written", records)
        freeze_objects(source, objects, SourceSettings("oai_pmh", {}))
        clock.tell("frozen", records)
    finally:
        server.kill()
    found = pq.ParquetFile(objects).metadata.num_rows
    assert found == records - records // 100, found
    kept = sum(path.stat().st_size for path in (folder / "downloads").iterdir())
    print(f"{found:,} objects; {kept / 1e6:,.0f} MB kept, {objects.stat().st_size / 1e6:,.0f} MB")


class Clock:
    """Tells seconds, records per second and peak memory since its start."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def tell(self, what: str, records: int) -> None:
        seconds = time.monotonic() - self.start
        usage = resource.getrusage(resource.RUSAGE_SELF)
        processor, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        print(
            f"{what}: {records:,} records in {seconds:,.0f} s ({records / seconds:,.0f}/s; "
            f"{processor:,.0f} s of processor), peak {peak:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=844_000)
    parser.add_argument("--per-page", type=int, default=50)
    parser.add_argument("--serve", action="store_true", help="only the repository")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.records, arguments.per_page)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            collect(arguments.records, arguments.per_page, Path(temporary))
