"""From config files to one checked study: extending, defaults, and messages for every mistake."""

import copy
import difflib
from collections.abc import Iterator, Mapping
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
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


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
    errors = [_message(error) for error in _violations(settings)]
    if errors:
        raise StudyError("the config is wrong:\n" + "\n".join(f"  {line}" for line in errors))
    return settings


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
    return yaml.safe_load(value) if isinstance(value, str) else value


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
    try:
        base = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: this is no YAML: {error}") from error
    if not isinstance(base, dict):
        raise StudyError(f"{path}: expected a mapping of keys, found {type(base).__name__}")
    return _overlaid(_extended(base, path.parent, (*seen, path)), settings)


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
        self._validator = extend(Draft202012Validator, {"properties": properties})(whole)

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
    if error.validator == "pattern" and "type" not in part:  # the name of a block
        return f"{key} has the name {value!r}; allowed are lower-case letters, digits and _"
    if error.validator == "type":
        return f"{key} is {value!r} ({type(value).__name__}); expected {part['type']}{_hint(value)}"
    limits = {name: part[name] for name in _LIMITS if name in part}
    allowed = ", ".join(f"{_LIMITS[name]} {limit}" for name, limit in limits.items())
    return f"{key} is {value!r}; allowed: {part.get('type', 'a value')} {allowed}"


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "minLength": "characters at least",
    "minItems": "items at least",
    "minProperties": "keys at least",
    "uniqueItems": "no item twice:",
    "pattern": "like",
}


def _hint(value: Any) -> str:
    """YAML 1.1 reads 1e-8 as text; say how to write it."""
    try:
        float(value)
    except (TypeError, ValueError):
        return ""
    return f"; YAML reads {value!r} as text: write it with a point, as 1.0e-8, and without quotes"
