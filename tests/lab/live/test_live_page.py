"""The live page shows what the store holds, and follows it while it is written."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from polyak.diagnose import Watched
from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.pieces import Columns, Piece
from polyak.diagnose.watch.store import Store
from polyak.lab.live import contents
from polyak.lab.live.reader import Reader
from polyak.lab.live.served import LiveRoom
from polyak.lab.live.thinned import thinned

LAYERS = ("first.weight", "first.bias", "<b>last</b>")
FACTS = Facts(
    "torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 6, LAYERS, (4, 1, 1), ("float32",) * 3, 2, "run", "1"
)
READINGS = Columns(
    ("step", "sharpness", "edge", "share", "alignment", "layer_gradient_norm"), (0, 0, 0, 0, 0, 3)
)


def piece(first: int, last: int, *events: Event) -> Piece:
    """Losses 1/k but for step 4, which tells inf; readings at the even steps."""
    steps = [
        {"step": float(k), "lr": 0.1, "loss": np.inf if k == 4 else 1 / k} for k in range(first, last + 1)
    ]
    readings = [
        {
            "step": float(k),
            "sharpness": 2.0 * k,
            "edge": 40.0,
            "share": k / 20,
            "alignment": 0.5,
            "layer_gradient_norm": np.array([k, 3.0 * k, 2.0 * k]),
        }
        for k in range(first, last + 1)
        if k % 2 == 0
    ]
    return Piece(steps, readings, events, ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "run.zarr", FACTS, READINGS)
    made.write(piece(1, 6, Event(1, "began", "at step 1")))
    yield made
    made.close()


def digest(folder: Path) -> str:
    """Of every file's name, time and letters."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    said = [(str(path), path.stat().st_mtime_ns, path.read_bytes()) for path in files]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def test_the_loss_that_has_no_place_is_counted(store: Store) -> None:
    (x, y), words = contents.loss_curve(Watched.open(store.place.text))
    assert x.tolist() == [1, 2, 3, 5, 6]
    assert np.array_equal(y, 1 / np.array([1.0, 2, 3, 5, 6]))
    assert words == (
        "The batch's loss at 5 steps; 1 others told none, or none that is a finite number above 0."
    )


def test_layers_stand_by_their_last_gradient_and_are_letters(store: Store) -> None:
    watched = Watched.open(store.place.text)
    assert contents.largest_layers(watched) == [1, 2, 0]
    assert contents.layer_curve(watched, 1)[1].tolist() == [6, 12, 18]
    table = contents.layers_table(watched, ["red"] * 4)
    assert "&lt;b&gt;last&lt;/b&gt;" in table
    assert "<b>" not in table
    assert table.index("first.bias") < table.index("&gt;last") < table.index("first.weight")


def test_a_long_curve_keeps_its_spikes() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=54_321)
    y[rng.integers(0, len(y), 20)] = np.nan
    x, few = thinned(np.arange(float(len(y))), y)
    assert len(few) <= 2000
    assert (np.diff(x) > 0).all()
    assert (few.min(), few.max()) == (np.nanmin(y), np.nanmax(y))
    assert np.array_equal(few, y[x.astype(int)])


def test_a_reader_waits_follows_and_keeps_the_last_when_the_store_is_torn(tmp_path: Path) -> None:
    reader = Reader(str(tmp_path / "run.zarr"))
    reader.read()
    assert reader.seen.watched is None
    assert reader.seen.trouble.endswith("holds no watched training: expected the store of one")
    store = Store(tmp_path / "run.zarr", FACTS, READINGS)
    store.write(piece(1, 6))
    reader.read()
    assert reader.seen.watched is not None
    assert (reader.seen.watched.last_step, reader.seen.trouble) == (6, "")
    count = reader.seen.changes
    reader.read()
    assert reader.seen.changes == count
    store.write(piece(7, 8))
    store.close()
    reader.read()
    assert (reader.seen.watched.last_step, reader.seen.changes) == (8, count + 1)
    (tmp_path / "run.zarr/zarr.json").write_text("{")
    reader.read()
    assert reader.seen.watched.last_step == 8
    assert reader.seen.trouble
    assert "\n" not in reader.seen.trouble
    reader.close()


def test_the_page_follows_the_store_and_never_writes_to_it(browser, store: Store) -> None:
    folder = Path(store.place.text)
    room = LiveRoom(str(folder), 0)
    try:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(room.address, headers={"Host": "evil.example"}))
        before = digest(folder)
        browser.driver.get(room.address)
        browser.until(
            lambda: browser.js(
                "return !!window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
            )
        )
        browser.until(lambda: browser.column("loss_curve", "x") == [1, 2, 3, 5, 6])
        assert browser.column("share_curve", "y") == [0.1, 0.2, 0.3]
        assert browser.column("layer0_curve", "y") == [6, 12, 18]
        assert browser.get("verdict", "text") == f"<p>{Watched.open(folder).verdict()}</p>"
        assert digest(folder) == before
        store.write(piece(7, 8, Event(8, "warned", "the lr <is> past the edge")))
        browser.until(lambda: browser.column("share_curve", "y") == [0.1, 0.2, 0.3, 0.4])
        assert "<li class=warned>step 8, warned: the lr &lt;is&gt; past the edge</li>" in browser.get(
            "events", "text"
        )
        for width in (400, 900, 1600):
            size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
            browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            assert browser.js("return window.innerWidth") == width
            assert browser.js("return document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.errors() == []
    finally:
        browser.driver.get("about:blank")  # before the server ends, which an open page would complain of
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        room.stop()
