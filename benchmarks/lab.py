"""The lab: from a slider's event to the redrawn picture in a real browser, the first page, and a hundred sessions."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from report import Row, Section, Target
from rich.progress import Progress
from timing import Timing

import polyak as pk

STEPS, MOVES, PAUSE = 200, 100, 40  # milliseconds between a redrawn picture and the next event
SESSIONS, MOVING, SECONDS = 100, 10, 10
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
# One event, the trace's new numbers, the frame after the one that paints them; then the next.
MOVE = """
const [moves, pause, done] = arguments, seen = [];
const page = Bokeh.documents[0], slider = page.get_model_by_name("slider_lr");
const source = page.get_model_by_name("trace0"), low = slider.start, width = slider.end - low;
function move(k) {
  if (k >= moves) { done(seen); return; }
  const began = performance.now();
  source.properties.data.change.connect(function once() {
    source.properties.data.change.disconnect(once);
    const came = performance.now();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        seen.push([came - began, performance.now() - began]);
        setTimeout(() => move(k + 1), pause);
      };
      channel.port2.postMessage(0);
    });
  });
  slider.value = low + width * (0.35 + 0.4 * k / moves);
}
move(0);
"""
SERVER = """
import sys, polyak as pk
made = pk.lab(pk.HeavyBall(lr=0.6, momentum=0.5), steps=int(sys.argv[1]))
print(made.address, flush=True)
sys.stdin.readline()
"""


def measure_slider(progress: Progress) -> Section:
    """A slider dragged over two fifths of its way; our own share beside the whole."""
    from polyak.lab.page import Page

    own: list[float] = []
    change = Page.change

    def timed(page: Any, **changes: Any) -> None:
        began = time.perf_counter()
        change(page, **changes)
        own.append(time.perf_counter() - began)

    task = progress.add_task("lab: a slider in the browser", total=1)
    Page.change = timed  # type: ignore[method-assign]
    lab = pk.lab(pk.HeavyBall(lr=0.6, momentum=0.5), steps=STEPS)
    driver = _browser()
    try:
        _open(driver, lab.address)
        driver.execute_async_script(MOVE, 20, PAUSE)
        own.clear()
        seen = np.array(driver.execute_async_script(MOVE, MOVES, PAUSE)) / 1e3
    finally:
        driver.quit()
        lab.stop()
        Page.change = change  # type: ignore[method-assign]
    progress.advance(task)
    redrawn, ours = float(np.quantile(seen[:, 1], 0.95)), float(np.quantile(own, 0.95))
    return Section(
        f"The lab: a slider's event, one rule, {STEPS} steps",
        "ms",
        (
            Row("event to redrawn picture", Timing(tuple(seen[:, 1]))),
            Row("event to the numbers in the browser", Timing(tuple(seen[:, 0]))),
            Row("our share, messages included", Timing(tuple(own))),
        ),
        reference="event to redrawn picture",
        targets=(
            Target("redrawn under 50 ms at the 95th percentile", f"{redrawn * 1e3:.1f} ms", redrawn < 0.05),
            Target("ours under 16 ms of it", f"{ours * 1e3:.1f} ms", ours < 0.016),
        ),
    )


def measure_first_page(progress: Progress, rounds: int = 5) -> Section:
    """The first page that a fresh server shows, in a fresh browser."""
    task = progress.add_task("lab: the first page", total=rounds)
    taken = []
    for _ in range(rounds):
        with _Served() as served:
            driver = _browser()
            began = time.perf_counter()
            _open(driver, served.address)
            taken.append(time.perf_counter() - began)
            driver.quit()
        progress.advance(task)
    timing = Timing(tuple(taken))
    return Section(
        "The lab: the first page, after the server says that it is up",
        "s",
        (Row("a fresh server, a fresh browser", timing),),
        reference="a fresh server, a fresh browser",
        targets=(Target("under 2 s", f"{timing.median:.2f} s", timing.median < 2),),
    )


def measure_sessions(progress: Progress) -> Section:
    """A hundred sessions on one process, ten of which move a slider every second."""
    task = progress.add_task(f"lab: {SESSIONS} sessions", total=1)
    with _Served() as served:
        before = served.memory()
        answers = np.array(asyncio.run(_crowd(served)))
        each = (served.crowded - before) / SESSIONS
    progress.advance(task)
    worst = float(np.quantile(answers, 0.95))
    return Section(
        f"The lab: {SESSIONS} sessions, {MOVING} of them moving a slider every second",
        "ms",
        (
            Row(
                "event to the trace's numbers, over the wire", Timing(tuple(answers)), shows=f"{each:.1f} MiB"
            ),
        ),
        reference="event to the trace's numbers, over the wire",
        shows="memory a session",
        targets=(Target("under 250 ms at the 95th percentile", f"{worst * 1e3:.0f} ms", worst < 0.25),),
    )


# One event on the exported page's slider; done once the frame that it asks for is painted.
MOVE_EXPORTED = """
const [moves, pause, done] = arguments, seen = [];
const slider = document.getElementById("slider_lr"), low = Number(slider.min), width = Number(slider.max) - low;
function move(k) {
  if (k >= moves) { done(seen); return; }
  const began = performance.now();
  slider.value = low + width * (0.35 + 0.4 * k / moves);
  slider.dispatchEvent(new Event("input"));
  const came = performance.now();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      seen.push([came - began, performance.now() - began]);
      setTimeout(() => move(k + 1), pause);
    };
    channel.port2.postMessage(0);
  });
}
move(0);
"""
NO_BEAT = (
    "--disable-frame-rate-limit",
    "--disable-gpu-vsync",
)  # a frame begins when there is something to paint


def measure_exported(progress: Progress) -> Section:
    """The same slider on the exported page, which needs no server: the browser does not wait for a screen's beat."""
    task = progress.add_task("lab: the exported page", total=1)
    lab = pk.lab(pk.HeavyBall(lr=0.6, momentum=0.5), steps=STEPS)
    path = lab.export(Path(tempfile.mkdtemp()) / "lab.html")
    lab.stop()
    driver = _browser(*NO_BEAT)
    try:
        _open(driver, path.as_uri())
        driver.execute_async_script(MOVE_EXPORTED, 20, PAUSE)
        seen = np.array(driver.execute_async_script(MOVE_EXPORTED, MOVES, PAUSE)) / 1e3
    finally:
        driver.quit()
    progress.advance(task)
    redrawn = float(np.quantile(seen[:, 1], 0.95))
    return Section(
        f"The exported lab: a slider's event, one rule, {STEPS} steps",
        "ms",
        (
            Row("event to redrawn picture", Timing(tuple(seen[:, 1]))),
            Row("event to the numbers", Timing(tuple(seen[:, 0]))),
        ),
        reference="event to redrawn picture",
        targets=(
            Target("redrawn under 16 ms at the 95th percentile", f"{redrawn * 1e3:.1f} ms", redrawn < 0.016),
        ),
    )


class _Served:
    """A lab in a process of its own."""

    crowded = 0.0

    def __enter__(self) -> _Served:
        command = [sys.executable, "-c", SERVER, str(STEPS)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate("\n", timeout=60)

    def memory(self) -> float:
        """What the process holds, in MiB."""
        facts = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", facts)
        assert found is not None
        return int(found[1]) / 1024


async def _crowd(served: _Served) -> list[float]:
    sessions = [await _session(served.address) for _ in range(SESSIONS)]
    served.crowded = served.memory()
    moving = [_move(*session, k / MOVING) for k, session in enumerate(sessions[:MOVING])]
    found = await asyncio.gather(*moving)
    for connection, *_ in sessions:
        connection.close()
    return [taken for answers in found for taken in answers[2:]]


async def _session(address: str) -> tuple[Any, asyncio.Queue[Any], str, str]:
    """An open connection, what comes through it, and the slider's and the trace's names in its document."""
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    page = await asyncio.to_thread(lambda: urllib.request.urlopen(address, timeout=300).read().decode())
    token = re.search(r'"token":"([^"]+)"', page)
    assert token is not None
    headers = {"Sec-WebSocket-Protocol": f"bokeh, {token[1]}", "Origin": address.rstrip("/")}
    came: asyncio.Queue[Any] = asyncio.Queue()
    connection = await websocket_connect(
        HTTPRequest(address.replace("http", "ws") + "ws", headers=headers),
        on_message_callback=came.put_nowait,
        max_message_size=64 << 20,
    )
    for _ in range(3):  # the server's acknowledgement: header, metadata, content
        await came.get()
    for part in (json.dumps({"msgid": "pull", "msgtype": "PULL-DOC-REQ"}), "{}", "{}"):
        await connection.write_message(part)
    while True:
        part = await came.get()
        if isinstance(part, str) and '"roots"' in part:
            slider, trace = (
                re.search(rf'"id":"(p\d+)","attributes":{{[^{{}}]*?"name":"{name}"', part)
                for name in ("slider_lr", "trace0")
            )
            assert slider is not None
            assert trace is not None
            return connection, came, slider[1], trace[1]


async def _move(
    connection: Any, came: asyncio.Queue[Any], slider: str, trace: str, delay: float
) -> list[float]:
    """Move once a second, and take the time until the trace's numbers come."""
    await asyncio.sleep(delay)
    taken = []
    for k in range(SECONDS):
        began = time.perf_counter()
        change = {"kind": "ModelChanged", "model": {"id": slider}, "attr": "value", "new": -0.6 + 0.02 * k}
        header = {"msgid": str(k), "msgtype": "PATCH-DOC"}
        for part in (json.dumps(header), "{}", json.dumps({"events": [change]})):
            await connection.write_message(part)
        while True:
            part = await came.get()
            if isinstance(part, str) and f'"{trace}"' in part and '"data"' in part:
                break
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, 1 - taken[-1]))
        while not came.empty():
            came.get_nowait()
    return taken


def _browser(*more: str) -> Any:
    """Chromium without a screen."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, *more, f"--user-data-dir={tempfile.mkdtemp()}", "--window-size=1440,1000"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    driver.set_script_timeout(120)
    return driver


def _open(driver: Any, address: str) -> None:
    """Open the page and wait until it is drawn."""
    driver.get(address)
    drawn = "return !!window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
    while not driver.execute_script(drawn):
        time.sleep(0.01)
