"""config/README.md is what the schema says."""

from art_transfer.config_reference import reference
from builders import CONFIG


def test_the_reference_is_made_from_the_schema():
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == reference(), "run `make docs`"
