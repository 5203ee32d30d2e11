"""Who may ask the lab for what; what a page that nobody looks at costs; links and messages that mean harm."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import sys
import threading
import time
import urllib.parse
import zlib
from contextlib import closing

import pytest

import polyak as pk
from polyak.ground.errors import PolyakError
from polyak.lab import downloads, gate
from polyak.lab.computing.planes import Prediction
from polyak.lab.lab import FIRST, Lab, lab, lab_of
from polyak.lab.link import decoded, encoded
from polyak.lab.state import Chosen, State

STATE = State(rules=(Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5}),), steps=5)
SURROGATE = "\ud800"


def asked(made, path: str, **headers: str):
    """The status and the text of an answer; `headers` with underscores for hyphens."""
    place = urllib.parse.urlsplit(made.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=own)
    with closing(connection.getresponse()) as answer:
        found = answer.status, answer.read().decode(errors="replace")
    connection.close()
    return found


def link_of(found: object) -> str:
    text = json.dumps(found).encode()
    return f"1.{zlib.crc32(text):08x}.{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}"


CSV = f"/trace.csv?state={encoded(STATE)}"
EVIL = "http://evil.example"


@pytest.mark.parametrize("path", ["/", CSV, "/static/js/bokeh.min.js", "/ws"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil:{}"]
)
def test_another_name_is_refused(served, path, host):
    status, text = asked(served, path, Host=host.format(served.serving.port))
    assert (status, text.count("\n")) == (403, 1)
    assert "this lab has another name" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Referer": f"{EVIL}/page"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
        {"Origin": "chrome-extension://127.0.0.1:{}"},
        {"Origin": "http://[::bad"},
    ],
)
def test_another_page_gets_no_download(served, headers):
    own = {name: value.format(served.serving.port) for name, value in headers.items()}
    status, text = asked(served, CSV, **own)
    assert (status, text.count("\n")) == (403, 1)
    assert "another page's request" in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Referer": f"{EVIL}/page", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Referer": f"{EVIL}/page"}, 200),  # a link, in a browser that says no more
        ({"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Origin": EVIL}, 403),
    ],
)
def test_a_link_to_the_lab_may_be_followed(served, headers, status):
    assert asked(served, "/", **headers)[0] == status


def test_own_pages_get_what_they_ask_for(served):
    own = served.address.rstrip("/")
    assert asked(served, CSV, Referer=f"{own}/", Sec_Fetch_Site="same-origin")[0] == 200
    assert asked(served, CSV, Host=f"localhost:{served.serving.port}")[0] == 200
    assert asked(served, CSV, Host=f"LOCALHOST:{served.serving.port}")[0] == 200


@pytest.mark.parametrize("path", ["/autoload.js?bokeh-autoload-element=x", "/metadata", "/no/such"])
def test_what_a_lab_has_no_use_for_is_not_there(served, path):
    assert asked(served, path)[0] == 404


def test_a_page_without_a_connection_makes_nothing(served):
    before = len(served.pages), len(sessions(served))
    for _ in range(60):
        status, text = asked(served, "/")
        assert status == 200
        assert '"token":"' in text
    assert (len(served.pages), len(sessions(served))) == before


def sessions(made):
    return made.serving.server.get_sessions("/")


def test_the_shell_has_a_place_for_each_part(served):
    _, text = asked(served, f"/?state={encoded(STATE)}")
    parts = served.serving.parts
    assert len(set(parts)) == len(parts) > 15
    for name in parts:
        assert f'id="place-{name}"' in text


def test_downloads_wait_their_turn_or_are_sent_away(served, monkeypatch):
    held, free = threading.Semaphore(0), threading.Event()
    written = downloads.written

    def slow(*arguments):
        held.release()
        assert free.wait(60)
        return written(*arguments)

    monkeypatch.setattr(downloads, "written", slow)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(asked(served, CSV)[0])) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert held.acquire(timeout=60)
    end = time.monotonic() + 60
    while len(answers) < 20 - downloads.MOST_AT_ONCE and time.monotonic() < end:
        time.sleep(0.02)
    assert set(answers) == {503}
    assert "try again" in asked(served, CSV)[1]
    free.set()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] * downloads.MOST_AT_ONCE + [503] * (20 - downloads.MOST_AT_ONCE)
    assert asked(served, CSV)[0] == 200
    assert served.downloads == 0


def own_descent(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["lr"] * p.grad


@pytest.fixture(scope="module")
def others():
    """A lab of rules that do not look at their numbers themselves."""
    import optax

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lab, "warm_up", lambda _: None)  # nobody waits for its first page
        made = lab(pk.from_optax(optax.sgd, learning_rate=0.1), pk.from_page(own_descent, lr=0.1))
    yield made
    made.stop()


ODD = [
    "1; import os",
    "<b>",
    True,
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    -(10**400),
    "",
    None,
    [1],
    {},
]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(("rule", "setting"), [("optax:sgd", "learning_rate"), ("own_descent", "lr")])
def test_what_stands_where_a_number_belongs(others, rule, setting, value, refused):
    state = {"rules": [{"rule": rule, "settings": {setting: value}}]}
    with refused("the link"):
        decoded(link_of(state), others.offer)
    for kind in ("csv", "svg", "png"):
        status, text = asked(others, f"/trace.{kind}?state={link_of(state)}")
        assert (status, text.count("\n")) == (400, 1)
    assert asked(others, f"/?state={link_of(state)}")[0] == 200


@pytest.mark.parametrize("where", ["rule", "landscape", "data", "setting", "language"])
def test_half_a_surrogate_pair(served, where):
    state: dict[str, object] = {"rules": [{"rule": "heavy_ball", "settings": {}}]}
    if where == "rule":
        state["rules"] = [{"rule": SURROGATE, "settings": {}}]
    elif where == "setting":
        state["rules"] = [{"rule": "heavy_ball", "settings": {SURROGATE: 1}}]
    else:
        state[where] = SURROGATE
    status, text = asked(served, f"/trace.csv?state={link_of(state)}")
    assert (status, text.count("\n")) == (400, 1)
    assert "damaged" in text


def test_a_hostile_link_s_page_says_so_in_one_line(others):
    from bokeh.document import Document

    from polyak.lab.page import Page

    state = {"rules": [{"rule": "<img src=x onerror=alert(1)>", "settings": {}}]}
    with pytest.raises(PolyakError) as caught:
        decoded(link_of(state), others.offer)
    page = Page(Document(), others, others.first, str(caught.value))
    assert "&lt;img" in page.notice.text
    assert "<img" not in page.notice.text


def test_every_reason_is_escaped(others):
    from bokeh.document import Document

    from polyak.lab.page import Page

    page = Page(Document(), others, others.first)
    phase, kind = page.panels["phase"], others.offer.kind("adam")
    phase.show(Prediction(kind, why_not="no <b>plane</b> & no marks"))
    assert phase.prediction.text == "no &lt;b&gt;plane&lt;/b&gt; &amp; no marks"


def test_warnings_are_one_line_and_one_a_second(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(gate, "_warned", {"at": 0.0, "more": 0.0})
    monkeypatch.setattr(gate.time, "monotonic", lambda: now[0])
    with caplog.at_level(logging.WARNING, "polyak.lab.gate"):
        for _ in range(449):
            gate._warn("no message (KeyError)\nmore")
        now[0] += 1.5
        gate._warn("x" * 5000)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].endswith("no message (KeyError) more")
    assert lines[1].endswith(", and 448 more before it")
    assert all(len(line) < 300 and "\n" not in line for line in lines)


eta = 0.1


def leaves(x1, x2, s1, s2):
    if float(x1) > 1e9 or eta > 0.5:
        sys.exit(0)
    return x1 - eta * x1, x2 - eta * x2, s1, s2


@pytest.mark.filterwarnings("ignore:leaves runs step by step")
def test_an_own_rule_that_leaves_does_not_take_the_lab_along():
    made = lab(pk.from_plane(leaves))
    try:
        state = State(rules=(Chosen("leaves", {"eta": 0.9}),), steps=5)
        status, text = asked(made, f"/trace.csv?state={encoded(state)}")
        assert status == 400
        assert "SystemExit" in text
        assert asked(made, "/")[0] == 200

        from bokeh.document import Document

        from polyak.lab.page import Page

        page = Page(Document(), made, made.first)
        page.later = lambda act: act()  # type: ignore[method-assign]
        page.change_settings(eta=0.9)
        end = time.monotonic() + 60
        while "SystemExit" not in page.notice.text and time.monotonic() < end:
            time.sleep(0.02)
        assert "SystemExit" in page.notice.text
    finally:
        made.stop()


def test_the_environment_opens_no_door(monkeypatch, served):
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "*")
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert asked(served, "/ws", Origin=EVIL, **headers, **key)[0] == 403


def test_malformed_origins_are_refused_before_anything_is_made(refused):
    made = lab_of({}, [FIRST], pk.landscapes.CATALOGUE["ravine"], None)
    with refused("origin is 'http://evil/x'"):
        made.serve(origins=["http://evil/x"])
