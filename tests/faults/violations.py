"""Every way to break the config's schema, read from the schema itself."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from art_transfer.config import schema
from builders import small_config

ADDRESS = "https://museum.example/x"
SOURCES: dict[str, dict[str, Any]] = {
    "folder": {"folder": "somewhere"},
    "synthetic": {"museum": "photos", "objects": 10},
    "json_api": {"address": ADDRESS, "fields": {"object_id": "id", "image": "i"}},
    "oai_pmh": {"address": ADDRESS},
    "rijksmuseum_challenge": {},
    "antwerp_dams": {},
    "csv": {"address": ADDRESS, "columns": {"object_id": "id", "image": "i"}},
}
NEEDED: dict[str, Any] = {
    "images_table": {"address": ADDRESS, "key": "k", "column": "c"},
    "image_lookup": {"address": f"{ADDRESS}/{{id}}", "path": "p"},
}
"""Blocks that are not in the base, with the keys that they need."""
WRONG: dict[str, list[Any]] = {
    "string": [5, True, ["x"], {"x": "y"}, 1.5],
    "integer": ["x", 1.5, True, [1], {"x": 1}],
    "number": ["x", True, [1.0], float("nan"), float("inf")],
    "boolean": ["yes", 1, 0, []],
    "array": ["x", 5, True, {"x": "y"}],
    "object": ["x", 5, [], True],
}
OTHER_FIGURES = {
    "mosaic": {"images": {"collections": ["museum"]}},
    "curves": {"epochs": {"collection": "museum", "experiments": ["table"], "tasks": ["type"]}},
    "saliency": {
        "maps": {
            "collection": "museum",
            "tasks": ["type"],
            "backbone": "demo_plain",
            "before": {"init": "random", "method": "off_the_shelf"},
            "after": {"init": "random", "method": "fine_tuning"},
        }
    },
}
REMOVED = object()
Key = tuple[str, ...]


class Violation(NamedTuple):
    """One mistake: what is put where, and the key that the message must name."""

    name: str
    key: Key
    value: Any
    told: str


def base() -> dict[str, Any]:
    """A right study with every kind of source and figure."""
    config = small_config(figures=copy.deepcopy(OTHER_FIGURES))
    config["collections"] |= {
        kind: {"source": kind, **copy.deepcopy(block)} for kind, block in SOURCES.items()
    }
    return config


def violations() -> Iterator[Violation]:
    definitions = schema()["$defs"]
    yield from _of(schema(), (), base())
    for kind in SOURCES:
        block = {k: v for k, v in definitions[kind].items() if k != "additionalProperties"}
        yield from _of(block, ("collections", kind), base()["collections"][kind])
        name = ("collections", kind)
        yield Violation(f"{kind} unknown key", (*name, "no_such_key"), 1, ".".join(name))


def _of(part: dict[str, Any], key: Key, instance: Any) -> Iterator[Violation]:
    if "$ref" in part:
        part = {**schema()["$defs"][part["$ref"].rsplit("/", 1)[1]], **part}
    dotted = ".".join(key)
    if key:
        yield from (Violation(f"{dotted} is {v!r}", key, v, dotted) for v in _wrong(part))
    if part.get("additionalProperties") is False:
        yield Violation(f"{dotted} unknown key", (*key, "no_such_key"), 1, dotted)
    for name in part.get("required", []):
        if (key, name) == ((), "study"):
            continue  # what names no study changes a few keys of another
        yield Violation(f"{dotted} lacks {name}", (*key, name), REMOVED, name)
    known = instance if isinstance(instance, dict) else {}
    for name, inner in part.get("properties", {}).items():
        yield from _of(inner, (*key, name), known.get(name))
    inner = part.get("additionalProperties")
    if isinstance(inner, dict):
        name = next(iter(known), "x")
        yield from _of(inner, (*key, name), known.get(name))
        for bad in ("Upper", "with space", "a/b", "..", "", "é"):
            if "propertyNames" in part:
                block = known.get(name, {})
                yield Violation(f"{dotted} named {bad!r}", (*key, bad), block, dotted)


def _wrong(part: dict[str, Any]) -> Iterator[Any]:
    """Values that this part of the schema must not allow."""
    if "enum" in part:
        yield from ("no such choice", 5, ["x"])
        return
    kind = part.get("type")
    yield from WRONG[kind] if isinstance(kind, str) else ()
    if "minimum" in part:
        yield part["minimum"] - 1
    if "maximum" in part:
        yield part["maximum"] + 1
    if "exclusiveMinimum" in part:
        yield from (part["exclusiveMinimum"], -1)
    if "exclusiveMaximum" in part:
        yield part["exclusiveMaximum"]
    if part.get("minLength"):
        yield ""
    if part.get("minItems"):
        yield []
    if part.get("minProperties"):
        yield {}
    if "pattern" in part:
        yield from (value for value in ("\t/no\0such", "ftp://x") if value != part.get("default"))
    items = part.get("items")
    if kind == "array" and items and "type" in items:
        several = isinstance(items["type"], list)  # of single values
        yield from ([w] for w in ([["x"], {"x": "y"}] if several else WRONG[items["type"]]))
        if part.get("uniqueItems"):
            yield [5, 5] if items["type"] == "integer" else ["a", "a"]


def broken(violation: Violation) -> dict[str, Any]:
    """The base with this mistake in it."""
    config = base()
    block: Any = config
    for name in violation.key[:-1]:
        block = block.setdefault(name, copy.deepcopy(NEEDED.get(name, {})))
    if violation.value is REMOVED:
        block.pop(violation.key[-1], None)
    else:
        block[violation.key[-1]] = violation.value
    return config
