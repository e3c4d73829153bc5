"""The validator of RO-Crates without a network: the one context that it fetches is written here."""

import io
import json
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SCHEMA = (
    "Collection ComputerLanguage CreateAction CreativeWork Dataset Organization Person "
    "SoftwareSourceCode about additionalType agent author contentSize datePublished description "
    "encodingFormat "
    "exampleOfWork hasPart identifier instrument license mainEntity mentions name object "
    "programmingLanguage result url usageInfo valueRequired version workExample"
)
BIOSCHEMAS = "https://bioschemas.org/"
TERMS = {name: f"http://schema.org/{name}" for name in SCHEMA.split()}
TERMS |= {
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
    "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
    "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
}
"""The terms that our crates use, as RO-Crate 1.1's context defines them; another is a mistake."""


def issues(crate: Path, cache: Path, profile: str = "workflow-run-crate-0.5") -> list[str]:
    """What a crate lacks of what a profile, and those that it rests on, require."""
    _fill(cache)
    settings = ValidationSettings(
        rocrate_uri=crate,
        profile_identifier=profile,
        requirement_severity=Severity.REQUIRED,
        offline=True,
        cache_path=str(cache),
        skip_availability_check=True,
    )
    found = validate(settings)
    return [f"{issue.check.identifier}: {issue.message}" for issue in found.get_issues()]


class _Library(HTTPAdapter):
    """Answers every request with the terms."""

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        body = io.BytesIO(json.dumps({"@context": TERMS}).encode())
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(body, headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


def _fill(cache: Path) -> None:
    """Put the context into the validator's cache, which it reads instead of the network."""
    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", _Library())
        session.get(CONTEXT)
