"""config/README.md is what the schema says."""

from typing import Any

from art_transfer.config import schema
from art_transfer.config_reference import reference
from builders import CONFIG


def test_the_reference_is_made_from_the_schema():
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_no_description_is_cut_at_a_comma():
    """In YAML's ``{description: a, b}`` the key ``b`` has no value."""

    def empty(part: Any) -> list[str]:
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        found = [name for name, value in pairs if value is None]
        inner = [value for _, value in pairs if isinstance(value, (dict, list))]
        return found + [name for value in inner for name in empty(value)]

    assert empty(schema()) == []
