"""A config that breaks the schema is one message, before any job starts; secrets stay secret."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from art_transfer.checks import load_study
from art_transfer.collect.web import Web
from art_transfer.config import read_files
from art_transfer.errors import StudyError
from builders import HASH, small_config
from museum_server import QUICK, MuseumServer, Reply
from workflow.conftest import copy_project, snakemake

from .conftest import WrongError, sampled
from .violations import Violation, base, broken, violations


def test_the_base_is_right():
    load_study(base(), Path())


def message(config: dict[str, Any]) -> str:
    try:
        load_study(config, Path())
    except StudyError as error:
        return str(error)
    raise WrongError("this config was taken")


@pytest.mark.parametrize(("name", "key", "value", "told"), sampled(map(tuple, violations()), 25))
def test_what_breaks_the_schema_is_told(name, key, value, told):
    text = message(broken(Violation(name, key, value, told)))
    assert text.startswith("the config is wrong:\n")
    assert told in text and len(text.splitlines()) <= 4, text


FILES = {
    "no yaml": b"study: [unclosed",
    "a list": b"- study",
    "a text": b"study",
    "nothing": b"",
    "not UTF-8": b"study: \xff\xfe",
    "control characters": b"study: a\0b",
    "a tag that runs code": b"study: !!python/object/apply:os.system ['touch owned']",
    "a key twice": b"study: a\n? [b]\n: c\n",
    "an alias of itself": b"study: &a [*a]",
    "tabs": b"study:\n\t- a",
    "two documents": b"study: a\n---\nstudy: b\n",
    "extends nothing": b"extends: nowhere.yaml\nstudy: a\n",
    "extends itself": b"extends: config.yaml\nstudy: a\n",
    "extends a folder": b"extends: .\nstudy: a\n",
    "extends a list": b"extends: [a]\nstudy: a\n",
    "a million laughs": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 106)
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_config_is_told(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_bytes(FILES[name])
    with pytest.raises(StudyError) as caught:
        load_study(read_files([path]), tmp_path)
    assert str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.yaml"]


def test_no_file_at_all_is_told(tmp_path):
    with pytest.raises(StudyError, match="there is no config file"):
        read_files([tmp_path / "nothing.yaml"])


def before_any_job(project: Path, *arguments: str) -> str:
    done = snakemake(project, "all", "--cores", "1", *arguments)
    assert done.returncode != 0
    for name in ("resources", "logs", "results/small"):
        assert not (project / name).exists(), f"a job has started: {name}"
    return done.stdout


REAL: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"threads": "many"}, "`threads`"),
    "unknown key": ({"sead": [1]}, "did you mean `seeds`?"),
    "missing": ({"methods": None}, "lacks the key `methods`"),
    "range": ({"collections__museum__max_unreadable_share": 2}, "max_unreadable_share"),
    "name": ({"experiments__table__inits": ["nowhere"]}, "'nowhere'"),
    "mapping": ({"tasks__type__mapping": "nowhere.csv"}, "nowhere.csv"),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[] if k == "type" else pytest.mark.full) for k in REAL]
)
def test_snakemake_stops_before_any_job(kind, tmp_path):
    changes, told = REAL[kind]
    project = copy_project(tmp_path)
    (project / "bad.yaml").write_text(yaml.safe_dump(small_config(**changes)))
    assert told in before_any_job(project, "--configfile", "bad.yaml")


SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "X-Api-Key": ({"web": {"headers": {"X-Api-Key": "s3cret"}}}, "X-Api-Key"),
    "Authorization": ({"web": {"headers": {"authorization": "Bearer s3cret"}}}, "authorization"),
    "Cookie": ({"web": {"headers": {"Cookie": "id=s3cret"}}}, "Cookie"),
    "a token": ({"web": {"headers": {"X-Token": "s3cret"}}}, "X-Token"),
    "apikey": ({"parameters": {"apikey": "s3cret"}}, "parameters.apikey"),
    "wskey": ({"parameters": {"wskey": "s3cret"}}, "parameters.wskey"),
    "a query": ({"address": "https://museum.example/x?q=a&apikey=s3cret"}, "json_api.address"),
    "a query of one": ({"record_address": "https://m.example/{id}?token=s3cret"}, "record_address"),
    "a login": ({"address": "https://me:s3cret@museum.example/x"}, "json_api.address"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_the_config_is_refused_and_not_repeated(kind):
    changes, told = SECRETS[kind]
    config = base()
    config["collections"]["json_api"] |= changes
    text = message(config)
    assert told in text and "s3cret" not in text


@pytest.mark.parametrize(
    "address", ["https://me:s3cret@m.example/w", "https://m.example/w?key=s3cret"]
)
def test_a_secret_deeper_in_the_config_is_refused_too(address):
    file = {"address": address, "hash": HASH, "expects": "unit"}
    table = {"address": address, "key": "id", "column": "image"}
    csv = {"source": "csv", "address": "https://m.example/a.csv", "images_table": table}
    csv["columns"] = {"object_id": "id"}
    places = {
        "inits.files.weights.demo_plain.address": {"inits__files__weights__demo_plain": file},
        "collections.museum.images_table.address": {"collections__museum": csv},
    }
    for key, changes in places.items():
        text = message(small_config(**changes))
        assert f"`{key}`" in text and "s3cret" not in text


def test_a_secret_that_is_not_set_is_told(monkeypatch):
    monkeypatch.delenv("MUSEUM_KEY", raising=False)
    with pytest.raises(StudyError, match=r"export MUSEUM_KEY="):
        Web(replace(QUICK, headers={"X-Api-Key": "${MUSEUM_KEY}"}), "tests@example.org")


@pytest.mark.full
def test_a_secret_reaches_the_museum_and_no_file(tmp_path, monkeypatch):
    """Not even where the museum refuses it, or sends us on to a host that is not its own."""
    secret = os.urandom(16).hex()  # one that stands in no test either
    monkeypatch.setenv("MUSEUM_KEY", secret)
    project = copy_project(tmp_path)
    with MuseumServer(lambda path, query: Reply(status=403)) as server:
        study = small_config()
        study["contact"] = "tests@example.org"
        study["collections"]["museum"] = {
            "source": "json_api",
            "address": f"{server.address}/list",
            "fields": {"object_id": "id", "image": "image"},
            "web": {"headers": {"X-Api-Key": "${MUSEUM_KEY}"}},
        }
        (project / "study.yaml").write_text(yaml.safe_dump(study))
        targets = ["resources/museum/objects.parquet", "results/small/run_config.yaml"]
        done = snakemake(project, *targets, "-k", "--cores", "1", "--configfile", "study.yaml")
        assert done.returncode != 0 and "status 403" in done.stdout
        assert server.headers[0]["x-api-key"] == secret
    assert (project / "results/small/run_config.yaml").is_file()
    assert secret not in done.stdout
    for path in project.rglob("*"):
        if path.is_file() and secret.encode() in path.read_bytes():
            raise WrongError(f"the secret stands in {path}")
