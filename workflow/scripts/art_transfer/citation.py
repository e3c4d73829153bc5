"""Who made this and under which licence, for the registries that read it.

``python -m art_transfer.citation FOLDER`` writes FOLDER's ``codemeta.json`` (codemeta.github.io,
version 3.0) and ``.zenodo.json`` (Zenodo's deposit metadata) from its ``CITATION.cff``, so that
there is one place to change.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from art_transfer.errors import StudyError
from art_transfer.files import write_json

CITATION, CODEMETA, ZENODO = "CITATION.cff", "codemeta.json", ".zenodo.json"
NEEDED = ("title", "abstract", "version", "date-released", "license", "authors")
Cited = dict[str, Any]


def read_citation(path: str | Path) -> Cited:
    """A CITATION.cff. Raises StudyError where a key is missing that others are made from."""
    cited = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    missing = [name for name in NEEDED if not cited.get(name)]
    if missing:
        raise StudyError(f"{path}: expected the keys {', '.join(missing)} too")
    return cited


def name_of(author: Cited) -> str:
    """A person's or a group's name as one reads it."""
    return author.get("name") or f"{author['given-names']} {author['family-names']}"


def licence_address(name: str) -> str:
    """Where SPDX explains a licence."""
    return f"https://spdx.org/licenses/{name}"


def codemeta(cited: Cited) -> dict[str, Any]:
    """The contents of ``codemeta.json``."""
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": cited["title"],
        "description": cited["abstract"],
        "version": cited["version"],
        "datePublished": str(cited["date-released"]),
        "license": licence_address(cited["license"]),
        "author": [_agent(author) for author in cited["authors"]],
        "programmingLanguage": ["Python", "Snakemake"],
        "referencePublication": [
            {
                "@type": "ScholarlyArticle",
                "name": work["title"],
                "author": [_agent(author) for author in work["authors"]],
                "datePublished": str(work["year"]),
                "isPartOf": {"@type": "CreativeWork", "name": work["collection-title"]},
            }
            for work in cited.get("references", [])
        ],
    }


def zenodo(cited: Cited) -> dict[str, Any]:
    """The contents of ``.zenodo.json``."""
    return {
        "upload_type": "software",
        "title": cited["title"],
        "description": cited["abstract"],
        "version": cited["version"],
        "publication_date": str(cited["date-released"]),
        "license": cited["license"],
        "access_right": "open",
        "creators": [{"name": _inverted(author)} for author in cited["authors"]],
        "references": [
            f"{'; '.join(map(_inverted, work['authors']))} ({work['year']}). {work['title']}. "
            f"{work['collection-title']}."
            for work in cited.get("references", [])
        ],
    }


def _agent(author: Cited) -> dict[str, str]:
    if "name" in author:
        return {"@type": "Organization", "name": author["name"]}
    names = {"givenName": author["given-names"], "familyName": author["family-names"]}
    return {"@type": "Person", **names}


def _inverted(author: Cited) -> str:
    return author.get("name") or f"{author['family-names']}, {author['given-names']}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    found = read_citation(folder / CITATION)
    write_json(folder / CODEMETA, codemeta(found))
    write_json(folder / ZENODO, zenodo(found))
