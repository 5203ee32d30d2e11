"""A thousand malformed messages: the server answers none, and the next page is as good as the first."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import logging
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from patience import PATIENCE
from polyak.lab.gate import MOST_LETTERS, objection

anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
CHANGE = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "value", "new": 0.5}
PAN = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "pan", "values": {"type": "map", "entries": [["x", 0.5]]}},
}


@given(st.text(max_size=20), anything)
def test_any_content_has_an_answer(kind, content):
    assert isinstance(objection(kind, content), str)
    assert isinstance(objection("PATCH-DOC", {"events": [content]}), str)


@pytest.mark.parametrize("event", [CHANGE, PAN, {**CHANGE, "new": {"type": "number", "value": "nan"}}])
def test_what_a_page_says(event):
    assert objection("PATCH-DOC", {"events": [event]}) == ""


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("PUSH-DOC", []),
        ("PATCH-DOC", [{**CHANGE, "attr": "text"}]),
        ("PATCH-DOC", [{**CHANGE, "attr": "js_property_callbacks"}]),
        ("PATCH-DOC", [{**CHANGE, "attr": []}]),
        ("PATCH-DOC", [{**CHANGE, "new": {"type": "bytes", "data": "H4sI"}}]),
        ("PATCH-DOC", [{**CHANGE, "new": {"type": "object", "name": "CustomJS", "id": "x"}}]),
        ("PATCH-DOC", [{**CHANGE, "new": {"type": []}}]),
        ("PATCH-DOC", [{"kind": "RootAdded", "model": {"id": "x"}}]),
        ("PATCH-DOC", [{"kind": "TitleChanged", "title": "x"}]),
        ("PATCH-DOC", [CHANGE] * 51),
        ("PATCH-DOC", [{**PAN, "msg_type": "other"}]),
    ],
)
def test_what_a_page_has_no_use_for(kind, events):
    assert objection(kind, {"events": events})


@pytest.fixture(autouse=True)
def _closed():
    """Tornado's client leaves the connections that a server closed to the collector: they are collected here."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def token_of(address: str) -> str:
    """What a page is given to open its connection with."""
    with closing(urllib.request.urlopen(address, timeout=PATIENCE)) as answer:
        page = answer.read().decode()
    found = re.search(r'"token":"([^"]+)"', page)
    assert found is not None
    return found[1]


async def connected(address: str, token: str):
    headers = {"Sec-WebSocket-Protocol": f"bokeh, {token}", "Origin": address.rstrip("/")}
    return await websocket_connect(HTTPRequest(address.replace("http", "ws") + "ws", headers=headers))


def parts_of(content: str, kind: str) -> list[str]:
    return [json.dumps({"msgid": "1", "msgtype": kind}), "{}", content]


def malformed(chance: random.Random) -> list[str | bytes]:
    """The parts of one message that no page would send."""
    words = ["", "{", "null", "[]", '"x"', "{}", "1e999", "\x00", "{" * 500, '{"a":' * 200 + "1" + "}" * 200]
    kind = chance.choice(
        ["PATCH-DOC", "PUSH-DOC", "PULL-DOC-REQ", "OK", "ACK", "", "x" * 100, "SERVER-INFO-REQ"]
    )
    event = {
        "kind": chance.choice(["ModelChanged", "MessageSent", "RootAdded", "ColumnsPatched", 7, None]),
        "model": chance.choice([{"id": "p1001"}, {"id": "nothing"}, None, [], 3]),
        "attr": chance.choice(["value", "text", "children", "data", None, [], "__class__"]),
        "new": chance.choice(
            [1e308, "x" * 1000, None, [[]], {"type": "bytes", "data": "AAAA"}, {"id": "p1"}]
        ),
        "msg_type": chance.choice(["bokeh_event", "x", None]),
        "msg_data": chance.choice([None, [], {"type": "event", "name": "pan", "values": 3}, {"name": {}}]),
    }
    return chance.choice(
        [
            [chance.choice(words)],
            [chance.choice(words) for _ in range(3)],
            parts_of(chance.choice(words), kind),
            parts_of(json.dumps({"events": [event]}), "PATCH-DOC"),
            parts_of(json.dumps({"events": chance.choice([None, 3, [event] * 60, {}])}), "PATCH-DOC"),
            [bytes(chance.randrange(256) for _ in range(40))],
            ["x" * chance.choice([10, MOST_LETTERS + 1])],
        ]
    )


async def acknowledged(address: str, token: str):
    """A connection whose session is made: before that the server listens to nothing."""
    connection = await connected(address, token)
    for _ in range(3):  # the acknowledgement's header, metadata, content
        await connection.read_message()
    return connection


async def send_all(address: str, messages: list[list[str | bytes]]) -> None:
    """Each message; over a connection anew where the last was closed."""
    token = token_of(address)
    connection = await acknowledged(address, token)
    for parts in messages:
        try:
            for part in parts:
                await connection.write_message(part, binary=isinstance(part, bytes))
            await asyncio.sleep(0)
        except Exception:  # closed by the gate
            connection.close()
            connection = await acknowledged(address, token)
    connection.close()
    await asyncio.sleep(0.2)


def test_thousand_malformed_messages(served, caplog):
    chance, began = random.Random(0), time.monotonic()
    with caplog.at_level(logging.WARNING):
        asyncio.run(send_all(served.address, [malformed(chance) for _ in range(1000)]))
    assert token_of(served.address)
    # On the terminal they are a line each, at most one a second, and no traceback.
    said = [record for record in caplog.records if record.name != "asyncio"]
    assert {record.name for record in said} == {"polyak.lab.gate"}
    assert all(record.exc_info is None and "\n" not in record.getMessage() for record in said)
    assert 1 <= len(said) <= 2 + time.monotonic() - began


def test_thousand_malformed_links(served):
    chance = random.Random(1)
    letters = "abcdefABCDEF0123456789.-_%&=<>'\""
    for _ in range(1000):
        word = "".join(chance.choice(letters) for _ in range(chance.randrange(80)))
        address = f"{served.address}trace.csv?state={urllib.parse.quote(word)}"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address, timeout=PATIENCE)
        assert caught.value.code == 400
        assert caught.value.read().count(b"\n") == 1
        caught.value.close()


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_foreign_origin_is_refused(served, origin):
    place = urllib.parse.urlsplit(served.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    connection.request(
        "GET",
        "/ws",
        headers={
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": f"bokeh, {token_of(served.address)}",
            "Origin": origin,
        },
    )
    with closing(connection.getresponse()) as answer:
        assert answer.status == 403
    connection.close()


def test_own_origin_is_not(served):
    async def go() -> str:
        connection = await connected(served.address, token_of(served.address))
        answer = await connection.read_message()
        connection.close()
        return str(answer)

    assert "ACK" in asyncio.run(go())


def test_forged_token_is_refused(served):
    async def go() -> None:
        connection = await connected(served.address, "e30.AAAA")
        assert await connection.read_message() is None
        connection.close()

    asyncio.run(go())
