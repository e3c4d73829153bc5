"""The museums' blocks in docs/museums.md and config/pilot.yaml, each against its real format."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from antwerp_server import Antwerp, asset_id
from art_transfer.collect.sources import open_source
from art_transfer.collect.transport import Manners
from art_transfer.config import load, typed
from art_transfer.job_settings import SourceSettings
from art_transfer.settings import from_mapping
from builders import CONFIG, ROOT, file_of, noise, small_config
from csv_files import IMAGES, MET, OBJECTS
from museum_server import NOT_FOUND, MuseumServer, Reply, visit

Page = Callable[[dict[str, str]], Any]
"""The answer for parameters: a text as it is, a Reply, or anything else as JSON."""


def documented() -> list[dict[str, Any]]:
    """All blocks of the document, each as its museum's name and settings."""
    text = (ROOT / "docs" / "museums.md").read_text()
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]


def block_of(name: str) -> dict[str, Any]:
    """The first block of this name in the document, or the pilot's."""
    pilot = yaml.safe_load((CONFIG / "pilot.yaml").read_text())["collections"]
    return next(block[name] for block in [*documented(), pilot] if name in block)


def collected(
    name: str, pages: dict[str, Page], kept: Path, **changes: Any
) -> tuple[list[dict[str, Any]], list[str], MuseumServer]:
    """The museum's objects and the statuses of its images, and the server that was asked.

    ``https://host/path`` is at ``/host/path`` of the server, and so are addresses in its answers;
    ``pages`` has by ``host/path`` what is there; other addresses of JPEGs have a picture.
    """

    def here(text: str) -> str:
        return re.sub("https?://(?!127)", f"{server.address}/", text)

    def answer(path: str, query: dict[str, str]) -> Reply:
        path = path.removeprefix("/")
        found = pages[path](query) if path in pages else picture(path)
        if isinstance(found, Reply):
            return found
        return Reply(here(found if isinstance(found, str) else json.dumps(found)).encode())

    server = MuseumServer(answer)
    with server:
        asked = yaml.safe_dump(config_of(block_of(name) | changes), width=10_000)
        collection = typed(yaml.safe_load(here(asked))).collections["museum"]
        source = open_source(SourceSettings(collection.source, collection.options))
        manners = replace(
            from_mapping(Manners, collection.web | {"hosts": ["127.0.0.1"]}),
            requests_per_second=1e4,
            retries=0,
        )
        guest = visit(kept, manners)
        objects = pd.concat(source.read(guest), ignore_index=True)
        statuses = [image.status for image in source.images(objects, guest, "0")]
    rows = json.loads(
        objects.to_json(orient="records", force_ascii=False)
        .replace("\\/", "/")
        .replace(f"{server.address}/", "https://")
    )
    return rows, statuses, server


def config_of(block: dict[str, Any]) -> dict[str, Any]:
    """A whole config with this block and every default."""
    return load(small_config(collections__museum=block | {"tasks": []}), CONFIG)


def picture(path: str) -> Reply:
    if path.endswith(".jpg"):
        return Reply(file_of(noise(8, 6)), type="image/jpeg")
    return NOT_FOUND


MET_RECORD = {
    "objectID": 436535,
    "isHighlight": True,
    "accessionNumber": "1993.132",
    "isPublicDomain": True,
    "primaryImage": "https://images.metmuseum.org/CRDImages/ep/original/DT1567.jpg",
    "primaryImageSmall": "https://images.metmuseum.org/CRDImages/ep/web-large/DT1567.jpg",
    "additionalImages": [],
    "constituents": [{"constituentID": 161947, "role": "Artist", "name": "Vincent van Gogh"}],
    "department": "European Paintings",
    "objectName": "Painting",
    "title": "Wheat Field with Cypresses",
    "artistDisplayName": "Vincent van Gogh",
    "objectDate": "1889",
    "medium": "Oil on canvas",
    "classification": "Paintings",
    "rightsAndReproduction": "",
    "objectURL": "https://www.metmuseum.org/art/collection/search/436535",
    "tags": None,
}
MET_API = "collectionapi.metmuseum.org/public/collection/v1/objects"


def test_the_mets_api(tmp_path):
    pages: dict[str, Page] = {
        MET_API: lambda query: {"total": 3, "objectIDs": [436535, 436536, 9]},
        f"{MET_API}/436535": lambda query: MET_RECORD,
        f"{MET_API}/436536": lambda query: (
            MET_RECORD | {"objectID": 436536, "isPublicDomain": False, "primaryImageSmall": ""}
        ),
    }
    objects, statuses, server = collected("met_paintings", pages, tmp_path)
    assert objects == [
        {
            "object_id": "436535",
            "title": "Wheat Field with Cypresses",
            "creators": ["Vincent van Gogh"],
            "materials": ["Oil on canvas"],
            "types": ["Painting"],
            "date": "1889",
            "image": "https://images.metmuseum.org/CRDImages/ep/web-large/DT1567.jpg",
            "rights": "",
            "source_url": "https://www.metmuseum.org/art/collection/search/436535",
        }
    ]
    assert statuses == ["ok"]
    assert server.asked[0] == f"/{MET_API}?departmentIds=11"


def test_chicago(tmp_path):
    works = [
        {
            "id": 27992 + n,
            "title": "A Sunday on La Grande Jatte",
            "is_public_domain": n != 1,
            "date_display": "1884/86",
            "medium_display": "Oil on canvas",
            "artwork_type_title": "Painting",
            "artist_titles": ["Georges Seurat"],
            "image_id": "2d484387-2509-5e8e-2c43-22f9981972eb" if n else None,
        }
        for n in range(103)
    ]

    def page(query: dict[str, str]) -> Any:
        size, number = int(query["limit"]), int(query["page"])
        return {
            "preference": None,
            "pagination": {
                "total": len(works),
                "limit": size,
                "offset": size * (number - 1),
                "total_pages": 2,
                "current_page": number,
            },
            "data": works[size * (number - 1) : size * number],
            "info": {"license_text": "...", "version": "1.10"},
            "config": {"iiif_url": "https://www.artic.edu/iiif/2"},
        }

    objects, statuses, server = collected(
        "chicago", {"api.artic.edu/api/v1/artworks": page}, tmp_path
    )
    assert len(objects) == 102
    assert objects[1]["creators"] == ["Georges Seurat"] and objects[1]["types"] == ["Painting"]
    assert objects[1]["image"] == (
        "https://www.artic.edu/iiif/2/2d484387-2509-5e8e-2c43-22f9981972eb/full/843,/0/default.jpg"
    )
    assert sorted(statuses) == ["missing: its record names no image"] + ["ok"] * 101
    assert {head["aic-user-agent"] for head in server.headers} == {
        "art-transfer (name@example.org)"
    }
    assert "image_id" in server.asked[0]


def test_cleveland(tmp_path):
    record = {
        "id": 94979,
        "accession_number": "1915.534",
        "share_license_status": "CC0",
        "title": "Nathaniel Hurd",
        "creation_date": "c. 1765",
        "creators": [
            {
                "id": 1,
                "description": "John Singleton Copley (American, 1738-1815)",
                "role": "artist",
                "biography": None,
            }
        ],
        "technique": "oil on canvas",
        "type": "Painting",
        "url": "https://clevelandart.org/art/1915.534",
        "images": {
            "web": {
                "url": "https://openaccess-cdn.clevelandart.org/1915.534/1915.534_web.jpg",
                "width": "737",
                "height": "893",
            },
            "full": {"url": "https://openaccess-cdn.clevelandart.org/1915.534/1915.534_full.tif"},
        },
    }

    def page(query: dict[str, str]) -> Any:
        assert query["type"] == "Painting" and query["cc0"] == query["has_image"] == "1"
        info = {"total": 1, "parameters": {"skip": 0, "limit": 1000}}
        return {"info": info, "data": [record][int(query["skip"]) :]}

    pages: dict[str, Page] = {"openaccess-api.clevelandart.org/api/artworks": page}
    objects, statuses, _ = collected("cleveland", pages, tmp_path)
    assert objects == [
        {
            "object_id": "94979",
            "title": "Nathaniel Hurd",
            "creators": ["John Singleton Copley (American, 1738-1815)"],
            "materials": ["oil on canvas"],
            "types": ["Painting"],
            "date": "c. 1765",
            "image": "https://openaccess-cdn.clevelandart.org/1915.534/1915.534_web.jpg",
            "rights": "CC0",
            "source_url": "https://clevelandart.org/art/1915.534",
        }
    ]
    assert statuses == ["ok"]


def test_smk(tmp_path):
    def record(number: int) -> dict[str, Any]:
        return {
            "id": f"117001204{number}_object",
            "object_number": f"KMS{number}",
            "titles": [{"title": "View of Venice", "type": "museum"}, {"title": "Udsigt"}],
            "object_names": [{"name": "painting"}],
            "materials": ["oil", "canvas"],
            "techniques": ["Oil on canvas"],
            "production": [{"creator": "Eckersberg, C.W.", "creator_role": "main"}],
            "production_date": [{"start": "1815-01-01T00:00:00.000Z", "period": "1815"}],
            "public_domain": True,
            "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
            "has_image": True,
            "image_iiif_id": f"https://iip.smk.dk/iiif/jp2/KMS{number}.tif.jp2",
            "image_thumbnail": f"https://api.smk.dk/api/v1/thumbnail/0af32a42-{number}.jpg",
            "frontend_url": f"https://open.smk.dk/artwork/image/KMS{number}",
        }

    works = [record(n) for n in range(101)]

    def page(query: dict[str, str]) -> Any:
        assert query["keys"] == "*" and query["lang"] == "en"
        offset, rows = int(query["offset"]), int(query["rows"])
        return {
            "offset": offset,
            "rows": rows,
            "found": len(works),
            "items": works[offset : offset + rows],
            "facets": {},
        }

    objects, statuses, _ = collected("smk", {"api.smk.dk/api/v1/art/search": page}, tmp_path)
    assert len(objects) == 101 and set(statuses) == {"ok"}
    assert objects[0] == {
        "object_id": "KMS0",
        "title": "View of Venice",
        "creators": ["Eckersberg, C.W."],
        "materials": ["oil", "canvas"],
        "types": ["painting"],
        "date": "1815",
        "image": "https://api.smk.dk/api/v1/thumbnail/0af32a42-0.jpg",
        "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
        "source_url": "https://open.smk.dk/artwork/image/KMS0",
    }


def test_the_pilots_met(tmp_path):
    pages: dict[str, Page] = {
        "media.githubusercontent.com/media/metmuseum/openaccess/master/MetObjects.csv": (
            lambda query: MET
        ),
        f"{MET_API}/436535": lambda query: MET_RECORD,
        f"{MET_API}/7": lambda query: {"objectID": 7, "primaryImageSmall": ""},
    }
    objects, statuses, _ = collected("met_open_access", pages, tmp_path)
    assert [row["object_id"] for row in objects] == ["436535", "7"]
    assert objects[0]["creators"] == ["Vincent van Gogh", "Somebody Else"]
    assert objects[0]["source_url"].endswith("met.example/436535")
    assert [status[:7] for status in statuses] == ["ok", "missing"]


def test_the_pilots_nga(tmp_path):
    folder = "raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"
    pages: dict[str, Page] = {
        f"{folder}/objects.csv": lambda query: OBJECTS,
        f"{folder}/published_images.csv": lambda query: IMAGES,
    }
    objects, statuses, _ = collected("nga_open_data", pages, tmp_path)
    assert [row["object_id"] for row in objects] == ["10", "9"]
    assert objects[0]["image"] == "https://api.nga.gov/iiif/u-10/full/!600,600/0/default.jpg"
    assert objects[0]["materials"] == ["tempera on poplar, gold"]
    assert statuses == ["ok", "ok"]


@pytest.mark.parametrize("pinned", [False, True])
def test_antwerp(pinned, tmp_path):
    publishers = ["Museum Plantin-Moretus", "MAS", "Rubenshuis", "Museum Mayer van den Bergh"]
    ids = [asset_id(n) for n in range(5)]
    site = Antwerp({name: ids[n : n + 2] for n, name in enumerate(publishers)})
    pages: dict[str, Page] = {
        f"dams.antwerpen.be/asset/{i}": lambda query, i=i: site(f"/asset/{i}", query) for i in ids
    }
    pages["dams.antwerpen.be/api/lod-search"] = lambda query: site("/api/lod-search", query)
    blocks = [block["antwerp"] for block in documented() if "antwerp" in block]
    manifest = tmp_path / "antwerp.csv"
    manifest.write_text(f"object_id\n{ids[3]}\n")
    assert blocks[1] == blocks[0] | {"manifest": "config/manifests/antwerp.csv"}
    changes = {"manifest": str(manifest)} if pinned else {}
    objects, statuses, _ = collected("antwerp", pages, tmp_path, **changes)
    assert [row["object_id"] for row in objects] == ([ids[3]] if pinned else ids)
    assert {row["types"][0] for row in objects} == {"prent"}
    assert objects[0]["image"].startswith("https://dams.antwerpen.be/iiif/M2Mqq")
    assert set(statuses) == {"ok"}


def test_antwerps_sample_is_of_the_papers_size_by_default():
    table = pd.read_csv(CONFIG / "published" / "table1.csv")
    size = table.query("collection == 'antwerp' and task == 'type'")["objects"].item()
    assert config_of(block_of("antwerp"))["collections"]["museum"]["sample"]["objects"] == size
