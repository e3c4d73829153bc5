"""How long Antwerp's whole list takes, with the records of a sample, and how much memory.

python tests/long/antwerp_scale.py [assets] [sample]
"""

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "unit")]
sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

from antwerp_server import Antwerp, asset_id, source  # noqa: E402
from art_transfer.formats import OBJECTS, write_parquet_parts  # noqa: E402
from museum_server import QUICK, MuseumServer, visit  # noqa: E402


def main(assets: int, sample: int) -> None:
    """Print records, seconds, records per second and the peak of memory, server included."""
    site = Antwerp({"MAS": [asset_id(number) for number in range(assets)]})
    with tempfile.TemporaryDirectory() as temporary, MuseumServer(site) as server:
        museum = source(
            server, searches=[{"publisher": "MAS"}], limit=200, sample={"objects": sample}
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started, cpu = time.monotonic(), time.process_time()
        manners = replace(QUICK, requests_per_second=1e6)
        tables = museum.read(visit(Path(temporary) / "kept", manners))
        write_parquet_parts(Path(temporary) / "objects.parquet", tables, OBJECTS)
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{assets} listed, {sample} records: {seconds:.1f} s, {cpu:.1f} s of CPU, "
        f"{(assets + sample) / seconds:.0f} per second, peak {peak:.0f} MB, before {before:.0f} MB"
    )


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 300_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 23_797,
    )
