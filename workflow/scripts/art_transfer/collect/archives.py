"""Large files, each fetched once and checked; after a break only the rest is fetched."""

import datetime
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import yaml
from tqdm import tqdm

from art_transfer.collect.part import Expected, Part
from art_transfer.collect.source import Visit
from art_transfer.collect.transport import NotThereError, UnansweredError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.files import write_yaml

_SLOWEST = 10_000  # bytes per second, below which a connection is as good as broken
_PROGRESS = 1_000_000  # bytes after which a connection that breaks counts as a new trouble
_OF_RANGES = (httpx2.codes.PARTIAL_CONTENT, httpx2.codes.REQUESTED_RANGE_NOT_SATISFIABLE)
_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _BrokenOffError(UnansweredError):
    """An answer ended early, or is not what was asked for; another one may be better."""


def download_file(
    visit: Visit, address: str, path: Path, size: int | None = None, md5: str = ""
) -> Path:
    """Download a file to ``path``, or do nothing where it is kept already; gives ``path``.

    ``size`` in bytes and ``md5`` are what the file must have, where its publisher says so. What
    came before a break lies in ``{name}.part`` and is not asked for again, if the host can send
    the rest. ``{name}.yaml`` beside the file says when and from where it came, its size and hashes.

    Raises StudyError where the file cannot be had, is another one than expected, or is no data but
    a web page or a Git LFS pointer; such a file is not kept.
    """
    if _is_kept(path, address, size, md5):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Part(path, Expected(address, size, md5))
    if not part.whole:
        _fetch(part, visit)
    sha256, found = _hashes(part.path)
    try:
        _check_head(address, _head(part.path))
        if md5 and found != md5:
            raise StudyError(f"{address}: the md5 is {found}, but its publisher says {md5}")
    except StudyError:
        part.restart()
        raise
    path.unlink(missing_ok=True)  # an older file, which the new record would not fit
    record = {
        "address": address,
        "bytes": part.have,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "md5": found,
        "sha256": sha256,
    }
    write_yaml(_record_path(path), record)
    part.finish(path)
    return path


def file_record(path: Path) -> dict[str, str | int]:
    """The record of a downloaded file: address, bytes, date, md5 and sha256, if there is one."""
    record = _record_path(path)
    return yaml.safe_load(record.read_text(encoding="utf-8")) if record.is_file() else {}


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.yaml")


def _is_kept(path: Path, address: str, size: int | None, md5: str) -> bool:
    """Whether the file is there as recorded; with a known md5 its address may have changed."""
    record = file_record(path)
    return (
        path.is_file()
        and path.stat().st_size == record.get("bytes")
        and size in (None, record["bytes"])
        and (record["md5"] == md5 if md5 else record["address"] == address)
    )


def _fetch(part: Part, visit: Visit) -> None:
    """Ask until the part is whole; each time that something came, with new patience."""
    web, failures, furthest = Web(visit.manners, visit.contact), 0, part.have
    with visit.progress("B", part.total, part.have) as bar:
        bar.unit_scale = True
        while True:
            try:
                _fetch_more(part, web, bar)
                return
            except NotThereError as error:
                raise StudyError(
                    f"{error}: there is no such file; is the address right?"
                ) from error
            except (httpx2.TransportError, _BrokenOffError) as error:
                reason = str(error).removeprefix(f"{part.expected.address}: ")
            failures = 0 if part.have - furthest >= _PROGRESS else failures + 1
            furthest = max(furthest, part.have)
            if failures > visit.manners.retries:
                raise UnansweredError(
                    f"{part.expected.address}: {reason or 'no answer'}, {failures} times. "
                    f"What came is kept ({part.have} bytes): start again later."
                )
            time.sleep(visit.manners.pause(failures))


def _fetch_more(part: Part, web: Web, bar: tqdm) -> None:
    """Ask once for what is missing, and keep what comes.

    Raises httpx2.TransportError or _BrokenOffError where that was not all.
    """
    address = part.expected.address
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"} | part.headers()
    with web.stream(address, headers) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnansweredError(f"{address}: came packed though not asked to be")
        if response.status_code == httpx2.codes.OK:
            _begin(part, response)
        elif not _continues(part, response):
            if response.status_code in _OF_RANGES:
                part.restart()
            raise _BrokenOffError(
                f"{address}: status {response.status_code} and neither the file nor the rest of it"
            )
        bar.total, bar.n = part.total, part.have
        free = shutil.disk_usage(part.path.parent).free
        if part.total is not None and part.total - part.have > free:
            raise StudyError(
                f"{part.path.parent}: {address} needs {part.total - part.have} bytes more, "
                f"but the disk has {free}"
            )
        with part.path.open("ab") as stream:
            for chunk in _steady(response, web.manners.timeout):
                _check_growth(part, stream.tell() + len(chunk), web)
                stream.write(chunk)
                bar.update(len(chunk))
    if part.total is not None and not part.whole:
        raise _BrokenOffError(f"only {part.have} of {part.total} bytes came")


def _begin(part: Part, response: httpx2.Response) -> None:
    """Begin anew with an answer that has the whole file."""
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdigit() else part.expected.size
    if part.expected.size not in (None, total):
        _check_head(part.expected.address, next(response.iter_raw(), b""))
        raise StudyError(
            f"{part.expected.address}: the file has {total} bytes, but its publisher says "
            f"{part.expected.size}"
        )
    tag = response.headers.get("etag", "")
    weak = not tag or tag.startswith("W/")  # of no use for If-Range
    part.begin(response.headers.get("last-modified", "") if weak else tag, total)


def _continues(part: Part, response: httpx2.Response) -> bool:
    """Whether an answer begins where the part ends, in a file of the same size."""
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if response.status_code != httpx2.codes.PARTIAL_CONTENT or found is None:
        return False
    same = part.total is None or found[2] in ("*", str(part.total))
    return same and int(found[1]) == part.have


def _steady(response: httpx2.Response, timeout: float) -> Iterator[bytes]:
    """The body in chunks; httpx2.ReadTimeout where it only drips."""
    since, came = time.monotonic(), 0
    for chunk in response.iter_raw():
        yield chunk
        came += len(chunk)
        passed = time.monotonic() - since
        if passed > timeout:
            if came < _SLOWEST * passed:
                raise httpx2.ReadTimeout(f"only {came} bytes came in {passed:.0f} seconds")
            since, came = time.monotonic(), 0


def _check_growth(part: Part, grown: int, web: Web) -> None:
    """A host may not send more than it has announced, nor announce nothing and send for ever."""
    most = int(web.manners.max_megabytes * 1e6)
    if part.total is not None:
        most, limit = part.total, "which it announced"
    else:
        limit = "which `web.max_megabytes` allows to a file of unknown size"
    if grown > most:
        part.restart()
        raise StudyError(f"{part.expected.address}: sends more than {most} bytes, {limit}")


def _check_head(address: str, head: bytes) -> None:
    """Refuse what hosts send in a file's place."""
    if head.startswith(b"version https://git-lfs"):
        raise StudyError(
            f"{address}: this is a Git LFS pointer and not the file itself; give the address of "
            "the file in Git LFS's store (on GitHub below media.githubusercontent.com)"
        )
    if head[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise _BrokenOffError(f"{address}: a web page came instead of the file")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_BLOCK)


def _hashes(path: Path) -> tuple[str, str]:
    """The file's SHA-256 and MD5 in hexadecimal."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
    return sha256.hexdigest(), md5.hexdigest()
