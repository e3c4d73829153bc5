"""Museums on the network, from nothing to shards through Snakemake; stopped and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image

from tests.unit.builders import small_config
from tests.unit.museum_server import Answerer, MuseumServer, Reply

from .conftest import copy_project, snakemake

COUNT = 2_000
WORKERS = 4


@dataclass(frozen=True)
class Museum:
    """A museum of ``COUNT`` objects as its server answers, and its block in a config."""

    answer: Callable[[str], Answerer]  # for the server's address
    block: Callable[[str], dict[str, Any]]


def jpeg(number: int) -> bytes:
    """A small image, another for each number."""
    stream = BytesIO()
    color = (number % 256, number // 256 * 16, 90)
    Image.new("RGB", (8, 6), color).save(stream, "JPEG")
    return stream.getvalue()


def _json_museum(address: str) -> Answerer:
    records = [
        {"id": f"K-{n}", "what": ["print", "drawing"][n % 2], "image": f"{address}/image/{n}"}
        for n in range(COUNT)
    ]

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path.startswith("/image/"):
            return Reply(jpeg(int(path.removeprefix("/image/"))), type="image/jpeg")
        start = int(query["skip"])
        page = {"total": COUNT, "data": records[start : start + 100]}
        return Reply(json.dumps(page).encode())

    return answer


MUSEUMS = {
    "json_api": Museum(
        _json_museum,
        lambda address: {
            "source": "json_api",
            "address": f"{address}/list",
            "paging": {"kind": "offset", "parameter": "skip"},
            "records": "data",
            "total": "total",
            "fields": {"object_id": "id", "types": "what", "image": "image"},
        },
    ),
}


def config(block: dict[str, Any]) -> dict[str, Any]:
    """A small study of one museum on the network, two shards."""
    study = small_config()
    manners = {"requests_per_second": 400, "workers": WORKERS, "backoff": 0.01}
    study["contact"] = "tests@example.org"
    study["collections"]["museum"] = block | {"shards": 2, "web": manners}
    study["inits"] = {"random": {"random": "he_uniform"}}
    study["experiments"]["table"] |= {"inits": ["random"], "tasks": ["type"]}
    return study


def collected(project: Path) -> dict[str, bytes]:
    """What a study reads of a museum."""
    folder = project / "resources" / "museum"
    found = sorted([folder / "objects.parquet", *folder.glob("images/*")])
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("name", MUSEUMS)
def test_a_museum_is_fetched_whole_and_after_kills_with_the_same_bytes(name, tmp_path):
    museum = MUSEUMS[name]
    with MuseumServer(lambda path, query: Reply(status=500)) as server:
        server.answer = museum.answer(server.address)
        whole, killed = (copy_project(tmp_path / folder) for folder in ("whole", "killed"))
        for project in (whole, killed):
            text = yaml.safe_dump(config(museum.block(server.address)))
            (project / "config" / "museum.yaml").write_text(text)
        fetch = ["fetch", "--cores", "2", "--configfile", "config/museum.yaml"]
        done = snakemake(whole, *fetch)
        assert done.returncode == 0, done.stdout[-3000:]
        table = pd.concat(map(pd.read_csv, sorted(whole.glob("resources/museum/images/*.csv"))))
        assert len(table) == COUNT and (table["status"] == "ok").all()
        asked = len(server.asked)
        assert asked == len(set(server.asked))

        kills = (5, asked // 3, asked * 2 // 3)
        server.asked.clear()
        for until in kills:
            job = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *fetch],
                cwd=killed,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            while len(server.asked) < until and job.poll() is None:
                time.sleep(0.005)
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
            snakemake(killed, "--unlock", *fetch[1:])
        done = snakemake(killed, *fetch)
        assert done.returncode == 0, done.stdout[-3000:]
        assert collected(killed) == collected(whole)
        assert set(server.asked) and len(set(server.asked)) == asked
        assert len(server.asked) - asked <= len(kills) * 2 * WORKERS


def test_without_a_contact_nothing_is_asked_and_the_message_says_how(tmp_path):
    museum = MUSEUMS["json_api"]
    with MuseumServer(lambda path, query: Reply(status=500)) as server:
        project = copy_project(tmp_path / "project")
        study = config(museum.block(server.address)) | {"contact": ""}
        (project / "config" / "museum.yaml").write_text(yaml.safe_dump(study))
        done = snakemake(project, "metadata", "--cores", "1", "--configfile", "config/museum.yaml")
        assert done.returncode != 0 and "--config contact=" in done.stdout
        assert server.asked == []
