"""Markdown from templates in which every text that is put in stays text."""

import re
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")


def escaped(text: str) -> str:
    """A text of one line that Markdown shows as it stands."""
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    text = re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)  # would number a list
    return re.sub(r"^([-+=])", r"\\\1", text)


def rendered(template: str, **values: Any) -> str:
    """A Markdown template filled in; ``| code`` sets names and hashes of our own as code."""
    environment = Environment(
        finalize=_finalized, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _code
    return environment.from_string(template).render(**values)


def _finalized(value: Any) -> Any:
    return value if isinstance(value, Markup) or not isinstance(value, str) else escaped(value)


def _code(name: str) -> Markup:
    assert re.fullmatch(r"[\w./-]+", name), name
    return Markup(f"`{name}`")
