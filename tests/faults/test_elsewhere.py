"""Files and addresses from elsewhere run no code, lead nowhere else, and come out escaped."""

import dataclasses
import hashlib
import io
import pickle
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import challenge
import numpy as np
import pytest
from art_transfer.archive.locks import restore_locks
from art_transfer.archive.manifest import write_manifest
from art_transfer.archive.pack import pack, unpack
from art_transfer.arrays import read_array
from art_transfer.collect.sources import hosts
from art_transfer.collect.transport import UnansweredError
from art_transfer.collect.web import Web
from art_transfer.collect.weights import fetch_weights
from art_transfer.errors import StudyError
from art_transfer.report.grid import Cell, Grid, latex, markdown
from museum_server import QUICK, MuseumServer, Reply
from test_report_catalogue import HOSTILE, museum, page

from .conftest import WrongError, sampled

OWNED = Path("/tmp/art-transfer-owned")


class Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(OWNED), "w"))


@pytest.fixture(autouse=True)
def nothing_ran() -> Iterator[None]:
    OWNED.unlink(missing_ok=True)
    yield
    if OWNED.exists():
        OWNED.unlink()
        raise WrongError("code from elsewhere has run")


@pytest.mark.parametrize("kind", ["npy", "npz", "plain pickle"])
def test_a_pickle_in_an_array_is_refused(kind, tmp_path):
    path = tmp_path / "unit.npy"
    with path.open("wb") as stream:
        objects = np.array([Bomb()], dtype=object)
        if kind == "npy":
            np.save(stream, objects, allow_pickle=True)
        elif kind == "npz":
            np.savez(stream, objects, allow_pickle=True)
        else:
            pickle.dump(Bomb(), stream)
    with pytest.raises(StudyError, match=r"unit\.npy"):
        read_array(path, np.float32, 2)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["lambda", "a class of ours", "a function", "a pickled state"])
def test_a_model_runs_no_code(kind, tmp_path):
    import keras
    from art_transfer.train.backbones import build
    from art_transfer.train.state import State
    from training_data import CHECKPOINT, architecture

    path = tmp_path / "model.keras"
    if kind == "a pickled state":
        folder = tmp_path / "state" / "epoch-0001"
        folder.mkdir(parents=True)
        with (folder / "arrays.npz").open("wb") as stream:
            np.savez(stream, np.array([Bomb()], dtype=object), allow_pickle=True)
        (folder / "state.json").write_text("{}")
        assert State(tmp_path / "state", {}).saved is None
        return
    inputs = keras.Input((32, 32, 3))
    layer = keras.layers.Lambda(lambda x: OWNED.touch() or x)
    if kind == "lambda":
        try:
            keras.Model(inputs, layer(inputs)).save(path)
        finally:
            OWNED.unlink(missing_ok=True)
    else:
        keras.Model(inputs, keras.layers.Flatten(name="features")(inputs)).save(path)
        module, name = ("subprocess", "Popen") if kind == "a function" else ("mine", "Layer")
        with zipfile.ZipFile(path) as archive:
            members = {n: archive.read(n) for n in archive.namelist()}
        config = members["config.json"].replace(b"keras.layers", module.encode(), 1)
        members["config.json"] = config.replace(b"InputLayer", name.encode(), 1)
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
    with pytest.raises(StudyError, match=r"model\.keras"):
        build(architecture("demo_plain"), CHECKPOINT, path)


ADDRESSES = ["file:///etc/passwd", "ftp://127.0.0.1/x", "/no/such/file", "http://127.0.0.1:9/x"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_weights_come_from_files_and_the_web_only(address, tmp_path):
    digest = hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest()
    with pytest.raises(StudyError, match="weights"):
        fetch_weights(address, f"sha256:{digest}", tmp_path / "w.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
@pytest.mark.parametrize("kind", ["changed", "cut", "longer", "empty"])
def test_weights_of_another_hash_are_not_kept(algorithm, kind, tmp_path):
    good = bytes(range(256)) * 40
    bad = {"changed": b"x" + good[1:], "cut": good[:-1], "longer": good + b"\0", "empty": b""}
    digest = hashlib.new(algorithm, good).hexdigest()
    with (
        MuseumServer(lambda path, query: Reply(bad[kind], type="application/octet-stream")) as web,
        pytest.raises(StudyError, match="another file than the study was planned with"),
    ):
        fetch_weights(f"{web.address}/w.h5", f"{algorithm}:{digest}", tmp_path / "w.h5")
    assert list(tmp_path.iterdir()) == []


def sealed(folder: Path) -> Path:
    """A study with a seal, packed; it is unpacked elsewhere."""
    study = folder / "results" / "small"
    study.mkdir(parents=True)
    (study / "run_config.yaml").write_text("study: small\n")
    import gzip

    (study / "records.jsonl.gz").write_bytes(gzip.compress(b""))
    write_manifest(study)
    archive = folder / "small.tar"
    pack(study, archive)
    shutil.rmtree(folder / "results")
    return archive


def member(name: str, data: bytes = b"owned", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    return challenge.member(name, data, **fields)


TOP = "results/small"
MEMBERS: dict[str, tuple[tarfile.TarInfo, bytes]] = {
    "up": member("../owned"),
    "up from inside": member(f"{TOP}/../../owned"),
    "up far": member(f"{TOP}/" + "../" * 20 + "tmp/art-transfer-owned"),
    "absolute": member("/tmp/art-transfer-owned"),
    "link": member(f"{TOP}/link", b"", type=tarfile.SYMTYPE, linkname="/tmp"),
    "link inside": member(f"{TOP}/link", b"", type=tarfile.SYMTYPE, linkname="run_config.yaml"),
    "hard link": member(f"{TOP}/link", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "device": member(f"{TOP}/zero", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "block device": member(f"{TOP}/disk", b"", type=tarfile.BLKTYPE),
    "pipe": member(f"{TOP}/pipe", b"", type=tarfile.FIFOTYPE),
    "folder": member(f"{TOP}/folder", b"", type=tarfile.DIRTYPE),
    "another study": member("results/other/run_config.yaml"),
    "beside results": member("workflow/scripts/owned.py"),
    "not sealed": member(f"{TOP}/tables/more.csv"),
    "changed": member(f"{TOP}/run_config.yaml"),
    "hidden": member(f"{TOP}/.bashrc"),
    "a windows path": member(f"{TOP}/..\\..\\owned"),
}


@pytest.mark.parametrize("kind", MEMBERS)
def test_an_archive_that_attacks_is_not_unpacked(kind, tmp_path):
    archive = sealed(tmp_path)
    with tarfile.open(archive, "a") as tar:
        info, data = MEMBERS[kind]
        tar.addfile(info, io.BytesIO(data))
    project = tmp_path / "deep" / "project"
    project.mkdir(parents=True)
    with pytest.raises(StudyError, match=r"small\.tar"):
        unpack(archive, project)
        raise WrongError(kind)
    left = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")]
    assert sorted(left) == ["deep", "deep/project", "deep/project/results", "small.tar"]


def sparse(path: Path) -> None:
    """A tar of some kilobytes whose one file would have a terabyte."""
    (path / TOP).mkdir(parents=True)
    with (path / TOP / "holes").open("wb") as stream:
        stream.truncate(1 << 40)
    command = ["tar", "--sparse", "--format=gnu", "-cf", "small.tar", f"{TOP}/holes"]
    subprocess.run(command, cwd=path, check=True)
    shutil.rmtree(path / TOP)


BROKEN: dict[str, Callable[[Path], object]] = {
    "a terabyte of holes": sparse,
    "empty": lambda p: (p / "small.tar").write_bytes(b""),
    "cut": lambda p: (p / "small.tar").write_bytes((p / "small.tar").read_bytes()[:700]),
    "zeros": lambda p: (p / "small.tar").write_bytes(bytes(10240)),
    "a web page": lambda p: (p / "small.tar").write_bytes(b"<html></html>"),
    "gone": lambda p: (p / "small.tar").unlink(),
    "another seal": lambda p: (p / "small.tar").write_bytes(
        (p / "small.tar").read_bytes().replace(b"study: small", b"study: large")
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_archive_is_not_unpacked(kind, tmp_path):
    sealed(tmp_path)
    BROKEN[kind](tmp_path)
    with pytest.raises(StudyError, match=r"small\.tar"):
        unpack(tmp_path / "small.tar", tmp_path)
    assert list((tmp_path / "results").iterdir()) == []


def test_a_lock_brings_nothing_but_itself(tmp_path):
    """A stranger's archive could bring a museum's objects along with its lock."""
    packed = tmp_path / "study" / "sources" / "museum.lock.zip"
    packed.parent.mkdir(parents=True)
    names = ["source.lock.yaml", "source.lock/images.csv", "objects.parquet", "../../owned"]
    names += ["/tmp/art-transfer-owned", "source.lock/../../owned.csv", "source.lock/x.py"]
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    restore_locks(tmp_path / "study", tmp_path)
    found = {p.name for p in (tmp_path / "resources").rglob("*") if p.is_file()}
    assert found <= {"source.lock.yaml", "images.csv"} and not (tmp_path / "owned").exists()


PRIVATE = [
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://[::1]:{port}/x",
    "http://2130706433:{port}/x",
    "http://127.1:{port}/x",
    "http://0177.0.0.1:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://10.0.0.1/x",
    "http://192.168.1.1/x",
    "http://172.16.0.1/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/x",
    "http://[fd00::1]/x",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "gopher://127.0.0.1/x",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/x",
    "http:///x",
    "http://",
    "",
    "x",
]
STRANGE = dataclasses.replace(
    QUICK, hosts=("museum.example",), other_hosts=("*",), retries=0, timeout=2
)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_image_s_address_leads_into_no_private_network(address):
    """What stands in a museum's metadata is asked for only if it is on the public web."""
    with MuseumServer(lambda path, query: Reply(b"secret")) as inside:
        where = address.replace("{port}", inside.address.rpartition(":")[2])
        with pytest.raises(UnansweredError):
            Web(STRANGE, "tests@example.org").get(where, "image/*")
            raise WrongError(f"{where} was asked")
        assert inside.asked == []


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "[::1]"])
def test_a_redirect_leads_into_no_private_network(host):
    with MuseumServer(lambda path, query: Reply(b"secret")) as inside:
        port = inside.address.rpartition(":")[2]
        inside.first["/page"] = [Reply(status=302, headers={"Location": f"http://{host}:{port}/x"})]
        with pytest.raises(UnansweredError, match="private network"):
            Web(dataclasses.replace(QUICK, other_hosts=("*",)), "tests@example.org").get(
                f"{inside.address}/page", "image/*"
            )
        assert inside.asked == ["/page"]


@pytest.mark.parametrize("others", [(), ("museum.example",), ("*.localhost",), ("LOCAL",)])
def test_a_host_that_the_config_does_not_name_is_not_asked(others, monkeypatch):
    """Neither for an image that the metadata name nor after a redirect."""
    monkeypatch.setattr("art_transfer.collect.transport._check_public", lambda request: None)
    web = Web(dataclasses.replace(QUICK, other_hosts=others), "tests@example.org")
    with MuseumServer(lambda path, query: Reply(b"fine")) as museum_:
        other = museum_.address.replace("127.0.0.1", "localhost")
        museum_.first["/page"] = [Reply(status=302, headers={"Location": f"{other}/x"})]
        for address in (f"{other}/x", f"{museum_.address}/page"):
            with pytest.raises(UnansweredError, match=r"other_hosts` name localhost; refused"):
                web.get(address, "image/*")
        assert museum_.asked == ["/page"]


@pytest.mark.parametrize("others", [("*",), ("localhost",), ("museum.example", "LOCAL*")])
def test_a_host_that_the_config_names_is(others, monkeypatch):
    monkeypatch.setattr("art_transfer.collect.transport._check_public", lambda request: None)
    web = Web(dataclasses.replace(QUICK, other_hosts=others), "tests@example.org")
    with MuseumServer(lambda path, query: Reply(b"fine")) as museum_:
        address = museum_.address.replace("127.0.0.1", "localhost")
        assert web.get(f"{address}/x", "image/*") == b"fine"


def test_a_secret_header_goes_to_the_config_s_hosts_only(monkeypatch):
    monkeypatch.setenv("MUSEUM_KEY", "s3cret")
    monkeypatch.setattr("art_transfer.collect.transport._check_public", lambda request: None)
    manners = dataclasses.replace(
        QUICK,
        headers={"X-Api-Key": "${MUSEUM_KEY}", "X-Plain": "1"},
        other_hosts=("localhost",),
    )
    with MuseumServer(lambda path, query: Reply(b"fine")) as museum_:
        other = museum_.address.replace("127.0.0.1", "localhost")
        museum_.first["/page"] = [Reply(status=302, headers={"Location": f"{other}/x"})]
        Web(manners, "tests@example.org").get(f"{museum_.address}/page", "image/*")
        assert [h.get("x-api-key") for h in museum_.headers] == ["s3cret", None]
        assert [h["x-plain"] for h in museum_.headers] == ["1", "1"]


def test_the_config_s_hosts_are_those_of_its_addresses():
    block = {"address": "https://a.example/x", "image_lookup": {"address": "http://b.example/{id}"}}
    assert hosts(block | {"title": "see https://c.example", "n": [5]}) == {"a.example", "b.example"}


TEXTS = [
    *HOSTILE,
    r"\write18{touch /tmp/art-transfer-owned}",
    r"\input{/etc/passwd}",
    r"\immediate\openout5=/tmp/art-transfer-owned",
    r"}\end{table}\write18{x}",
    r"100% $x^2$ #1 a_b ~ {c} & \\",
    r"\catcode`\%=12",
    "| a | b |",
    "[x](javascript:alert(1))",
    "![x](http://tracker.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "# heading",
    "`code`",
    "*bold* _it_ ~~no~~",
    "a\nb\n\n---\n",
]


@pytest.mark.parametrize("text", sampled(TEXTS, 2))
def test_a_hostile_label_is_text_in_latex(text):
    written = latex(Grid(text, [text, "n"], 1, [[[Cell(text), Cell("1")]]], [text]))
    calm = latex(Grid("x", ["x", "n"], 1, [[[Cell("x"), Cell("1")]]], ["x"]))
    bare = re.sub(r"\\text\w+(\{\}| )?|\\[&%$#_{}]", "", written)
    commands = set(re.findall(r"\\[A-Za-z]+", bare)) - set(re.findall(r"\\[A-Za-z]+", calm))
    if commands:
        raise WrongError(f"LaTeX would run {commands}")
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[$#~^]", re.sub(r"\\[A-Za-z]+", "", bare).replace("~", ""))


@pytest.mark.parametrize("text", sampled(TEXTS, 2))
def test_a_hostile_label_is_text_in_markdown(text):
    written = markdown(Grid(text, [text, "n"], 1, [[[Cell(text), Cell("1")]]], [text]))
    calm = markdown(Grid("x", ["x", "n"], 1, [[[Cell("x"), Cell("1")]]], ["x"]))
    bare = re.sub(r"\\[^\w\s]", "", written)
    assert len(written.splitlines()) == len(calm.splitlines()), "a line more is a row more"
    if re.search(r"<[a-zA-Z/!]|\]\(|^#", bare, re.MULTILINE):
        raise WrongError(f"Markdown would show {bare}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver")
    if not shutil.which("chromedriver") or not shutil.which("chromium"):
        pytest.skip("there is no Chromium to open pages in")
    options = selenium.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    driver = selenium.Chrome(
        options=options, service=selenium.ChromeService(shutil.which("chromedriver"))
    )
    yield driver
    driver.quit()


SCRIPTS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg onload=\"document.title='owned'\">",
    "\"><script>document.title='owned'</script>",
    "</title><script>document.title='owned'</script>",
    "' autofocus onfocus='document.title=`owned`",
    "<iframe src=\"javascript:parent.document.title='owned'\">",
    "--><script>document.title='owned'</script>",
]


@pytest.mark.full
@pytest.mark.parametrize("text", SCRIPTS)
def test_a_script_as_a_title_does_not_run_in_a_browser(text, browser, tmp_path):
    objects = museum(title=text, creators=[text], date=text, rights=text, source_url=text)
    objects["materials"] = [[text]] * 5 + [[f"b{text}"]] * 7
    path = tmp_path / "page.html"
    path.write_text(page(objects, {text: text}), encoding="utf-8")
    browser.get(path.as_uri())
    if browser.title == "owned":
        raise WrongError("the script has run")
    assert text.strip() in browser.execute_script("return document.body.innerText")
    assert browser.execute_script("return document.scripts.length") == 0
