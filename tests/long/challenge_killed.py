"""The Rijksmuseum Challenge through Snakemake, once in peace and once killed again and again.

    python tests/long/challenge_killed.py [OBJECTS [KILLS [SEED]]]

Serves both archives on loopback, slowly, and has the workflow make objects and image shards in two
copies of the project. Ends with an error where the two differ in a byte, or where a killed job
asked anew for what had come before.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests"), str(ROOT / "tests/unit")]

from challenge import ARTICLE, figshare, images, records, tar  # noqa: E402
from museum_server import MuseumServer  # noqa: E402
from workflow.conftest import copy_project  # noqa: E402

SHARDS = 4
TARGETS = [
    "resources/rijksmuseum/objects.parquet",
    *(f"resources/rijksmuseum/images/{shard:04d}.csv" for shard in range(SHARDS)),
]


def main(objects: int, kills: int, seed: int) -> None:
    """Run the workflow twice and compare."""
    rng = random.Random(seed)
    numbers = range(1, objects + 1)
    files = {"xml2.tar": tar(records(numbers)), "jpg2.tar": tar(images(numbers))}
    with tempfile.TemporaryDirectory() as name, figshare(files) as server:
        answer = server.answer
        server.answer = lambda path, query: replace(
            answer(path, query), fault="slow" if path.startswith("/store") else ""
        )
        peace = project(Path(name) / "peace", server)
        began = time.monotonic()
        run(peace, None)
        whole = time.monotonic() - began
        print(f"in peace: {whole:.0f} s, asked {server.asked}", flush=True)
        in_peace = len(server.asked)
        killed = project(Path(name) / "killed", server)
        for _ in range(kills):
            seconds = rng.uniform(0.1, 0.6) * whole
            ended = run(killed, seconds)
            state = "had ended" if ended else "killed"
            print(f"after {seconds:.1f} s: {state}; {kept(killed)}", flush=True)
        run(killed, None)
        asked = [(h.get("range", ""), p) for h, p in zip(server.headers, server.asked, strict=True)]
        print(f"asked {asked[in_peace:]}")
        whole_asked = [p for r, p in asked[in_peace:] if not r and p.startswith("/store")]
        if len(whole_asked) != len(set(whole_asked)):
            sys.exit("an archive was asked for from its beginning twice")
        if server.asked[in_peace:].count(ARTICLE) > 2:  # once more if it was in flight
            sys.exit("the article was asked for again")
        if hashes(peace) != hashes(killed):
            sys.exit(f"not the same bytes: {hashes(peace)} and {hashes(killed)}")
        print(f"the same {len(hashes(peace))} files of {objects} objects")


def project(folder: Path, server: MuseumServer) -> Path:
    """A copy of the project that asks the server."""
    copy_project(folder)
    museum = {"address": server.address + ARTICLE, "shards": SHARDS}
    web = {"web": {"requests_per_second": 100, "backoff": 0.1}}
    config = {"contact": "tests@example.org", "collections": {"rijksmuseum": museum | web}}
    (folder / "config" / "loopback.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(folder: Path, seconds: float | None) -> bool:
    """Run the workflow, killing all its processes after so many seconds; True if it has ended."""
    command = [sys.executable, "-m", "snakemake", *TARGETS, "--cores", "2", "--nolock"]
    command += ["--configfile", "config/loopback.yaml"]
    with (folder / "snakemake.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
    if code:
        sys.exit((folder / "snakemake.log").read_text()[-3000:])
    return True


def kept(folder: Path) -> str:
    """What lies in the downloads."""
    paths = sorted((folder / "resources/rijksmuseum/downloads").glob("*"))
    return ", ".join(f"{path.name} {path.stat().st_size}" for path in paths)


def hashes(folder: Path) -> dict[str, str]:
    """Hashes of objects and shards; hidden files are what killed jobs were about to write."""
    below = folder / "resources" / "rijksmuseum"
    paths = [below / "objects.parquet", *sorted((below / "images").glob("[!.]*"))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


if __name__ == "__main__":
    main(*(int(value) for value in (sys.argv[1:] + ["2000", "6", "1"][len(sys.argv) - 1 :])))
