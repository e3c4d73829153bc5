"""A description of the archive that machines can read, as an RO-Crate (researchobject.org).

Version 1.1, with the run of the workflow as the Workflow Run Crate profile 0.5 asks for it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.rocrate import ROCrate

from art_transfer.archive.licences import add_collection
from art_transfer.archive.manifest import RECORDS, archived_files
from art_transfer.citation import licence_address, name_of, read_citation
from art_transfer.files import atomic_path, write_json
from art_transfer.report_settings import CrateSettings

CRATE = "ro-crate-metadata.json"
CODE = "code"
"""The folder of the archive with a copy of the workflow's wiring: Snakefile and rules."""
WORKFLOW = f"{CODE}/Snakefile"
CONFIG = "run_config.yaml"
INPUTS = (CONFIG, "sources/")
"""What the workflow was given, as far as it is archived: its config, and the museums' locks."""
OUTPUTS = {
    "tables": ("tables/", "the tables"),
    "figures": ("figures/", "the figures"),
    "pages": (".html", "the pages to read: report, index and catalogue"),
    "runs": ("runs/", "one folder for each trained network"),
    "joint": ("joint/", "one folder for each training of several tasks at once"),
}
"""By parameter: how the paths of its files begin or end, and what they are. A file is of the first
that it fits: a table's page is one of the tables."""
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_KINDS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}


def write_crate(
    results: str | Path,
    citation: str | Path,
    settings: CrateSettings,
    rights: Mapping[str, list[str]],
) -> None:
    """Write ``ro-crate-metadata.json`` for the archived files below ``results``.

    ``rights`` are those of the images, by collection; ``citation`` is the project's CITATION.cff,
    from which authors and licence come. No date of writing and no time of running goes in, so that
    the same results give the same bytes; each ``run.json`` has its own times.
    """
    root = Path(results)
    cited = read_citation(citation)
    crate = ROCrate(version="1.1")
    crate.name = f"{settings.study}: {settings.title or cited['title']}"
    licence = {"@type": "CreativeWork", "name": cited["license"]}
    crate.license = crate.add(ContextEntity(crate, licence_address(cited["license"]), licence))
    for author in cited["authors"]:
        name, kind = name_of(author), "Organization" if "name" in author else "Person"
        about = {"@type": kind, "name": name}
        made_by = crate.add(ContextEntity(crate, f"#{quote(name)}", about))
        crate.root_dataset.append_to("author", made_by, compact=True)
    files = _add_files(crate, root)
    size = sum(int(entity["contentSize"]) for entity in files.values())
    crate.description = (
        f"{cited['abstract']} {len(files)} files of {size / 1e6:.1f} MB beside this description, "
        "without networks, and of images only small samples, in catalogue/, figures/, index.html "
        "and report.html; MANIFEST.sha256 has the hash of each. The licence is that of the "
        "project; those of the museums' data and of these samples stand at the collections, and "
        "for each object in rights/."
    )
    _add_run(crate, files, cited["version"])
    for name, statements in rights.items():
        details = [files[path] for path in (f"rights/{name}.csv.gz",) if path in files]
        add_collection(crate, name, statements, details)
    with tempfile.TemporaryDirectory() as folder:
        crate.metadata.write(folder)
        described = json.loads((Path(folder) / CRATE).read_text(encoding="utf-8"))
    for entity in described["@graph"]:
        if entity["@id"] == "./":
            entity["datePublished"] = str(cited["date-released"])
    write_json(root / CRATE, described)


def copy_code(names: Iterable[str], results: str | Path) -> None:
    """Copy these files of the project into the archive, for the crate to say what was run."""
    for name in names:
        with atomic_path(Path(results) / CODE / name) as temporary:
            shutil.copyfile(name, temporary)


def _add_files(crate: ROCrate, root: Path) -> dict[str, DataEntity]:
    """Describe the archived files by path, with sizes in bytes; the Snakefile as the workflow."""
    found = {}
    for path in archived_files(root):
        name = path.relative_to(root).as_posix()
        kind, size = _KINDS.get(path.suffix, "text/plain"), str(path.stat().st_size)
        properties = {"encodingFormat": kind, "contentSize": size}
        if name == WORKFLOW:
            language = {"lang": "snakemake", "lang_version": metadata.version("snakemake")}
            properties |= {"name": "art-transfer"}
            found[name] = crate.add_workflow(
                path, name, properties=properties, main=True, **language
            )
        elif name not in (CRATE, RECORDS):  # the records are written after it
            found[name] = crate.add_file(path, name, properties=properties)
    return found


def _add_run(crate: ROCrate, files: Mapping[str, DataEntity], version: str) -> None:
    """Describe the workflow's one run: from a config to tables, figures and run folders."""
    workflow = crate.mainEntity
    workflow["license"], workflow["version"] = crate.license, version
    workflow["conformsTo"] = {"@id": BIOSCHEMAS}
    for address, name in PROFILES.items():
        about = {"@type": "CreativeWork", "name": name, "version": address.rsplit("/", 1)[1]}
        crate.root_dataset.append_to("conformsTo", crate.add(ContextEntity(crate, address, about)))
    _add_parameter(crate, "config", "the study's config", "input", [files[CONFIG]])
    made, left = [], dict(files)
    for name, (part, what) in OUTPUTS.items():
        fitting = [path for path in left if path.startswith(part) or path.endswith(part)]
        those = [left.pop(path) for path in fitting]
        if those:
            _add_parameter(crate, name, what, "output", those)
        made += those
    action = crate.add_action(
        workflow,
        "#run",
        result=made,
        properties={
            "@type": "CreateAction",
            "name": "The study, from its config to tables, figures and run folders",
            "description": (
                "Times are left out, so that the same results have the same description; each "
                "run.json tells when, where and with which versions its network was trained."
            ),
            "agent": crate.root_dataset["author"],
        },
    )
    given = [file for name, file in files.items() if name.startswith(INPUTS)]
    action.append_to("object", given, compact=True)
    crate.root_dataset.append_to("mentions", action)


def _add_parameter(
    crate: ROCrate, name: str, what: str, side: str, examples: list[DataEntity]
) -> None:
    """Describe one input or output of the workflow, and the files that were it in this run."""
    parameter = crate.add_formal_parameter(
        name, "File", identifier=f"#parameter-{name}", description=what, valueRequired=True
    )
    parameter.append_to("workExample", examples, compact=True)
    crate.mainEntity.append_to(side, parameter, compact=True)
    for file in examples:
        file["exampleOfWork"] = parameter
