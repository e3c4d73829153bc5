"""Museums on the network, from nothing to shards through Snakemake; stopped and started again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

sys.path.append(str(Path(__file__).parents[1] / "unit"))

import challenge
from antwerp_server import Antwerp, asset_id
from builders import file_of, noise, small_config
from museum_server import NOT_FOUND, Answerer, MuseumServer, Reply
from oai_museum import Listing, dc

from .conftest import copy_project, snakemake

COUNT = 2_000
WORKERS = 4
KINDS = ("prent", "tekening")


def image(path: str) -> Reply:
    """An image whose number is the last of its address's folders."""
    number = int(path.strip("/").split("/")[-1].removesuffix(".jpg"))
    return Reply(file_of(noise(8, 6, number)), type="image/jpeg")


def json_museum(address: str) -> tuple[Answerer, dict[str, Any]]:
    records = [
        {"id": f"K-{n}", "what": KINDS[n % 2], "image": f"{address}/image/{n}"}
        for n in range(COUNT)
    ]

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path.startswith("/image/"):
            return image(path)
        start = int(query["skip"])
        page = {"total": COUNT, "data": records[start : start + 100]}
        return Reply(json.dumps(page).encode())

    return answer, {
        "source": "json_api",
        "address": f"{address}/list",
        "paging": {"kind": "offset", "parameter": "skip"},
        "records": "data",
        "total": "total",
        "fields": {"object_id": "id", "types": "what", "image": "image"},
    }


def csv_museum(address: str) -> tuple[Answerer, dict[str, Any]]:
    lines = {
        "/objects.csv": ["objectid,kind", *(f"{n},{KINDS[n % 2]}" for n in range(COUNT))],
        "/images.csv": ["key,number", *(f"{n},{n}" for n in range(COUNT))],
    }
    files = {path: "\n".join(rows).encode() for path, rows in lines.items()}

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path in files:
            return Reply(files[path], headers={"ETag": '"1"'}, ranges=True, fault="slow")
        return image(path)

    return answer, {
        "source": "csv",
        "address": f"{address}/objects.csv",
        "columns": {"object_id": "objectid", "types": "kind"},
        "images_table": {"address": f"{address}/images.csv", "key": "key", "column": "number"},
        "image_address": f"{address}/iiif/{{image}}",
    }


def oai_museum(address: str) -> tuple[Answerer, dict[str, Any]]:
    listed = [
        dc(
            f"oai:museum:{n}",
            ("type", KINDS[n % 2]),
            ("identifier", f"{address}/image/{n}.jpg"),
        )
        for n in range(COUNT)
    ]
    pages = Listing(listed, 50)

    def answer(path: str, query: dict[str, str]) -> Reply:
        return image(path) if path.startswith("/image/") else pages(path, query)

    return answer, {
        "source": "oai_pmh",
        "address": f"{address}/oai",
        "fields": {"image": ["dc:identifier"], "types": ["dc:type"]},
    }


def antwerp_museum(address: str) -> tuple[Answerer, dict[str, Any]]:
    ids = [asset_id(n) for n in range(COUNT)]
    return Antwerp({"MAS": ids}), {
        "source": "antwerp_dams",
        "address": f"{address}/api/lod-search",
        "record_address": f"{address}/asset/{{id}}",
        "image_address": f"{address}/iiif/{{id}}/full/!600,600/0/default.jpg",
        "searches": [{"publisher": "MAS"}],
        "sample": {"objects": COUNT, "seed": 1},
    }


def challenge_museum(address: str) -> tuple[Answerer, dict[str, Any]]:
    numbers = range(1, COUNT + 1)
    files = {
        "xml2.tar": challenge.tar(challenge.records(numbers)),
        "jpg2.tar": challenge.tar(challenge.images(numbers)),
    }
    figshare = challenge.figshare(files)
    figshare.address = address

    def answer(path: str, query: dict[str, str]) -> Reply:
        reply = figshare.answer(path, query)
        return replace(reply, fault="slow") if path.startswith("/store") else reply

    return answer, {"source": "rijksmuseum_challenge", "address": address + challenge.ARTICLE}


MUSEUMS: list[Callable[[str], tuple[Answerer, dict[str, Any]]]] = [
    json_museum,
    csv_museum,
    oai_museum,
    antwerp_museum,
    challenge_museum,
]


def config(block: dict[str, Any]) -> dict[str, Any]:
    """A small study of one museum on the network, two shards."""
    study = small_config()
    manners = {"requests_per_second": 2000, "workers": WORKERS, "backoff": 0.01}
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


@pytest.mark.parametrize("museum", MUSEUMS)
def test_a_museum_is_fetched_whole_and_after_kills_with_the_same_bytes(museum, tmp_path):
    with MuseumServer(lambda path, query: NOT_FOUND) as server:
        server.answer, block = museum(server.address)
        whole, killed = (copy_project(tmp_path / folder) for folder in ("whole", "killed"))
        for project in (whole, killed):
            (project / "config" / "museum.yaml").write_text(yaml.safe_dump(config(block)))
        targets = [f"resources/museum/images/000{shard}.csv" for shard in range(2)]
        fetch = [*targets, "--cores", "2", "--configfile", "config/museum.yaml", "--nolock"]
        done = snakemake(whole, *fetch)
        assert done.returncode == 0, done.stdout[-3000:]
        table = pd.concat(map(pd.read_csv, sorted(whole.glob("resources/museum/images/*.csv"))))
        assert len(table) == COUNT and (table["status"] == "ok").all()
        asked = list(server.asked)
        assert len(asked) == len(set(asked))

        kills = sorted(random.sample(range(1, len(asked)), 2))
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
                time.sleep(0.002)
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
        done = snakemake(killed, *fetch)
        assert done.returncode == 0, done.stdout[-3000:]
        assert collected(killed) == collected(whole), kills
        assert set(server.asked) == set(asked)
        assert len(server.asked) - len(asked) <= len(kills) * 2 * WORKERS, kills


def test_without_a_contact_nothing_is_asked_and_the_message_says_how(tmp_path):
    with MuseumServer(lambda path, query: NOT_FOUND) as server:
        server.answer, block = json_museum(server.address)
        project = copy_project(tmp_path / "project")
        study = config(block) | {"contact": ""}
        (project / "config" / "museum.yaml").write_text(yaml.safe_dump(study))
        done = snakemake(project, "metadata", "--cores", "1", "--configfile", "config/museum.yaml")
        assert done.returncode != 0 and "--config contact=" in done.stdout
        assert server.asked == []
