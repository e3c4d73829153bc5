"""What registries are told is what CITATION.cff says."""

import re

import pytest
from art_transfer.citation import CITATION, CODEMETA, ZENODO, codemeta, read_citation, zenodo
from art_transfer.errors import StudyError
from art_transfer.files import read_json
from builders import ROOT


@pytest.mark.parametrize(("name", "made"), [(CODEMETA, codemeta), (ZENODO, zenodo)])
def test_the_files_are_made_from_citation_cff(name, made):
    assert read_json(ROOT / name) == made(read_citation(ROOT / CITATION)), "run `make docs`"


def test_version_and_licence_are_the_projects():
    project = (ROOT / "pyproject.toml").read_text()
    cited = read_citation(ROOT / CITATION)
    for key in ("version", "license"):
        assert re.search(rf'^{key} = "(.*)"$', project, re.MULTILINE)[1] == cited[key]
    assert cited["license"] in (ROOT / "LICENSE").read_text()


PEOPLE = [
    {"name": "The Lab"},
    {"family-names": "de la Ñ", "given-names": "Ada"},
]


def test_people_and_groups_are_named_as_each_registry_wants(tmp_path):
    cited = read_citation(ROOT / CITATION) | {"authors": PEOPLE}
    assert [entry["name"] for entry in zenodo(cited)["creators"]] == ["The Lab", "de la Ñ, Ada"]
    group, person = codemeta(cited)["author"]
    assert group == {"@type": "Organization", "name": "The Lab"}
    assert person == {"@type": "Person", "givenName": "Ada", "familyName": "de la Ñ"}
    assert codemeta(cited)["license"] == "https://spdx.org/licenses/MIT"
    assert "Sabatelli, Matthia; Kestemont, Mike" in zenodo(cited)["references"][0]
    assert zenodo({k: v for k, v in cited.items() if k != "references"})["references"] == []


def test_a_citation_that_lacks_something_is_a_message(tmp_path):
    (tmp_path / "c.cff").write_text("title: x\nlicense: MIT\n")
    with pytest.raises(StudyError, match=r"c\.cff: expected the keys abstract, version"):
        read_citation(tmp_path / "c.cff")
