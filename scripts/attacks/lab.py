"""The lab's server: messages, links and requests that mean harm; it refuses each, in a line, and goes on serving."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import logging
import random
import re
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from typing import Any

from attacks.kind import Kind

PATHS = (
    "/static/../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static//etc/passwd",
    "/autoload.js",
)
PATHS += (
    "/metadata",
    "/favicon.ico",
    "/ws",
    "/trace.exe",
    "/%00",
    "/" + "a" * 5000,
    "/?bokeh-session-id=x",
    "//evil",
)
PATIENCE = 120.0  # seconds for any answer
PER_SESSION = 100  # messages to one session
EVIL = (
    "http://evil.example",
    "null",
    "chrome-extension://{host}",
    "file://",
    "http://{host}.evil",
    "https://127.0.0.1:1",
)
TEXTS = (
    "",
    "x",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\ud800",
    "x" * 3000,
    "heavy_ball",
    "ravine",
    "\x00",
    "1e5",
)
NUMBERS = (0, -1, 1, 0.5, 1e308, 10**400, -(10**400), float("nan"), float("inf"), True, None, 2**63, 1e-320)


class Served:
    """A lab in this process, with rules that do not look at their numbers themselves."""

    def __init__(self) -> None:
        import optax

        import polyak as pk

        def own(params: Any, states: Any, hyperparams: Any) -> None:  # noqa: ARG001  as pages spell it
            for p in params:
                p[:] -= hyperparams["lr"] * p.grad

        own_rule = pk.from_page(own, lr=0.1)
        self.lab = pk.lab(
            pk.HeavyBall(lr=0.6, momentum=0.5), pk.from_optax(optax.sgd, learning_rate=0.1), own_rule
        )
        self.address = self.lab.address
        self.host = urllib.parse.urlsplit(self.address).netloc
        self.rules = [chosen.rule for chosen in self.lab.first.rules]
        self.local = threading.local()

    def ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """A request and its answer, whatever the path holds."""
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": self.host, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def token(self) -> str:
        """A token that is good for the next messages of this thread."""
        used = getattr(self.local, "used", PER_SESSION)
        if used >= PER_SESSION:
            status, page = self.ask("GET", "/", {})
            found = re.search(r'"token":"([^"]+)"', page.decode())
            assert status == 200, f"a page is answered with {status}"
            assert found is not None, "a page has no token"
            self.local.token, used = found[1], 0
        self.local.used = used + 1
        return str(self.local.token)


@contextlib.contextmanager
def served() -> Iterator[Served]:
    """The lab, ended after the last try."""
    logging.getLogger("polyak.lab.gate").setLevel(logging.CRITICAL)
    made = Served()
    try:
        yield made
    finally:
        made.lab.stop()


def nested(chance: random.Random, depth: int = 0) -> Any:
    """A value of any kind, packed into others."""
    pick = chance.randrange(7 if depth < 5 else 3)
    if pick < 3:
        return chance.choice((*NUMBERS, *TEXTS))
    if pick < 5:
        return [nested(chance, depth + 1) for _ in range(chance.randrange(4))]
    keys = ("type", "id", "name", "value", "entries", "values", "data", "x", "attributes", "model", "kind")
    return {chance.choice(keys): nested(chance, depth + 1) for _ in range(chance.randrange(4))}


def message(chance: random.Random) -> list[str | bytes]:
    """The parts of a message that no page sends, or sends otherwise."""
    kinds = (
        "PATCH-DOC",
        "PATCH-DOC",
        "PATCH-DOC",
        "PUSH-DOC",
        "PULL-DOC-REQ",
        "SERVER-INFO-REQ",
        "ACK",
        "OK",
        "",
        "ERROR",
    )
    event = {
        "kind": chance.choice(
            ("ModelChanged", "MessageSent", "RootAdded", "ColumnDataChanged", "TitleChanged", 7, None)
        ),
        "model": chance.choice(
            ({"id": f"p{chance.randrange(1000, 3000)}"}, {"id": nested(chance)}, nested(chance))
        ),
        "attr": chance.choice(
            ("value", "active", "start", "indices", "text", "data", "tags", "__class__", nested(chance))
        ),
        "new": nested(chance),
        "msg_type": chance.choice(("bokeh_event", "x", None)),
        "msg_data": chance.choice(
            (nested(chance), {"type": "event", "name": "pan", "values": nested(chance)})
        ),
    }
    header = chance.choice(
        ({"msgid": "1", "msgtype": chance.choice(kinds)}, nested(chance), {"num_buffers": 10**9})
    )
    content = chance.choice(
        ({"events": [event] * chance.choice((1, 1, 1, 2, 60))}, {"events": nested(chance)}, nested(chance))
    )
    parts: list[str | bytes] = [json.dumps(header), json.dumps(nested(chance)), json.dumps(content)]
    if chance.random() < 0.3:
        odd = (
            "",
            "{",
            "\x00",
            "{" * 5000,
            "[" * 100_000,
            "x" * 70_000,
            b"\xff" * 40,
            b"",
            "1e999",
            '"\\ud800"',
        )
        parts[chance.randrange(3)] = chance.choice(odd)
    return parts[: chance.choice((1, 2, 3, 3, 3, 3))]


def sent(seed: int, lab: Served) -> str | None:
    """One message; then the connection is closed, or an honest question on it is answered."""
    return asyncio.run(asyncio.wait_for(_sent(random.Random(seed), lab, lab.token()), PATIENCE))


async def _sent(chance: random.Random, lab: Served, token: str) -> str | None:
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import WebSocketClosedError, websocket_connect

    headers = {"Sec-WebSocket-Protocol": f"bokeh, {token}", "Origin": lab.address.rstrip("/")}
    request = HTTPRequest(
        f"ws://{lab.host}/ws", headers=headers, request_timeout=PATIENCE, connect_timeout=PATIENCE
    )
    connection = await websocket_connect(request, max_message_size=64 << 20)
    try:
        for _ in range(3):
            if await connection.read_message() is None:
                return "an honest connection is closed"
        parts = message(chance)
        with contextlib.suppress(WebSocketClosedError):
            for part in parts:
                await connection.write_message(part, binary=isinstance(part, bytes))
            # What is left of a message is made up for, so that the question begins one of its own.
            for part in ["{}"] * (3 - len(parts)):
                await connection.write_message(part)
            for part in (json.dumps({"msgid": "honest", "msgtype": "SERVER-INFO-REQ"}), "{}", "{}"):
                await connection.write_message(part)
        while (said := await connection.read_message()) is not None:
            if '"honest"' in str(said):
                break
        page = await asyncio.to_thread(lab.ask, "GET", "/", {})
        return None if page[0] == 200 else f"a page is answered with {page[0]}"
    finally:
        connection.close()


def link(chance: random.Random, rules: list[str]) -> str:
    """The letters of a state: well packed or not, with something in it that it should not have."""
    odd = (*NUMBERS, *TEXTS)
    setting = chance.choice(("lr", "learning_rate", "momentum", "eta", *TEXTS))
    state: dict[str, Any] = {
        "rules": [
            {"rule": chance.choice((*rules, *rules, *TEXTS)), "settings": {setting: chance.choice(odd)}}
        ],
    }
    fields = (
        "active",
        "landscape",
        "start",
        "steps",
        "shown",
        "signal",
        "data",
        "batch_size",
        "epochs",
        "more",
    )
    fields += ("seeds", "tour", "language", "dark", "rules")
    for field in chance.sample(fields, chance.randrange(3)):
        state[field] = chance.choice((*odd, [chance.choice(odd)] * chance.randrange(4), nested(chance)))
    text = json.dumps(state).encode() if chance.random() < 0.9 else b"[" * 5000
    checksum = f"{zlib.crc32(text):08x}" if chance.random() < 0.9 else "00000000"
    letters = f"{chance.choice('11111112')}.{checksum}.{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}"
    if chance.random() < 0.2:
        place = chance.randrange(len(letters))
        letters = letters[:place] + chance.choice("%&<\"'é=. ") + letters[place + 1 :]
    return urllib.parse.quote(letters, safe=chance.choice(("", "%&<\"'=.")))


def asked(seed: int, lab: Served) -> str | None:
    """One request: answered, or refused in a line; a trace only where the link spells one, to the lab's own pages."""
    chance = random.Random(seed)
    own, headers = True, {}
    if chance.random() < 0.3:
        own = False
        name, value = chance.choice(
            (("Origin", chance.choice(EVIL)), ("Host", chance.choice(("evil.example", "", "127.0.0.1:1"))))
        )
        headers[name] = value.format(host=lab.host)
    download = chance.random() < 0.6
    kind = chance.choice(("csv", "csv", "csv", "svg", "png"))
    path = f"/trace.{kind}" if download else chance.choice(("/", "/", *PATHS))
    if download or chance.random() < 0.5:
        path += f"{'&' if '?' in path else '?'}state={link(chance, lab.rules)}"
    method = chance.choice(("GET",) * 8 + ("HEAD", "POST", "PUT", "OPTIONS"))
    try:
        status, body = lab.ask(method, path.replace(" ", "%20"), headers)
    except (http.client.InvalidURL, UnicodeError):
        return None  # not sent
    if status not in (200, 204, 301, 302, 304, 400, 403, 404, 405, 501, 503):
        return f"{status} to {method} {path[:120]}"
    if not own and status == 200:
        return f"a foreign request is answered: {headers}"
    if status == 400 and download and body.count(b"\n") != 1 and method == "GET":
        return f"more than one line: {body[:120]!r}"
    if (
        download
        and status == 200
        and method == "GET"
        and not body.startswith((b"rule,step", b"<?xml", b"\x89PNG"))
    ):
        return f"no trace: {body[:60]!r}"
    return "the page has what was typed" if path.startswith("/?") and b"<script>alert" in body else None


MESSAGES = Kind("hostile messages to the lab", sent, ready=served)
REQUESTS = Kind("hostile links and requests to the lab", asked, ready=served)
