"""Two real museums are the same whether they come from a folder or over the network."""

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from art_transfer.checks import load_study
from art_transfer.collect.manifests import draw
from art_transfer.collect.shards import read_shard, shard_of, write_shard
from art_transfer.collect.source import Source
from art_transfer.collect.sources import open_source
from art_transfer.formats import IMAGES, OBJECTS, read_csv, read_parquet, write_parquet_parts
from art_transfer.prepare.labels import choose_labels
from art_transfer.prepare.pixels import write_pixels
from art_transfer.prepare.splits import split
from art_transfer.study import Study
from museum_server import NOT_FOUND, MuseumServer, Reply, visit

from .conftest import ROOT

SHARDS, SIZE, SAMPLE = 2, 96, 300

JSON_API = {
    "source": "json_api",
    "paging": {
        "kind": "offset",
        "parameter": "skip",
        "size_parameter": "limit",
        "size": 40,
    },
    "records": "items",
    "total": "found",
    "fields": {
        "object_id": "id",
        "image": "iiif",
        "title": "title",
        "creators": "makers.name",
        "materials": "medium",
        "types": "object_names.name",
        "date": "production.from",
    },
}


def study_of(config: dict[str, Any]) -> Study:
    return load_study(copy.deepcopy(config), ROOT / "config")[0]


def museum(folder: Path, sample: set[str]) -> Any:
    """Answers with the folder's records as pages of JSON, and its images by IIIF."""
    table = pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)
    records = [
        {
            "id": int(row["object_id"]),
            "iiif": row["object_id"],
            "title": row["title"],
            "makers": [{"name": row["creator"], "role": "artist"}],
            "medium": row["material"],
            "object_names": [{"name": row["type"]}] if row["type"] else None,
            "production": {"from": row["date_from"], "to": row["date_to"]},
        }
        for row in table.to_dict("records")
        if row["object_id"] in sample
    ]

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path == "/objects":
            page = records[int(query["skip"]) :][: int(query["limit"])]
            return Reply(json.dumps({"found": len(records), "items": page}).encode())
        parts = path.split("/")
        if parts[1] == "iiif" and parts[3:] == ["full", "!600,600", "0", "default.jpg"]:
            data = (folder / "images" / f"{parts[2]}.jpg").read_bytes()
            return Reply(data, type="image/jpeg")
        return NOT_FOUND

    return answer


def made_of(source: Source, study: Study, name: str, sample: set[str], path: Path) -> Iterator[Any]:
    """What a study makes of a source's sample: objects, images, labels and splits, pixels."""
    guest = visit(path / "kept")
    tables = (table[table["object_id"].isin(sample)] for table in source.read(guest))
    write_parquet_parts(path / "objects.parquet", tables, OBJECTS)
    objects = read_parquet(path / "objects.parquet", OBJECTS)
    yield objects.drop(columns="image").to_json(orient="records", lines=True)
    shards = []
    for shard in (f"{number:04d}" for number in range(SHARDS)):
        mine = objects[objects["object_id"].map(lambda i: shard_of(i, SHARDS)) == shard]
        archive, table, pixels = (path / f"{shard}.{end}" for end in ("zip", "csv", "npy"))
        write_shard(source.images(mine, guest, shard), shard, archive, table)
        shards.append(read_csv(table, IMAGES))
        write_pixels(
            read_shard(archive, table), len(mine), SIZE, study.settings.pixels, pixels
        )  # fails where an image is missing
        yield archive.read_bytes(), table.read_bytes(), pixels.read_bytes()
    for task in study.tasks_of(name):
        rule = replace(study.settings.tasks[task], min_objects=3)
        labels = choose_labels(objects, pd.concat(shards), rule, name).labels
        assert labels["label"].nunique() > 5
        yield split(labels, 1, study.settings.splits.rule, name).to_json(
            orient="records", lines=True
        )


@pytest.mark.parametrize("name", ["met", "nga"])
def test_over_the_network_and_from_a_folder_a_museum_is_the_same(name, tmp_path, monkeypatch):
    config = yaml.safe_load((ROOT / "config" / "folders.yaml").read_text())
    folder = ROOT / config["collections"][name]["folder"]
    if not folder.is_dir():
        pytest.skip(f"there is no museum in {folder}")
    monkeypatch.chdir(ROOT)  # the config's folders are relative to it
    ids = pd.read_csv(folder / "metadata.csv", dtype=str)["object_id"]
    sample = set(draw(ids, SAMPLE, 1))
    local = study_of(config)
    with MuseumServer(museum(folder, sample)) as server:
        block = JSON_API | {
            "address": f"{server.address}/objects",
            "image_address": f"{server.address}/iiif/{{image}}/full/!600,600/0/default.jpg",
        }
        config["collections"][name] = block
        remote = study_of(config)
        sources = [open_source(study.source(name)) for study in (local, remote)]
        assert asdict(sources[0]) != asdict(sources[1])
        (tmp_path / "folder").mkdir()
        (tmp_path / "network").mkdir()
        ours = list(made_of(sources[0], local, name, sample, tmp_path / "folder"))
        theirs = list(made_of(sources[1], remote, name, sample, tmp_path / "network"))
        assert len(server.asked) == len(set(server.asked)) == -(-SAMPLE // 40) + SAMPLE
    assert len(ours[0].splitlines()) == SAMPLE and len(ours) == 1 + SHARDS + len(
        local.tasks_of(name)
    )
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == other
