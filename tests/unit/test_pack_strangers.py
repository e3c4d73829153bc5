"""An archive from elsewhere may be made up from end to end: it is refused, and nothing is left."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from art_transfer.archive.pack import unpack
from art_transfer.archive.verify import wrong_hashes
from art_transfer.errors import StudyError

RECORDS = {"records.jsonl.gz": gzip.compress(b"")}
FIGURE = "figures/one.png"


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "sha256: x\n" * 9)
    return stream.getvalue()


def line(name: str, data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


def study(files: dict[str, bytes], more: dict[str, str] | None = None) -> dict[str, bytes]:
    """A study's files with the seal that they ask for; ``more`` lines by seal."""
    seals = {"MANIFEST.sha256": "".join(line(n, d) for n, d in files.items())}
    for name, lines in (more or {}).items():
        seals[name] = seals.get(name, "") + lines
    return files | {name: text.encode() for name, text in seals.items()}


def packed(folder: Path, files: dict[str, bytes], top: str = "results/small/") -> Path:
    with tarfile.open(folder / "small.tar", "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{top}{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return folder / "small.tar"


def laid_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def refused(archive: Path, folder: Path, expected: str) -> None:
    """Unpacking says so, and leaves neither a study nor records nor locks."""
    project = folder / "deep" / "project"
    project.mkdir(parents=True)
    before = set(folder.rglob("*"))
    with pytest.raises(StudyError, match=expected) as error:
        unpack(archive, project)
    assert "/results/." not in str(error.value), "a folder that is gone"
    assert set(folder.rglob("*")) - before == {project / "results"}


@pytest.mark.parametrize("name", [FIGURE, "figures/new.png", "runs/a/model.keras", "model.keras"])
def test_a_second_seal_vouches_for_nothing_but_checkpoints(name, tmp_path):
    forged = {FIGURE: b"forged", "figures/new.png": b"new", "model.keras": b"top"}
    forged["runs/a/model.keras"] = b"forged"
    sealed = study(RECORDS | {FIGURE: b"true", "runs/a/model.keras": b"true"})
    sealed |= {name: forged[name], "CHECKPOINTS.sha256": line(name, forged[name]).encode()}
    expected = rf"CHECKPOINTS\.sha256: found {name}; expected checkpoints alone"
    with pytest.raises(StudyError, match=expected):
        list(wrong_hashes(laid_out(tmp_path / "study", sealed)))
    refused(packed(tmp_path, sealed), tmp_path, r"small\.tar/" + expected)


def test_a_second_seal_vouches_for_checkpoints(tmp_path):
    sealed = study(RECORDS, {"CHECKPOINTS.sha256": line("runs/a/model.keras", b"net")})
    whole = sealed | {"runs/a/model.keras": b"net"}
    results = unpack(packed(tmp_path, whole), tmp_path)
    assert list(wrong_hashes(results)) == []
    (results / "runs/a/model.keras").write_bytes(b"another")
    assert len(list(wrong_hashes(results))) == 1
    other = sealed | {"runs/a/model.keras": b"another"}
    refused(packed(tmp_path, other), tmp_path, r"1 files are damaged, such as runs/a/model\.keras")


@pytest.mark.parametrize("seal", ["MANIFEST.sha256", "CHECKPOINTS.sha256"])
@pytest.mark.parametrize(
    "name", ["../../model.keras", "/etc/model.keras", "runs/../../../model.keras", ".."]
)
def test_a_seal_names_no_file_outside_the_study(name, seal, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"mine")
    sealed = study(RECORDS, {seal: line(name, b"mine")})
    expected = rf"{seal}: '{name}' leads out of the study"
    with pytest.raises(StudyError, match=expected):
        list(wrong_hashes(laid_out(tmp_path / "results" / "study", sealed)))
    refused(packed(tmp_path, sealed), tmp_path, r"small\.tar/" + expected)


STATE = "state/runs/museum/type/vgg19/imagenet/head/seed-1/epoch-0100/state.json"


@pytest.mark.parametrize(
    "name", [STATE, "features/a.npy", "export/a.h5", "figures/.hidden", "sources/...lock.zip"]
)
def test_a_seal_names_nothing_that_no_archive_has(name, tmp_path):
    """A training here would go on from a stranger's state, and find his numbers.

    `sources/...lock.zip` is of the museum `..`, whose folder would be the project's own.
    """
    sealed = study(RECORDS | {name: b"forged"})
    expected = rf"MANIFEST\.sha256: found {name}, which no archive has"
    with pytest.raises(StudyError, match=expected):
        list(wrong_hashes(laid_out(tmp_path / "study", sealed)))
    refused(packed(tmp_path, sealed), tmp_path, expected)


def test_a_seal_names_no_folder(tmp_path):
    sealed = study(RECORDS, {"MANIFEST.sha256": line(".", b"mine")})
    refused(packed(tmp_path, sealed), tmp_path, r"MANIFEST\.sha256: found \., which no archive has")


def test_a_seal_names_each_file_once(tmp_path):
    """`sha256sum --check` would find the first line wrong."""
    sealed = study(RECORDS | {FIGURE: b"forged"}, {"MANIFEST.sha256": ""})
    lines = line(FIGURE, b"true").encode() + sealed["MANIFEST.sha256"]
    refused(packed(tmp_path, sealed | {"MANIFEST.sha256": lines}), tmp_path, "stands twice")


@pytest.mark.parametrize("text", ["x\n", f"{'0' * 64} *run_config.yaml\n", "\udcff" * 70])
def test_a_seal_that_is_none_is_told_of(text, tmp_path):
    files = study(RECORDS) | {"MANIFEST.sha256": text.encode(errors="surrogateescape")}
    refused(packed(tmp_path, files), tmp_path, "expected lines of a hash and a path")


@pytest.mark.parametrize("name", ["A.lock.zip", "a b.lock.zip"])
def test_a_lock_is_of_a_museum(name, tmp_path):
    files = study(RECORDS | {f"sources/{name}": zipped("source.lock.yaml")})
    refused(packed(tmp_path, files), tmp_path, rf"small\.tar/sources/{name}: expected the name of")


LOCK = zipped("source.lock.yaml")
LOCKS = {
    "none": b"",
    "a web page": b"<html>",
    "cut": LOCK[:40],
    "damaged": LOCK.replace(b"sha256: x\n", b"sha256: y\n"),
}


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_cannot_be_read_is_told_of_in_time(kind, tmp_path):
    files = study(RECORDS | {"sources/museum.lock.zip": LOCKS[kind]})
    expected = r"small\.tar/sources/museum\.lock\.zip: expected a zip file that is whole"
    refused(packed(tmp_path, files), tmp_path, expected)


def record(**changes: object) -> bytes:
    entry: dict[str, object] = {"path": "results/small/a.csv", "record": {"rule": "table"}}
    return gzip.compress(json.dumps(entry | changes).encode())


OTHER_RECORDS = {
    "not packed": b'{"path": "a", "record": {}}\n',
    "cut": record()[:-9],
    "no JSON": gzip.compress(b"table\n"),
    "a list": gzip.compress(b"[]\n"),
    "of no file": record(path=""),
    "of a number": record(path=7),
    "of no name": record(path="\ud800"),
    "a number": record(record=7),
    "of other kinds": record(record={"rule": [], "input": 7}),
}


@pytest.mark.parametrize("kind", OTHER_RECORDS)
def test_records_that_cannot_be_read_are_told_of_in_time(kind, tmp_path):
    files = study({"records.jsonl.gz": OTHER_RECORDS[kind]})
    expected = r"small\.tar/records\.jsonl\.gz: expected Snakemake's records"
    refused(packed(tmp_path, files), tmp_path, expected)


def test_a_seal_without_records_is_refused(tmp_path):
    files = study({"run_config.yaml": b"study: small\n"})
    refused(packed(tmp_path, files), tmp_path, r"small\.tar: MANIFEST\.sha256 has no records")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["results"], r"expected one folder results/STUDY, found \['results'\]"),
        ([""], r"expected one folder results/STUDY, found"),
        ([], r"expected one folder results/STUDY, found"),
        (["results", "results/small/a"], r"found \['results', 'results/small'\]"),
        (["results/small"], r"there is no MANIFEST\.sha256 in it"),
        (["results/small/a", "results/small/a/b"], "where another needs a folder"),
        (["results/small/a/b", "results/small/a"], "where another needs a folder"),
    ],
)
def test_a_tar_without_a_study_is_refused(names, expected, tmp_path):
    archive = packed(tmp_path, dict.fromkeys(names, b"x"), top="")
    refused(archive, tmp_path, rf"small\.tar: .*{expected}")
