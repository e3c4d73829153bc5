"""From config files to one checked study: extending, defaults, and messages for every mistake."""

import copy
import datetime
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from art_transfer.errors import StudyError
from art_transfer.settings import Settings, from_mapping

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


@cache
def schema() -> dict[str, Any]:
    """The config's schema as it stands in ``workflow/schemas``."""
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def load(given: Mapping[str, Any], folder: Path, default: str = "config.yaml") -> dict[str, Any]:
    """Complete what the user gave: the files that it extends, and every default.

    ``given`` is Snakemake's config: the files of ``--configfile`` with ``--config`` laid over
    them. Where it names no study, it changes a few keys of the ``default`` study. A file named
    in ``extends`` is looked for in ``folder``. Raises StudyError that lists every mistake.
    """
    settings = dict(given)
    if "study" not in settings and "extends" not in settings:
        settings["extends"] = default
    settings = _without_removed(_extended(settings, folder, ()))
    errors = list(dict.fromkeys(_message(error) for error in _violations(settings)))
    if errors:
        raise StudyError("the config is wrong:\n" + "\n".join(f"  {line}" for line in errors))
    return _sorted(settings)


def _sorted(value: Any) -> Any:
    """The same with the keys of all mappings in order: the order in a file must mean nothing."""
    if not isinstance(value, Mapping):
        return value
    return {key: _sorted(value[key]) for key in sorted(value, key=str)}


def read_files(paths: Iterable[Path]) -> dict[str, Any]:
    """Config files laid over each other, as Snakemake does with those of ``--configfile``."""
    given: dict[str, Any] = {}
    for path in paths:
        if not path.is_file():
            raise StudyError(f"there is no config file {path}")
        given = _overlaid(given, _mapping(path))
    return given


def with_arguments(given: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Snakemake's config with the values of ``--config`` read as YAML.

    Snakemake itself leaves the parts of ``--config 'seeds=[1,2]'`` as texts.
    """
    return _overlaid(given, _read(arguments))


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:  # a title with a colon in it
        return value
    # Snakemake has taken the quotes away: only what is no text, or has two kinds of them, is read.
    return read if isinstance(read, bool | int | float | None) or value[:1] in "\"'" else value


def typed(settings: dict[str, Any]) -> Settings:
    """The loaded config as typed settings."""
    settings = copy.deepcopy(settings)
    for collection in settings["collections"].values():
        names = schema()["$defs"][collection["source"]]["properties"]
        collection["options"] = {name: collection.pop(name) for name in names if name in collection}
    return from_mapping(Settings, settings)


def _extended(settings: dict[str, Any], folder: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    name = settings.pop("extends", None)
    if name is None:
        return settings
    path = (folder / str(name)).resolve()
    if path in seen:
        raise StudyError(f"config key `extends`: {path} extends itself")
    if not path.is_file():
        raise StudyError(f"config key `extends`: there is no file {path}")
    return _overlaid(_extended(_mapping(path), path.parent, (*seen, path)), settings)


def _mapping(path: Path) -> dict[str, Any]:
    """What a config file says."""
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_OneOfEach)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: this is no YAML: {error}") from error
    if not isinstance(found, dict):
        raise StudyError(f"{path}: expected a mapping of keys, found {type(found).__name__}")
    return found


class _OneOfEach(yaml.SafeLoader):
    """YAML whose keys are texts, each once; YAML's own reader takes the last of two."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)  # as it is written; merging is done later
        block = f"in the block of line {node.start_mark.line + 1}"
        keys = [key for key, _ in node.value if key.tag != _MERGE]
        for number, key in enumerate(keys):
            if key.tag != _TEXT:
                raise yaml.YAMLError(f"the key `{key.value}` {block} is no text: put it in quotes")
            if any(key.value == other.value for other in keys[:number]):
                raise yaml.YAMLError(f"the key `{key.value}` stands twice {block}")
        return node


_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"


def _overlaid(base: Any, over: Any) -> Any:
    """``over`` laid over ``base``: mappings key by key, everything else replaced."""
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    return {
        key: _overlaid(base.get(key), over[key]) if key in over else base[key]
        for key in [*base, *(key for key in over if key not in base)]
    }


def _without_removed(value: Any) -> Any:
    """``name: null`` removes a block that the extended file has."""
    if not isinstance(value, Mapping):
        return value
    return {key: _without_removed(item) for key, item in value.items() if item is not None}


def _violations(settings: dict[str, Any]) -> Iterator[ValidationError]:
    """Fill in the defaults and give every violation, a collection's after its source's schema."""
    definitions = schema()["$defs"]
    errors = list(_Validator(schema()).iter_errors(settings))
    collections = settings.get("collections")
    for name, block in collections.items() if isinstance(collections, dict) else ():
        source = block.get("source") if isinstance(block, dict) else None
        if source not in definitions["collection"]["properties"]["source"]["enum"]:
            continue  # already among the errors
        merged = {
            "type": "object",
            "additionalProperties": False,
            "properties": definitions["collection"]["properties"]
            | definitions[source]["properties"],
            "required": definitions[source].get("required", []),
        }
        for error in _Validator(merged).iter_errors(block):
            error.path.extendleft([name, "collections"])
            errors.append(error)
    unique = {(tuple(error.absolute_path), error.message): error for error in errors}
    return iter(sorted(unique.values(), key=lambda error: [str(part) for part in error.path]))


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON's numbers are not ours: 6.0 shards would be in the paths, and no .nan is a learning rate.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {"integer": _is_integer, "number": _is_number}
)


class _Validator:
    """A JSON-schema validator that fills in defaults as it goes."""

    def __init__(self, part: dict[str, Any]) -> None:
        def properties(
            validator: Any, names: dict[str, Any], instance: Any, part: dict[str, Any]
        ) -> Iterator[ValidationError]:
            if isinstance(instance, dict):
                for name, subschema in names.items():
                    if "default" in subschema:
                        instance.setdefault(name, copy.deepcopy(subschema["default"]))
            yield from Draft202012Validator.VALIDATORS["properties"](
                validator, names, instance, part
            )

        whole = {**part, "$defs": schema()["$defs"]}
        kind = extend(Draft202012Validator, {"properties": properties}, type_checker=_TYPES)
        self._validator = kind(whole)

    def iter_errors(self, instance: Any) -> Iterator[ValidationError]:
        return self._validator.iter_errors(instance)


def _message(error: ValidationError) -> str:
    """One line for the user: the key, the value, and what is allowed."""
    key = "`" + ".".join(str(part) for part in error.absolute_path) + "`"
    part: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    value: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(part["properties"])
        unknown = [name for name in value if name not in known]
        close = difflib.get_close_matches(str(unknown[0]), known, n=1)
        hint = f" (did you mean `{close[0]}`?)" if close else ""
        place = "the config" if key == "``" else key
        return f"{place} has no key {', '.join(f'`{n}`' for n in unknown)}{hint}; allowed: {known}"
    if error.validator == "required":
        missing = [name for name in part["required"] if name not in value]
        place = "the config" if key == "``" else key
        return f"{place} lacks the key {', '.join(f'`{name}`' for name in missing)}"
    if error.validator == "enum":
        return f"{key} is {value!r}; allowed: {part['enum']}"
    if "propertyNames" in error.absolute_schema_path:  # the name of a block
        return f"{key} has the name {value!r}; allowed are lower-case letters, digits and _"
    if error.validator == "type":
        expected = [part["type"]] if isinstance(part["type"], str) else part["type"]
        hint = _hint(value, expected[0])
        words = " or ".join(expected)
        return f"{key} is {value!r} ({type(value).__name__}); expected {words}{hint}"
    limits = [text.format(part[name]) for name, text in _LIMITS.items() if name in part]
    return f"{key} is {value!r}; allowed: {part.get('type', 'a value')} {', '.join(limits)}"


_LIMITS = {
    "minimum": "of at least {}",
    "maximum": "of at most {}",
    "exclusiveMinimum": "of more than {}",
    "exclusiveMaximum": "of less than {}",
    "minLength": "of at least {} characters",
    "minItems": "of at least {} items",
    "minProperties": "of at least {} keys",
    "uniqueItems": "without an item twice",
    "pattern": "like {}",
}


def _hint(value: Any, expected: str) -> str:
    """How to write a value whose type YAML guessed in another way than was meant."""
    if expected == "string" and isinstance(value, bool | int | float | datetime.date):
        return "; YAML reads it as no text: put it in quotes (in `--config` in two kinds, '\"…\"')"
    if expected not in ("integer", "number") or not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return f"; YAML reads {value!r} as text: write it with a point, as 1.0e-8, and without quotes"
