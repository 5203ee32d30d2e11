"""Who may ask for what: the lab's own pages, by its own names; pages of others may link to it, and nothing more.

A page that came under the lab's key, letters that only its own notebook was given, is the lab's own by whatever name:
behind a proxy that is the proxy's.

A browser sends along which page asks (Origin, Referer, Sec-Fetch-Site) and by which name it found the lab (Host). A
name that is not the lab's own is another's, made to point here: with it that page could read what the lab shows.
"""

from __future__ import annotations

from collections.abc import Collection
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher
from tornado.web import RequestHandler

KEYED = "polyak_keyed"


class Foreign(Matcher):
    """Matches what the lab refuses; `names` are its own, HOST:PORT, and `key` opens under any other."""

    def __init__(self, names: Collection[str], key: str = "") -> None:
        self.names, self.key = names, key

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """What is wrong with the request, for `Refused` to say; None where nothing is."""
        if self.key and _without_key(request, self.key):
            return None
        complaint = objection(request, self.names)
        return {"path_kwargs": {"complaint": complaint.encode()}} if complaint else None


def _without_key(request: HTTPServerRequest, key: str) -> bool:
    """Whether the path begins with the key; it is taken off, so that what follows is found as without one."""
    first, slash, rest = request.path[1:].partition("/")
    if not slash or not compare_digest(first.encode(), key.encode()):
        return False
    request.path = f"/{rest}"
    request.uri = f"/{rest}" + (f"?{request.query}" if request.query else "")
    setattr(request, KEYED, True)
    return True


def has_key(request: HTTPServerRequest) -> bool:
    """Whether the request came under the lab's key."""
    return getattr(request, KEYED, False)


def objection(request: HTTPServerRequest, names: Collection[str]) -> str:
    """Why a request is not answered; empty where it is."""
    headers = request.headers
    if _with_port(headers.get("Host", "")) not in names:
        return "this lab has another name"
    if (origin := headers.get("Origin")) is not None and not is_own(origin, names):
        return "another page's request"
    if request.path == "/":
        # A link from any page may be followed: a shell is all that it opens.
        apart = headers.get("Sec-Fetch-Site") == "cross-site"
        return "another page's request" if apart and headers.get("Sec-Fetch-Mode") != "navigate" else ""
    if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return "another page's request"
    if (page := headers.get("Referer")) is not None and not is_own(page, names):
        return "another page's request"
    return ""


def is_own(address: str, names: Collection[str]) -> bool:
    """Whether an address is one of the lab's own pages, of http or https.

    >>> names = {"localhost:5006"}
    >>> is_own("http://localhost:5006", names), is_own("chrome-extension://localhost:5006", names)
    (True, False)
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _with_port(parts.netloc) in names


def _with_port(host: str) -> str:
    host = host.lower()
    return host if ":" in host.rpartition("]")[2] else f"{host}:80"


class Refused(RequestHandler):
    """One line, and nothing of what is served."""

    def initialize(self, hint: str) -> None:
        """What else the visitor is told."""
        self.hint = hint

    def prepare(self) -> None:
        """Answer, whatever the method."""
        complaint = self.path_kwargs["complaint"]
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"polyak: refused: {complaint}{f' ({self.hint})' if self.hint else ''}\n")


class Nothing(RequestHandler):
    """What Bokeh's server has and a lab has no use for."""

    def prepare(self) -> None:
        """Not found, whatever the method."""
        self.send_error(404)
