"""The Rijksmuseum Challenge in its real form, small: Dutch records in one tar, JPEGs in another."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge
from museum_server import NOT_FOUND, Answerer, MuseumServer, Reply
from PIL import Image

ARTICLE = "/v2/articles/5660617"


def record(object_id: str, **fields: list[str]) -> bytes:
    """One record; ``fields`` are elements of Dublin Core by their names, in order."""
    link = "http://www.rijksmuseum.nl"
    given = {
        "format": [
            f"{link}/assetimage2.jsp?id={object_id}",
            f"{link}/collectie/zoeken/asset.jsp?id={object_id}",
            "afmetingen: hoogte 213 mm, breedte 276 mm",
            "materiaal: papier",
            "techniek: ets",
        ],
        "identifier": [object_id, "COLLECT.5216"],
        "language": ["Dutch"],
        "publisher": ["Rijksmuseum"],
        "rights": ["http://creativecommons.org/publicdomain/zero/1.0/"],
        "date": ["1550 - 1555"],
        "creator": [
            " prentmaker: Coornhert, Dirck Volckertsz",
            "naar ontwerp van: Heemskerck, Maarten van",
        ],
        "title": ["Job’s boodschappers", "De boodschappers van Job (vroegere titel)"],
        "type": ["prent", "historieprent"],
    } | fields
    elements = "".join(
        f"<dc:{name}>{escape(value)}</dc:{name}>\n" for name in given for value in given[name]
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<record xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<header><identifier>oai:rijksmuseum.nl/collection:{object_id}</identifier></header>"
        '<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/">{elements}</oai_dc:dc></metadata></record>'
    ).encode()


def jpeg(number: int) -> bytes:
    """A small image, another one for each number."""
    stream = io.BytesIO()
    colour = (number % 256, number // 256 % 256, 90)
    Image.new("RGB", (40 + number % 7, 30), colour).save(stream, "JPEG")
    return stream.getvalue()


def member(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar; ``fields`` are those of tarfile.TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    """The bytes of a tar (``w``) or a packed one (``w:gz``)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def object_id(number: int) -> str:
    """Ids in another order than the numbers."""
    return f"RP-P-{(number * 7919) % 10_007:05d}"


def records(numbers: Iterable[int]) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Members of the records' tar."""
    return [
        member(f"xml2/{number:07d}_{object_id(number)}.xml", record(object_id(number)))
        for number in numbers
    ]


def images(numbers: Iterable[int]) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Members of the images' tar."""
    return [
        member(f"jpg2/{number:07d}_{object_id(number)}.jpg", jpeg(number)) for number in numbers
    ]


def figshare(files: dict[str, bytes]) -> MuseumServer:
    """Figshare with one article that has these files, each sent on from its download address."""
    server: MuseumServer

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path == ARTICLE:
            listed = [
                {
                    "id": number,
                    "name": name,
                    "size": len(data),
                    "is_link_only": False,
                    "download_url": f"{server.address}/files/{number}",
                    "supplied_md5": "",
                    "computed_md5": hashlib.md5(data).hexdigest(),
                }
                for number, (name, data) in enumerate(files.items())
            ]
            return Reply(json.dumps({"id": 5660617, "files": listed}).encode())
        kind, _, number = path.strip("/").partition("/")
        if kind == "files":
            return Reply(status=302, headers={"Location": f"/store/{number}"})
        if kind == "store":
            data = list(files.values())[int(number)]
            return Reply(data, 200, "application/x-tar", {"ETag": f'"{number}"'}, ranges=True)
        return NOT_FOUND

    answerer: Answerer = answer
    server = MuseumServer(answerer)
    return server


def source(server: MuseumServer, **options: Any) -> RijksmuseumChallenge:
    """The source that reads from such a server."""
    defaults = {
        "address": server.address + ARTICLE,
        "record_archive": "xml2.tar",
        "image_archive": "jpg2.tar",
        "max_broken_share": 0.01,
    }
    return RijksmuseumChallenge(**(defaults | options))
