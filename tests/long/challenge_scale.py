"""The Rijksmuseum Challenge at its real size: seconds, records per second and peak memory.

    python tests/long/challenge_scale.py [RECORDS [SHARDS]]

Makes both archives in a temporary folder (2 GB at 112,000 records), serves them on loopback, and
runs each step in a process of its own, for its peak memory: the rule `objects`, then the rule
`images` shard by shard. Ends with an error where objects or images are missing.
"""

import io
import multiprocessing
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "unit")]

from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge  # noqa: E402
from art_transfer.collect.shards import read_shard, shard_of, write_shard  # noqa: E402
from art_transfer.formats import OBJECTS, read_parquet, write_parquet_parts  # noqa: E402
from challenge import ARTICLE, figshare, jpeg, member, record  # noqa: E402
from museum_server import visit  # noqa: E402


def object_id(number: int) -> str:
    """An id for each number, in another order."""
    return f"RP-P-OB-{number * 7919 % 1_000_003:06d}"


def main(records: int, shards: int) -> None:
    """Run all steps and print their figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"xml2.tar": b"", "jpg2.tar": b""}
        for archive, write in (("xml2.tar", write_records), ("jpg2.tar", write_images)):
            write(folder / archive, records)
            files[archive] = (folder / archive).read_bytes()
            print(f"{archive}: {len(files[archive]) / 1e6:.0f} MB")
        with figshare(files) as server:
            museum = RijksmuseumChallenge(server.address + ARTICLE, "xml2.tar", "jpg2.tar", 0.01)
            measure("download, tar to objects.parquet", records, read_objects, museum, folder)
            measure("again, from the kept archive", records, read_objects, museum, folder)
            measure(f"{shards} image shards", records, cut_images, museum, folder, shards)
        objects = len(read_parquet(folder / "objects.parquet", OBJECTS))
        found = sum(
            1
            for path in sorted(folder.glob("*.zip"))
            for object_id, data in read_shard(path, path.with_suffix(".csv"))
            if data
        )
        print(f"{objects} objects, {found} images")
        if not objects == found == records:
            sys.exit("not all objects and images came")


def write_records(path: Path, records: int) -> None:
    """The tar of records."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(1, records + 1):
            info, data = member(
                f"xml2/{number:07d}_{object_id(number)}.xml",
                record(object_id(number), description=["Een prent. " * 40]),
            )
            archive.addfile(info, io.BytesIO(data))


def write_images(path: Path, records: int) -> None:
    """The tar of small JPEGs."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(1, records + 1):
            info, data = member(f"jpg2/{number:07d}_{object_id(number)}.jpg", jpeg(number))
            archive.addfile(info, io.BytesIO(data))


def read_objects(museum: RijksmuseumChallenge, folder: Path) -> None:
    """As the rule ``objects`` does."""
    tables = museum.read(visit(folder / "kept"))
    write_parquet_parts(folder / "objects.parquet", tables, OBJECTS)


def cut_images(museum: RijksmuseumChallenge, folder: Path, shards: int) -> None:
    """As the rule ``images`` does, for all shards."""
    objects = read_parquet(folder / "objects.parquet", OBJECTS)
    of = objects["object_id"].map(lambda i: shard_of(i, shards))
    for shard, mine in objects.groupby(of):
        images = museum.images(mine, visit(folder / "kept"), str(shard))
        write_shard(images, str(shard), folder / f"{shard}.zip", folder / f"{shard}.csv")


def measure(what: str, records: int, step: Callable[..., None], *arguments: object) -> None:
    """Run a step in a new process and print its figures."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_measured, args=(results, step, *arguments))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{what}: failed")
    seconds, processor, megabytes = results.get()
    print(
        f"{what}: {seconds:.1f} s ({processor:.1f} s of processor), "
        f"{records / seconds:.0f} records/s, peak {megabytes:.0f} MB",
        flush=True,
    )


def _measured(
    results: "multiprocessing.Queue", step: Callable[..., None], *arguments: object
) -> None:
    began = time.monotonic()
    step(*arguments)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    processor = usage.ru_utime + usage.ru_stime
    results.put((time.monotonic() - began, processor, peak()))


def peak() -> float:
    """This process's peak memory in MB; getrusage would give that of its parent, were it larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


if __name__ == "__main__":
    main(*(int(value) for value in (sys.argv[1:] + ["112000", "24"][len(sys.argv) - 1 :])))
