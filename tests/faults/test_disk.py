"""Real disks that are full, read-only or forbidden: a message, nothing lost, and on after that."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.archive.locks import pack_lock
from art_transfer.archive.manifest import write_manifest
from art_transfer.archive.pack import pack
from art_transfer.collect.archives import download_file
from art_transfer.collect.downloads import download_images
from art_transfer.collect.shards import write_shard
from art_transfer.collect.source import FetchedImage
from art_transfer.collect.store import Store
from art_transfer.collect.weights import fetch_weights
from art_transfer.errors import StudyError
from art_transfer.files import need, refusal, write_json, write_text, write_yaml
from art_transfer.formats import OBJECTS, write_csv, write_parquet
from art_transfer.prepare.looks import SIDE, write_looks
from art_transfer.prepare.pixels import write_pixels
from art_transfer.provenance import write_sha256
from art_transfer.settings import Pixels
from builders import ROOT, file_of, noise, objects_of
from museum_server import MuseumServer, Reply, visit

from .conftest import LostError

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"),
    reason="only root can mount a small disk",
)
SIZE = 6_000_000
SMALLEST = 100  # bytes; no writer's file is as small
BIG = noise(300, 300)  # 270,000 bytes that do not shrink


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", folder])
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    yield folder
    os.seteuid(0)
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def quota(tmp_path: Path) -> Iterator[Path]:
    """A folder of a disk with much room, of which it may use little more than it does."""
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("there is no mkfs.btrfs (apt-get install btrfs-progs)")
    image, mount = tmp_path / "image", tmp_path / "mount"
    mount.mkdir()
    with image.open("wb") as stream:
        stream.truncate(150_000_000)
    subprocess.run(["mkfs.btrfs", "--quiet", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, mount]).returncode:
        pytest.skip("this machine lets nobody mount a btrfs")
    subprocess.run(["btrfs", "quota", "enable", mount], check=True)
    subprocess.run(["btrfs", "subvolume", "create", mount / "mine"], check=True)
    yield mount / "mine"
    subprocess.run(["umount", "-l", mount], check=True)


def image(n: int = 0) -> bytes:
    return file_of(BIG[n:])


def shard(d: Path) -> None:
    images = [FetchedImage(str(n), image(n), "ok") for n in range(4)]
    write_shard(images, "0000", d / "0000.zip", d / "0000.csv")


def looks(d: Path) -> None:
    write_looks([("a", image())] * 60, 60, d / "looks.npy")  # 245,760 bytes


def store(d: Path) -> None:
    with Store(d / "kept.sqlite", "x") as kept:
        records = [(str(n), np.random.default_rng(n).bytes(9000).hex()) for n in range(90)]
        kept.keep(records, "end")


def images(d: Path) -> None:
    objects = pd.DataFrame({"object_id": list("abcd"), "image": list("0123")})
    with MuseumServer(lambda path, query: Reply(image(int(path[-1])), type="image/png")) as museum:
        found = list(download_images(objects, lambda i: f"{museum.address}/{i}", visit(d), "s"))
    assert [i.status for i in found] == ["ok"] * 4


def archive(d: Path, path: str = "/a.tar") -> None:
    reply = Reply(BIG.tobytes() * 3, type="application/x-tar", ranges=True, headers={"ETag": '"1"'})
    with MuseumServer(lambda p, query: reply) as museum:
        download_file(visit(d), museum.address + path, d / "a.tar")


def weights(d: Path) -> None:
    source = d.parent / "w.h5"
    source.write_bytes(BIG.tobytes())
    import hashlib

    digest = hashlib.sha256(BIG.tobytes()).hexdigest()
    fetch_weights(str(source), f"sha256:{digest}", d / "weights.h5")


def study(d: Path) -> Path:
    """A study on another disk."""
    folder = d.parent / "results" / "small"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "big.csv").write_bytes(BIG.tobytes())
    write_manifest(folder)
    return folder


def figure(d: Path) -> None:
    from art_transfer.report.style import save, styled
    from matplotlib.figure import Figure

    with styled():
        made = Figure()
        made.add_subplot().imshow(BIG)
        save(made, d / "f.pdf", d / "f.png")


def lock(d: Path) -> None:
    museum = d.parent / "museum"
    (museum / "source.lock").mkdir(parents=True, exist_ok=True)
    (museum / "source.lock.yaml").write_text("x: 1\n")
    (museum / "source.lock" / "a.csv").write_bytes(BIG.tobytes())
    pack_lock(museum, d / "museum.lock.zip")


def manifest(d: Path) -> None:
    (d / "sealed").mkdir(exist_ok=True)
    write_manifest(d / "sealed")


def record(d: Path) -> None:
    write_sha256(d / "finished")


TEXTS = pd.DataFrame({"object_id": [row.tobytes().hex() for row in BIG.reshape(-1, 90)]})
WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda d: write_text(d / "new" / "a.txt", BIG.tobytes().hex()),
    "json": lambda d: write_json(d / "a.json", BIG[:60].tolist()),
    "yaml": lambda d: write_yaml(d / "a.yaml", {"x": BIG.tobytes().hex()}),
    "csv": lambda d: write_csv(d / "a.csv", TEXTS),
    "parquet": lambda d: write_parquet(
        d / "a.parquet", objects_of({i: ["x"] for i in TEXTS["object_id"]}), OBJECTS
    ),
    "shard": shard,
    "pixels": lambda d: write_pixels(
        [("a", image())], 1, 300, Pixels("stretch", "nearest"), d / "0000.npy"
    ),
    "looks": looks,
    "store": store,
    "images": images,
    "archive": archive,
    "weights": weights,
    "figure": figure,
    "lock": lock,
    "pack": lambda d: pack(study(d), d / "small.tar"),
}
SMALL: dict[str, Callable[[Path], object]] = {"manifest": manifest, "sha256": record}


def fill(folder: Path, leave: int) -> None:
    with (folder / "ballast").open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    os.truncate(folder / "ballast", max(0, (folder / "ballast").stat().st_size - leave))


def check_told(write: Callable[[Path], object], folder: Path) -> str:
    """The writer says what is wrong, and leaves neither a half file nor harm to a whole one."""
    whole = (folder / "finished").read_bytes()
    with pytest.raises(StudyError) as caught:
        try:
            write(folder)
        except Exception as error:  # what the job's frame turns into a message (job.logged)
            if isinstance(error, StudyError) or not refusal(error):
                raise
            raise StudyError(f"{folder}: {refusal(error)}: start again") from error
    if (folder / "finished").read_bytes() != whole:
        raise LostError("a finished file is another one")
    half = [p.name for p in folder.rglob("*") if p.is_file() and p.name.startswith(".part.")]
    assert not half or not os.access(folder, os.W_OK), half
    text = str(caught.value)
    assert str(folder) in text and ("start again" in text or "the disk has" in text), text
    return text


def check_goes_on(write: Callable[[Path], object], folder: Path) -> None:
    write(folder)
    assert (folder / "finished").read_bytes() == b"finished work"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if n in ("csv", "pixels", "looks", "store") else pytest.mark.full)
        for n in WRITERS
    ],
)
@pytest.mark.parametrize(
    "kind", ["full", "nearly full", "out of names", "files limited", "read-only", "forbidden"]
)
def test_a_disk_that_takes_nothing_is_told(kind, name, disk):
    (disk / "finished").write_bytes(b"finished work")
    if kind in ("full", "nearly full"):
        fill(disk, 0 if kind == "full" else 90_000)
    elif kind == "out of names":
        used = os.statvfs(disk).f_files - os.statvfs(disk).f_ffree
        subprocess.run(["mount", "-o", f"remount,nr_inodes={used}", disk], check=True)
    elif kind == "files limited":  # as `ulimit -f`, which many clusters set
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALLEST, resource.RLIM_INFINITY))
    elif kind == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    else:
        for folder in disk.parents:
            if not folder.stat().st_mode & 0o005:  # pytest's own are for nobody else
                folder.chmod(0o755)
        disk.chmod(0o555)
        os.seteuid(65534)
    try:
        check_told(WRITERS[name], disk)
    finally:
        os.seteuid(0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    (disk / "ballast").unlink(missing_ok=True) if kind.endswith("full") else None
    subprocess.run(["mount", "-o", "remount,rw,nr_inodes=1000", disk], check=True)
    disk.chmod(0o755)
    check_goes_on(WRITERS[name], disk)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == "pixels" else pytest.mark.full) for n in WRITERS]
)
def test_a_quota_that_is_used_up_is_told(name, quota):
    """Of a quota nobody is told how much is left: the disk itself has room."""
    (quota / "finished").write_bytes(b"finished work")
    subprocess.run(["btrfs", "qgroup", "limit", "200K", quota], check=True)
    assert "quota" in check_told(WRITERS[name], quota)
    subprocess.run(["btrfs", "qgroup", "limit", "none", quota], check=True)
    check_goes_on(WRITERS[name], quota)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_file_on_a_full_disk_is_told(name, disk):
    (disk / "finished").write_bytes(b"finished work")
    (disk / "sealed").mkdir()
    (disk / "sealed" / "a").write_bytes(b"")
    fill(disk, 0)
    check_told(SMALL[name], disk)
    (disk / "ballast").unlink()
    check_goes_on(SMALL[name], disk)


def test_the_space_that_arrays_need_is_told_before_any_is_decoded(disk):
    def never() -> Iterator[tuple[str, bytes]]:
        raise AssertionError("decoded in vain")
        yield

    with pytest.raises(StudyError, match=r"will need 150528000 bytes, but the disk has \d+"):
        write_pixels(never(), 1000, 224, Pixels("stretch", "nearest"), disk / "0000.npy")
    with pytest.raises(StudyError, match=rf"will need {2000 * SIDE**2} bytes, but the disk has"):
        write_looks(never(), 2000, disk / "looks.npy")
    assert list(disk.iterdir()) == []
    need(disk / "x", 1000)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["features", "model", "state"])
def test_a_training_on_a_full_disk_is_told(kind, disk):
    import keras
    from art_transfer.train.backbones import build
    from art_transfer.train.features import extract
    from art_transfer.train.run_folder import write_model
    from art_transfer.train.state import State
    from training_data import RANDOM, architecture, museum, split_table

    model = build(architecture("demo_plain"), RANDOM, "")
    stopping = keras.callbacks.EarlyStopping()
    stopping.set_model(model)
    stopping.on_train_begin()
    (disk / "finished").write_bytes(b"finished work")
    pixels = museum(disk.parent, split_table(2000, 9, 9))
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    stopping.best_weights = model.get_weights()
    state = State(disk / "state", {}, seconds=0)
    writers: dict[str, Callable[[Path], object]] = {
        "features": lambda d: extract(model, pixels, "unit", d / "unit.npy", d / "unit.csv"),
        "model": lambda d: write_model(model, d / "model.keras"),
        "state": lambda d: state.save(model, stopping, 1, 1),
    }
    fill(disk, 40_000)
    check_told(writers[kind], disk)
    (disk / "ballast").unlink()
    check_goes_on(writers[kind], disk)


JOB = """
import sys
sys.path.insert(0, sys.argv[1])
from art_transfer.job import logged
from art_transfer.files import write_text
with logged(sys.argv[2] + "/job.log"):
    {body}
"""
BODIES = {
    "a table": 'write_text(sys.argv[2] + "/table.csv", "x" * 10**7)',
    "a file of a library": 'open(sys.argv[2] + "/raw", "w").write("x" * 10**7)',
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["full", "nearly full"])
def test_a_job_on_a_full_disk_ends_with_a_message_though_its_log_has_no_room(kind, body, disk):
    (disk / "job.log").write_bytes(b"")
    fill(disk, 0 if kind == "full" else 8192)
    script = JOB.format(body=BODIES[body])
    done = subprocess.run(
        [sys.executable, "-c", script, ROOT / "workflow/scripts", disk],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (1, 120)  # 120: what Python had still to write finds no room either
    assert done.stderr.startswith("error: ") and "No space left on device" in done.stderr
    assert "start again" in done.stderr and "Traceback" not in done.stderr
    assert not (disk / "table.csv").exists()
