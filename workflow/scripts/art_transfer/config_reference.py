"""``config/README.md`` from the schema: ``python -m art_transfer.config_reference PATH``."""

import sys
from collections.abc import Iterator
from typing import Any

from art_transfer.config import schema
from art_transfer.files import write_text

INTRODUCTION = """\
# The config, key by key

Made from [the schema](../workflow/schemas/config.schema.yaml) by `make docs`; a test compares the
two. A study is one file: [config.yaml](config.yaml) is the paper, [demo.yaml](demo.yaml) the
made-up museums, [museum.yaml](museum.yaml) one museum of your own to copy, [pilot.yaml](pilot.yaml)
two open museums over the network, [folders.yaml](folders.yaml) a transfer between two folders.

- `snakemake --configfile config/demo.yaml ...` takes that study instead of the paper. A second
  file, or `--config 'seeds=[1,2,3]'`, changes keys of it; without a study, keys of the paper.
- `extends: other.yaml` at the top of a file starts from that file (beside it) and changes a few
  keys; mappings are laid over each other key by key, lists are replaced, and `name: null` removes
  a block.
- Every mistake is listed before any job starts.
- "Reruns" names the rules whose jobs run again when the key changes (`features` stands for
  `features_shared` and `features_of_run`). What reads their outputs runs again too, and every
  change writes `run_config.yaml`, the report and `index.html` anew, new runs also `cost`. Nothing
  else runs: `make test-invalidation` tries every key.
"""


def reference() -> str:
    """The whole document."""
    parts = [INTRODUCTION, *_tables("", schema(), "The study")]
    definitions = schema()["$defs"]
    for name in definitions["collection"]["properties"]["source"]["enum"]:
        title = f"A collection with `source: {name}` has these keys too"
        parts += _tables("collections.NAME", definitions[name], title, "objects, images")
    return "\n".join(parts)


def _tables(key: str, part: dict[str, Any], title: str, reruns: str = "") -> Iterator[str]:
    """A table of the keys of one mapping, then those of the mappings below it.

    ``reruns`` stands where the schema does not say it key by key.
    """
    required = set(part.get("required", []))
    rows, below = [], []
    for name, value in part.get("properties", {}).items():
        found = {**_resolved(value), **value}
        path = f"{key}.{name}" if key else name
        inner, step = found, ""
        if isinstance(found.get("additionalProperties"), dict):
            inner, step = _resolved(found["additionalProperties"]), ".NAME"
        if "properties" in inner:
            below.append((path + step, inner))
        cells = [f"`{path}`", found.get("description", ""), _type(found)]
        cells += [_default(found, name in required), found.get("x-reruns", reruns or _below(found))]
        rows.append("| " + " | ".join(cells) + " |")
    if rows:
        yield f"## {title}\n"
        yield "| key | meaning | type | default | reruns |\n|---|---|---|---|---|"
        yield "\n".join(rows) + "\n"
    for path, inner in below:
        yield from _tables(path, inner, f"`{path}`", reruns)


def _below(found: dict[str, Any]) -> str:
    """What stands in the column "reruns" of a key that only holds others."""
    return "see below" if "properties" in found or "additionalProperties" in found else ""


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("$ref")
    return schema()["$defs"][reference.rsplit("/", 1)[1]] if reference else value


def _type(found: dict[str, Any]) -> str:
    if "enum" in found:
        return ", ".join(f"`{_shown(item)}`" for item in found["enum"])
    kind = found.get("type", "")
    if kind == "array":
        return f"list of {found['items'].get('type', 'names')}s"
    limits = [
        f"{sign} {found[name]}"
        for name, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if name in found
    ]
    names = {"object": "mapping", "string": "text", "boolean": "true or false"}
    return " ".join([names.get(kind, kind), *limits])


def _default(found: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    return f"`{_shown(found['default'])}`" if "default" in found else "none"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else '""' if value == "" else str(value)


if __name__ == "__main__":
    write_text(sys.argv[1], reference())
