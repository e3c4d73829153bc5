"""How a host is asked: slowly, patiently, and on our guard.

All requests of a job go through one ``PoliteTransport``. It asks a host at most so often, waits as
long as the host says (``Retry-After``) or longer from time to time, and takes an answer only when
it is whole, comes in time, and is not a page for people where data were asked for.
"""

import codecs
import email.utils
import ipaddress
import random
import socket
import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase

import httpx2

from art_transfer.errors import StudyError
from art_transfer.settings import SECRET

LONGEST_WAIT = 3600.0
"""Seconds that a host may ask us to wait before the job ends and leaves it to the user."""

UNREAD = "unread"
"""A request's extension: give a good answer with its body still to be read."""

_MAYBE_LATER = (408, 425, 429)  # and all from 500 on
_LONGEST_PAUSE = 600.0  # seconds, of our own


@dataclass(frozen=True)
class Manners:
    """The settings of ``web`` in a collection's block; see the config's reference."""

    requests_per_second: float
    workers: int
    retries: int
    backoff: float
    timeout: float
    max_megabytes: float
    slow_down: tuple[int, ...]
    headers: dict[str, str]  # a value may name variables of the environment, as ``${API_KEY}``
    other_hosts: tuple[str, ...]  # that data and redirects may name too, if public; `*` as in paths
    hosts: tuple[str, ...]  # of the config's addresses: they may be private, and get secrets

    def pause(self, attempt: int) -> float:
        """The seconds to wait before a request is repeated; ``attempt`` counts from 0."""
        return min(self.backoff * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1)


class NotThereError(Exception):
    """The host says that there is nothing at this address, and means it (404 or 410)."""


class UnansweredError(StudyError):
    """A host gave no usable answer, however often it was asked."""


class RefusedError(UnansweredError):
    """The host has this, but not for us: status 401, 403 or 451, or more than we take."""


class BusyError(UnansweredError):
    """The host asks to be left alone for so long that the job ends."""


class PoliteTransport(httpx2.BaseTransport):
    """Carries requests one by one per host, at its pace; gives whole answers only."""

    def __init__(self, manners: Manners) -> None:
        """Secrets among the headers of ``manners`` go to its hosts alone."""
        self._manners = manners
        self._inner = httpx2.HTTPTransport(
            limits=httpx2.Limits(max_connections=manners.workers, keepalive_expiry=30)
        )
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}  # the next turn at each host
        self._until: dict[str, float] = {}  # when each host may be asked again after trouble
        self._secret = [name for name, value in manners.headers.items() if SECRET.search(value)]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The host's answer to a request, which is repeated as ``Manners`` say.

        Raises UnansweredError where none of the answers is to be taken, and BusyError.
        """
        request.extensions["timeout"] = httpx2.Timeout(self._manners.timeout).as_dict()
        if request.url.host not in self._manners.hosts:
            _check_named(request, self._manners.other_hosts)
            _check_public(request)
            for name in self._secret:
                request.headers.pop(name, None)
        for attempt in range(self._manners.retries + 1):
            self._take_turn(request.url.host)
            wait = self._manners.pause(attempt)
            try:
                response = self._answer(request)
            except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError):
                raise  # our own mistake, or the config's
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                reason = str(error) or type(error).__name__
            else:
                reason = self._trouble(request, response)
                if not reason:
                    return response
                wait = max(wait, _retry_after(response))
            if wait > LONGEST_WAIT:
                raise BusyError(
                    f"{request.url}: {reason}; the host asks to wait {wait:.0f} seconds. What was "
                    "fetched is kept: start again later."
                )
            with self._lock:  # all workers leave this host alone, those in line for it too
                until = self._until.get(request.url.host, 0.0)
                self._until[request.url.host] = max(until, time.monotonic() + wait)
        raise UnansweredError(
            f"{request.url}: {reason}, {self._manners.retries + 1} times. What was fetched is "
            "kept: start again later."
        )

    def _take_turn(self, host: str) -> None:
        turn = -1.0
        while turn < self._until.get(host, 0.0):  # which another answer may have moved meanwhile
            with self._lock:
                first = max(self._next.get(host, 0.0), self._until.get(host, 0.0))
                turn = max(time.monotonic(), first)
                self._next[host] = turn + 1 / self._manners.requests_per_second
            time.sleep(max(0.0, turn - time.monotonic()))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        """The whole answer; a slow drip or a flood is cut off."""
        deadline = time.monotonic() + self._manners.timeout
        response = self._inner.handle_request(request)
        response.request = request
        if request.extensions.get(UNREAD) and response.is_success:
            return response
        body = bytearray()
        try:
            for chunk in response.iter_bytes():  # unpacked bit by bit: a small one may be a bomb
                body += chunk
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout(f"no whole answer in {self._manners.timeout} seconds")
                if len(body) > self._manners.max_megabytes * 1e6:
                    limit = self._manners.max_megabytes
                    raise RefusedError(f"{request.url}: more than {limit} megabytes")
        finally:
            response.close()
        _check_redirect(request, response)
        headers = response.headers.copy()
        headers.pop("content-encoding", None)
        return httpx2.Response(
            response.status_code, headers=headers, content=bytes(body), request=request
        )

    def _trouble(self, request: httpx2.Request, response: httpx2.Response) -> str:
        """Why an answer is not to be taken, but asked for again; empty for a good one."""
        code = response.status_code
        if code >= 500 or code in (*_MAYBE_LATER, *self._manners.slow_down):
            return f"status {response.status_code}"
        if response.is_success and not request.extensions.get(UNREAD):
            begin = response.content[:200].removeprefix(codecs.BOM_UTF8).lstrip().lower()
            if begin.startswith((b"<!doctype html", b"<html")):
                return f"a web page instead of {request.headers.get('accept', 'data')}"
        return ""


def _check_named(request: httpx2.Request, others: tuple[str, ...]) -> None:
    """What a museum's data or a redirect names must be a host that the config has heard of."""
    host = request.url.host
    if host and not any(fnmatchcase(host, pattern.lower()) for pattern in others):
        raise UnansweredError(
            f"{request.url}: neither the collection's addresses nor its `web.other_hosts` name "
            f"{host}; refused. If the museum keeps files there, add it to them"
        )


def _check_public(request: httpx2.Request) -> None:
    """What a museum's data or a redirect names may not be inside our own network."""
    host = request.url.host
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:  # asking will fail in its own way
        return
    except UnicodeError as error:
        raise UnansweredError(f"{request.url}: {host} is no host's name ({error})") from error
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            raise UnansweredError(
                f"{request.url}: {host} is inside a private network ({address[0]}), and the "
                "collection's config does not name it; refused"
            )


def _retry_after(response: httpx2.Response) -> float:
    """The seconds that the host asks us to wait; it may say until when instead."""
    value = response.headers.get("retry-after", "")
    try:
        if value.isascii() and value.isdigit():
            return float(value)
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return 0.0


def _check_redirect(request: httpx2.Request, response: httpx2.Response) -> None:
    """A museum may send us on, but not from https to http, nor to a file of this machine."""
    if not response.has_redirect_location:
        return
    target = request.url.join(response.headers["location"])
    if target.scheme != "https" and (target.scheme, request.url.scheme) != ("http", "http"):
        raise UnansweredError(
            f"{request.url}: sends us on to {target}, which is no safe address; refused"
        )
