"""A description of the archive that machines can read, as an RO-Crate (researchobject.org)."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from rocrate.model.person import Person
from rocrate.rocrate import ROCrate

from art_transfer.archive.manifest import RECORDS, archived_files
from art_transfer.files import write_json
from art_transfer.job_settings import CrateSettings

CRATE = "ro-crate-metadata.json"
_KINDS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}


def write_crate(
    results: str | Path,
    citation: str | Path,
    settings: CrateSettings,
    rights: Mapping[str, list[str]],
) -> None:
    """Write ``ro-crate-metadata.json`` for the archived files below ``results``.

    ``rights`` are those of the images, by collection; ``citation`` is the project's CITATION.cff,
    from which authors and licence come. No date of writing goes in, so that the same results give
    the same bytes.
    """
    root = Path(results)
    cited = yaml.safe_load(Path(citation).read_text(encoding="utf-8"))
    crate = ROCrate(version="1.1")
    crate.name = f"{settings.study}: {settings.title or cited['title']}"
    crate.description = cited["abstract"]
    crate.license = cited["license"]
    for author in cited["authors"]:
        name = author.get("name") or f"{author['given-names']} {author['family-names']}"
        crate.creator = crate.add(Person(crate, f"#{name}", properties={"name": name}))
    for path in archived_files(root):
        name = path.relative_to(root).as_posix()
        if name not in (CRATE, RECORDS):  # the records are written after it
            kind = _KINDS.get(path.suffix, "text/plain")
            crate.add_file(path, name, properties={"encodingFormat": kind})
    for collection, statements in rights.items():
        crate.add_jsonld(
            {
                "@id": f"#collection-{collection}",
                "@type": "Collection",
                "name": collection,
                "usageInfo": "; ".join(statements) or "not stated by the source",
            }
        )
    with tempfile.TemporaryDirectory() as folder:
        crate.metadata.write(folder)
        described = json.loads((Path(folder) / CRATE).read_text(encoding="utf-8"))
    for entity in described["@graph"]:
        if entity["@id"] == "./":
            entity["datePublished"] = str(cited["date-released"])
    write_json(root / CRATE, described)
