"""Under which licences the objects of a museum are, as its source states them."""

import hashlib
import re

from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.rocrate import ROCrate

from art_transfer.citation import licence_address

MOST = 20
"""So many statements of a collection are described one by one; all stand in its table."""
_SPDX = re.compile(r"CC0-1\.0|CC-BY(-NC)?(-SA|-ND)?-[1-4]\.\d")
UNSTATED = "not stated by the source"


def add_collection(
    crate: ROCrate, name: str, statements: list[str], details: list[DataEntity]
) -> None:
    """Describe a museum's objects and their licences; ``details`` have them for each object."""
    shown = statements[:MOST]
    more = len(statements) - len(shown)
    rest = f"; and {more} more" if more else ""
    properties = {
        "@type": "Collection",
        "name": name,
        "description": f"The objects of {name} that the study read. Of their images the archive "
        "has small samples only.",
        "usageInfo": ("; ".join(shown) or UNSTATED) + rest,
    }
    collection = crate.add(ContextEntity(crate, f"#collection-{name}", properties))
    if shown:
        licences = [_licence(crate, statement) for statement in shown]
        collection.append_to("license", licences, compact=True)
    if details:
        collection.append_to("hasPart", details, compact=True)
    crate.root_dataset.append_to("mentions", collection)


def _licence(crate: ROCrate, statement: str) -> ContextEntity:
    """A licence that is known by its address or by SPDX's name, or a statement as it stands."""
    if re.fullmatch(r"https?://\S+", statement):
        address = statement
    elif _SPDX.fullmatch(statement):
        address = licence_address(statement)
    else:
        address = f"#rights-{hashlib.sha256(statement.encode()).hexdigest()[:12]}"
    known = crate.dereference(address)
    properties = {"@type": "CreativeWork", "name": statement}
    return known or crate.add(ContextEntity(crate, address, properties))
