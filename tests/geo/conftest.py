"""A server on 127.0.0.1 that hands out a folder, well or badly, as a test asks."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Manners:
    """How the server behaves, and what it was asked for.

    `mode` is one of good, wrong, truncated, missing, flaky (500 twice, then good), broken (always 500), slow,
    redirect, circle (redirects without end), gzip, garbled (said to be gzip and is not), short (half the
    file, said to be all of it), endless (half the file, then silence).
    """

    folder: Path
    mode: str = "good"
    answers: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failures: int = 0
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    manners: Manners

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        manners = self.manners
        manners.asked.append(self.path)
        path = self.path
        if manners.mode == "broken" or (manners.mode == "flaky" and manners.failures < 2):
            manners.failures += 1
            self._send(500, b"sorry")
            return
        if manners.mode == "circle" or (manners.mode == "redirect" and not path.startswith("/moved")):
            self.send_response(302)
            self.send_header("Location", "/moved" + path)
            self.end_headers()
            return
        path = path.removeprefix("/moved")
        if path in manners.answers:
            content = manners.answers[path]
            self._send(200, content if isinstance(content, bytes) else json.dumps(content).encode())
            return
        file = manners.folder / path.lstrip("/")
        if manners.mode == "missing" or not file.is_file():
            self._send(404, b"not here")
            return
        self._file(file.read_bytes())

    def _file(self, body: bytes) -> None:
        mode = self.manners.mode
        if mode == "wrong":
            self._send(200, b"x" + body[1:])
        elif mode == "truncated":
            self._send(200, body[: len(body) // 2], length=len(body))
        elif mode == "slow":
            time.sleep(0.4)
            self._send(200, body)
        elif mode == "endless":
            self._send(200, body[: len(body) // 2], length=len(body), wait=30)
        elif mode == "gzip":
            self._send(200, gzip.compress(body), coding="gzip")
        elif mode == "garbled":
            self._send(200, body, coding="gzip")
        elif mode == "short":
            self._send(200, body[: len(body) // 2])
        else:
            self._send(200, body)

    def _send(
        self, status: int, body: bytes, *, length: int | None = None, coding: str = "", wait: float = 0
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        time.sleep(wait)


@contextmanager
def serving(folder: Path) -> Iterator[Manners]:
    """Give a running server's manners; it stops when the test ends."""
    manners = Manners(folder)
    handler = type("Handler", (_Handler,), {"manners": manners})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    manners.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield manners
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Manners]]:
    """A function that starts a server on a folder and returns its manners; all stop when the test ends."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(serving(folder))
