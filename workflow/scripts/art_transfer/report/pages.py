"""Pages for a browser: Jinja2 templates with one frame and one style, that load nothing.

A page's own policy allows its style and its script by their hashes, pictures in the page and beside
it, and nothing else. Every value is escaped, so that what a museum wrote is text and never markup.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FRAME = ("page.html", "page.css")
"""Files beside every template that every page is made with."""


def render(template: str | Path, script: str | Path | None = None, **values: Any) -> str:
    """Fill in a template, whose frame and style lie beside it; ``script`` is a file of JavaScript.

    The filter ``shown`` writes whole numbers with commas, ``data`` a value as JSON that can stand
    within a script element.
    """
    folder = Path(template).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": _shown, "data": _data}
    style = (folder / "page.css").read_text(encoding="utf-8")
    code = "" if script is None else Path(script).read_text(encoding="utf-8")
    none = "'none'"
    policy = [
        f"default-src {none}",
        "img-src 'self' file: data:",
        f"style-src {_source(style)}",
        f"script-src {_source(code) if code else none}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return environment.get_template(Path(template).name).render(
        policy=Markup("; ".join(policy)), style=Markup(style), script=Markup(code), **values
    )


def uri(data: bytes, kind: str) -> str:
    """A picture's file as an address that holds it whole."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _source(text: str) -> str:
    """What a page's policy calls the text of an element."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _data(value: Any) -> Markup:
    """JSON in which no tag and no comment can begin."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
