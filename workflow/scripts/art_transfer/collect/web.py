"""A good guest of museums' servers: honest about who asks, and clear about what did not come."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2

from art_transfer.collect.transport import (
    UNREAD,
    Manners,
    NotThereError,
    PoliteTransport,
    RefusedError,
    UnansweredError,
)
from art_transfer.errors import StudyError
from art_transfer.settings import SECRET

T = TypeVar("T")
R = TypeVar("R")

_GONE = (404, 410)
_REFUSED = (401, 403, 451)


class Web:
    """The web as one job sees it; may be used from several threads."""

    def __init__(self, manners: Manners, contact: str) -> None:
        """``contact`` is an address or a page where the museum can reach who runs the study."""
        if not contact:
            raise StudyError(
                "museums ask to know who fetches from them: give a mail address or a page in the "
                "config's `contact`, as `--config contact=name@example.org`"
            )
        if not contact.isascii():
            raise StudyError(f"`contact` is {contact!r}; expected letters without accents")
        self.manners = manners
        headers = {name: _with_secrets(name, value) for name, value in manners.headers.items()}
        self.client = httpx2.Client(
            transport=PoliteTransport(manners),
            follow_redirects=True,
            max_redirects=5,
            headers={"User-Agent": f"art-transfer/1 ({contact})"} | headers,
        )

    def get(self, address: str, accept: str, params: dict[str, str] | None = None) -> bytes:
        """The body of a page or an image.

        Raises NotThereError where there is none, and UnansweredError where the host fails to
        answer, answers with an error, or sends the request round in circles or elsewhere.
        """
        try:
            response = self.client.get(address, params=params, headers={"Accept": accept})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnansweredError(f"{address}: {error}") from error
        _check_status(response, address)
        return response.content

    @contextmanager
    def stream(self, address: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        """An answer with its body still to be read, for files that are too large for memory.

        The body may break off: reading it raises httpx2.TransportError. Raises as ``get`` does; a
        range that the host does not have (416) is an answer too.
        """
        try:
            request = self.client.build_request(
                "GET", address, headers=headers, extensions={UNREAD: True}
            )
            response = self.client.send(request, stream=True)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnansweredError(f"{address}: {error}") from error
        try:
            if response.status_code != httpx2.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                _check_status(response, address)
            yield response
        finally:
            response.close()

    def json(self, address: str, params: dict[str, str] | None = None) -> Any:
        """A page of JSON; raises StudyError where it is none, and as ``get`` does.

        Halves of characters (a lone ``\\ud83d``), which no file can hold, become question marks.
        """
        data = self.get(address, "application/json", params)
        try:
            found = httpx2.Response(200, content=data).json()
            if b"\\ud" in data.lower():
                found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
            return found
        except (ValueError, RecursionError) as error:
            raise UnansweredError(
                f"{address}: expected JSON, but the answer begins {data[:60]!r} ({error})"
            ) from error

    def each(self, items: Iterable[T], do: Callable[[T], R]) -> Iterator[R]:
        """``do`` every item, several at a time, and give what comes of it as it comes.

        No more items are taken than are being worked on. What ``do`` raises is raised here.
        """
        with ThreadPoolExecutor(self.manners.workers) as pool:
            running: set[Future[R]] = set()
            try:
                for item in items:
                    running.add(pool.submit(do, item))
                    if len(running) >= self.manners.workers:
                        done, running = wait(running, return_when=FIRST_COMPLETED)
                        yield from (future.result() for future in done)
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            finally:
                pool.shutdown(cancel_futures=True)


def _with_secrets(name: str, value: str) -> str:
    """A header with the variables that it names; only here they become part of anything."""
    missing = [variable for variable in SECRET.findall(value) if variable not in os.environ]
    if missing:
        raise StudyError(
            f"`web.headers.{name}` of a collection needs the variable {missing[0]} of the "
            f"environment, which is not set: export {missing[0]}=..."
        )
    whole = SECRET.sub(lambda match: os.environ[match[1]], value)
    if not whole.isascii():
        raise StudyError(f"`web.headers.{name}` of a collection: expected letters without accents")
    return whole


def _check_status(response: httpx2.Response, address: str) -> None:
    if response.status_code in _GONE:
        raise NotThereError(address)
    if not response.is_success:
        kind = RefusedError if response.status_code in _REFUSED else UnansweredError
        raise kind(f"{response.url}: status {response.status_code}")
