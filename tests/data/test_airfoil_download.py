"""The download: from a server on this machine, never the web; nothing half-written stays in the cache."""

from __future__ import annotations

import gc
import importlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE
from polyak.data import airfoil as read_airfoil

place = importlib.import_module("polyak.data.airfoil")  # the module; the function has its name

# pooch leaves the connection of a download that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


class Server(ThreadingHTTPServer):
    """Answers every request alike, and counts them."""

    daemon_threads = True
    status, body, told_length = 200, b"", None
    requests = 0


class Handler(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        server: Any = self.server
        server.requests += 1
        self.send_response(server.status)
        length = len(server.body) if server.told_length is None else server.told_length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache, not yet made, with nothing else at hand."""
    monkeypatch.delenv("POLYAK_DATA", raising=False)
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "deep" / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield tmp_path / "deep" / "cache"
    gc.collect()


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        monkeypatch.setattr(place, "URL", f"http://127.0.0.1:{running.server_port}/{place.FILE}")
        yield running
        running.shutdown()
        thread.join(timeout=PATIENCE)


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")] if folder.exists() else []


def test_a_good_download_is_kept(server: Server, cache: Path, airfoil_file: Path) -> None:
    server.body = airfoil_file.read_bytes()
    assert read_airfoil().rows == 1503
    assert left_in(cache) == [place.FILE]
    assert (cache / place.FILE).read_bytes() == server.body
    assert read_airfoil().rows == 1503
    assert server.requests == 1, "the second time it is read from the cache"


def test_a_wrong_checksum_keeps_nothing(
    server: Server, cache: Path, airfoil_file: Path, refused: Any
) -> None:
    server.body = airfoil_file.read_bytes()[:-1] + b"9"
    with refused(place.URL, "wrong checksum", "nothing was kept"):
        read_airfoil()
    assert left_in(cache) == []
    # And the next attempt begins anew.
    server.body = airfoil_file.read_bytes()
    assert read_airfoil().rows == 1503


def test_a_download_that_breaks_off_keeps_nothing(
    server: Server, cache: Path, airfoil_file: Path, refused: Any
) -> None:
    whole = airfoil_file.read_bytes()
    server.body, server.told_length = whole[: len(whole) // 2], len(whole)
    with refused(place.FILE, "POLYAK_DATA"):
        read_airfoil()
    assert left_in(cache) == []


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_server_that_refuses(status: int, server: Server, cache: Path, refused: Any) -> None:
    server.status, server.body = status, b"<html>sorry</html>"
    with refused(place.FILE, place.URL, "cannot be reached", "POLYAK_DATA"):
        read_airfoil()
    assert left_in(cache) == []


def test_a_server_that_is_not_there(cache: Path, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    with socket.socket() as taken:  # bound and not listening: a connection is refused at once
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{place.FILE}"
        monkeypatch.setattr(place, "URL", url)
        with refused(place.FILE, url, "cannot be reached", "POLYAK_DATA"):
            read_airfoil()
    assert left_in(cache) == []


def test_a_cache_that_cannot_be_made(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "file" / "cache"))
    with refused("cache", str(tmp_path / "file"), "POLYAK_CACHE"):
        read_airfoil()
    assert server.requests == 0


def test_the_cache_is_the_systems_own_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("POLYAK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert place.cache().name == "polyak"
    monkeypatch.setenv("POLYAK_CACHE", "elsewhere")
    assert place.cache() == Path("elsewhere")
