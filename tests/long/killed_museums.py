"""Museums fetched through Snakemake, killed at a random point, and fetched on.

    python tests/long/killed_museums.py [objects] [seed]

For each museum: a whole fetch; another that is killed after a random number of requests, and
started again; then their files are compared byte by byte, and what was asked for twice is counted.
"""

import csv
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit"), str(ROOT / "workflow" / "scripts")]

from antwerp_server import Antwerp, asset_id  # noqa: E402
from builders import file_of, noise, small_config  # noqa: E402
from museum_server import Answerer, MuseumServer, Reply  # noqa: E402

from tests.workflow.conftest import copy_project  # noqa: E402

WORKERS = 4
SHARDS = 2


def antwerp(objects: int) -> tuple[Answerer, Callable[[str], dict[str, Any]]]:
    """The search, a record for each, and an image for each."""
    ids = [asset_id(number) for number in range(objects)]

    def block(address: str) -> dict[str, Any]:
        return {
            "source": "antwerp_dams",
            "address": f"{address}/api/lod-search",
            "record_address": f"{address}/asset/{{id}}",
            "image_address": f"{address}/iiif/{{id}}/full/!600,600/0/default.jpg",
            "searches": [{"publisher": "MAS"}],
            "sample": {"objects": objects, "seed": 1},
        }

    return Antwerp({"MAS": ids}), block


def nga(objects: int) -> tuple[Answerer, Callable[[str], dict[str, Any]]]:
    """Two CSV files that are joined, and an image for each."""
    tables = {"/objects.csv": ["objectid", "title"], "/images.csv": ["key", "uuid"]}
    bodies = {}
    for path, header in tables.items():
        stream = io.StringIO()
        rows = [
            [number, f"{'u-' if 'key' in header else 'A, '}{number}"] for number in range(objects)
        ]
        csv.writer(stream).writerows([header, *rows])
        bodies[path] = Reply(stream.getvalue().encode(), headers={"ETag": '"1"'}, ranges=True)

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path in bodies:
            return bodies[path]
        number = int(path.split("/")[2].removeprefix("u-"))
        return Reply(file_of(noise(8, 6, number)), type="image/jpeg")

    def block(address: str) -> dict[str, Any]:
        return {
            "source": "csv",
            "address": f"{address}/objects.csv",
            "columns": {"object_id": "objectid", "title": "title"},
            "images_table": {"address": f"{address}/images.csv", "key": "key", "column": "uuid"},
            "image_address": f"{address}/iiif/{{image}}/full/!600,600/0/default.jpg",
        }

    return answer, block


def fetched(project: Path, server: MuseumServer, kill_at: int = 0) -> bool:
    """Fetch all shards; or kill everything when the server has been asked ``kill_at`` times."""
    targets = [f"resources/museum/images/{shard:04d}.csv" for shard in range(SHARDS)]
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "1", "--nolock"]
    run = subprocess.Popen(
        [*command, "--configfile", "study.yaml"],
        cwd=project,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if kill_at:
        killer = threading.Thread(target=_kill, args=(run, server, kill_at))
        killer.start()
    output = run.communicate()[0]
    assert kill_at or run.returncode == 0, output[-3000:]
    return run.returncode == 0


def _kill(run: subprocess.Popen[str], server: MuseumServer, kill_at: int) -> None:
    while len(server.asked) < kill_at and run.poll() is None:
        time.sleep(0.001)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)


def hashes(project: Path) -> dict[str, str]:
    """The SHA-256 of everything that later rules read, and of the manifest."""
    folder = project / "resources" / "museum"
    paths = [folder / "objects.parquet", folder / "downloads" / "manifest.csv"]
    paths += sorted((folder / "images").glob("[!.]*"))
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()
    }


def trial(name: str, objects: int, seed: int) -> None:
    """One museum: whole, then killed and resumed."""
    answer, block = {"antwerp_dams": antwerp, "csv": nga}[name](objects)
    with tempfile.TemporaryDirectory() as temporary, MuseumServer(answer) as server:
        museum = block(server.address) | {
            "shards": SHARDS,
            "web": {"requests_per_second": 100_000, "workers": WORKERS},
        }
        config = small_config(collections__museum=museum, contact="tests@example.org")
        found, requests = [], 0
        for kind in ("whole", "killed"):
            project = copy_project(Path(temporary) / kind)
            (project / "study.yaml").write_text(yaml.safe_dump(config))
            server.asked.clear()
            if kind == "killed":
                kill_at = random.Random(seed).randrange(1, requests)
                done = fetched(project, server, kill_at)
                print(f"{name}: killed after {kill_at} requests: {not done}")
            started = time.monotonic()
            fetched(project, server)
            seconds = time.monotonic() - started
            print(f"{name}, {kind}: {len(server.asked)} requests, {seconds:.0f} s")
            found.append(hashes(project))
            requests = len(server.asked)
        assert found[0] == found[1] and len(found[0]) >= 1 + 2 * SHARDS, found
        twice = sum(times - 1 for times in Counter(server.asked).values())
        assert twice <= WORKERS, Counter(server.asked).most_common(20)
        print(
            f"{name}: the same {len(found[0])} files; {twice} requests twice, in flight {WORKERS}"
        )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for source in ("antwerp_dams", "csv"):
        trial(source, count, first)
