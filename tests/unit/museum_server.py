"""A museum's web server on loopback: real HTTP, with the faults that real servers have."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
from art_transfer.collect.source import Source, Visit
from art_transfer.collect.transport import Manners


@dataclass
class Reply:
    """One answer; ``fault`` is what goes wrong with it, if anything.

    ``reset``, ``short`` or ``half`` of what was announced, ``drip`` (10 bytes per second), ``slow``
    (640 kB per second), ``endless`` (of no announced length, again and again).
    With ``ranges`` a part of the body can be asked for, as of a file.
    """

    body: bytes = b""
    status: int = 200
    type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    ranges: bool = False


Answerer = Callable[[str, dict[str, str]], Reply]
"""Gives the answer for a path and its parameters."""

NOT_FOUND = Reply(b"nothing here", 404, "text/plain")


class MuseumServer:
    """Answers requests while the ``with`` block runs.

    ``first`` has, by path (with its query, if any), replies that are given before the answerer
    is asked, each once. ``asked`` lists all requests as ``path?query``; ``headers`` theirs.
    """

    def __init__(self, answer: Answerer) -> None:
        self.answer = answer
        self.first: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []

    def __enter__(self) -> Self:
        museum = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet for an answer

            def do_GET(self) -> None:
                museum.asked.append(self.path)
                museum.headers.append({k.lower(): v for k, v in self.headers.items()})
                museum.times.append(time.monotonic())
                parts = urlsplit(self.path)
                waiting = museum.first.get(self.path) or museum.first.get(parts.path)
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                reply = waiting.pop(0) if waiting else museum.answer(parts.path, query)
                _send(self, _part(reply, museum.headers[-1]) if reply.ranges else reply)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # a client that goes away is part of the test

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True, args=(0.05,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def _part(reply: Reply, asked: dict[str, str]) -> Reply:
    """The range of bytes that was asked for, if the file is still the same."""
    if "range" not in asked or asked.get("if-range", reply.headers.get("ETag")) != (
        reply.headers.get("ETag")
    ):
        return reply
    start, size = int(asked["range"].removeprefix("bytes=").split("-")[0]), len(reply.body)
    if start >= size:
        return replace(reply, body=b"", status=416, headers={"Content-Range": f"bytes */{size}"})
    headers = reply.headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
    return replace(reply, body=reply.body[start:], status=206, headers=headers)


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.fault == "reset":
        linger = struct.pack("ii", 1, 0)  # close with RST
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True
        return
    handler.send_response(reply.status)
    handler.send_header("Content-Type", reply.type)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if "Content-Length" not in reply.headers and reply.fault != "endless":
        extra = 100 if reply.fault == "short" else 0
        handler.send_header("Content-Length", str(len(reply.body) + extra))
    handler.end_headers()
    try:
        _send_body(handler, reply)
    except OSError:
        handler.close_connection = True  # the guest has gone
    handler.close_connection = handler.close_connection or reply.fault != ""


def _send_body(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = reply.body[: len(reply.body) // 2] if reply.fault == "half" else reply.body
    size = {"drip": 1, "slow": 64_000}.get(reply.fault, max(len(body), 1))
    for start in range(0, len(body), size):
        handler.wfile.write(body[start : start + size])
        handler.wfile.flush()
        if size < len(body):
            time.sleep(0.1)
    while reply.fault == "endless":
        handler.wfile.write(reply.body)
    handler.wfile.flush()


QUICK = Manners(
    requests_per_second=10_000,
    workers=4,
    retries=2,
    backoff=0.01,
    timeout=5,
    max_megabytes=50,
    slow_down=(),
    headers={},
    other_hosts=(),
    hosts=("127.0.0.1",),
)
"""Manners for loopback only."""


def visit(kept: Path, manners: Manners = QUICK, ask_again: int = 0) -> Visit:
    """A visit that keeps what it fetches in ``kept``."""
    return Visit(kept, "tests@example.org", manners, ask_again, StringIO())


def objects_of(source: Source, kept: Path = Path("unused")) -> pd.DataFrame:
    """All objects of a source in one table."""
    return pd.concat(source.read(visit(kept)), ignore_index=True)
