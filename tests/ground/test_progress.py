"""A bar in a notebook, where nobody asked for progress; nowhere else, and never from another thread."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from polyak.ground import progress
from polyak.ground.progress import silent, unasked


@pytest.fixture
def notebook(monkeypatch):
    """What a kernel displays, one text for each display, as it stands in the end; the clock is ours."""
    import IPython.display

    shown: list[list[str]] = []
    clock = SimpleNamespace(now=0.0)

    def display(html, display_id):
        assert display_id
        shown.append([html.data])
        return SimpleNamespace(update=lambda html: shown[-1].append(html.data))

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock.now)
    return SimpleNamespace(shown=shown, clock=clock)


def test_a_bar_comes_after_a_moment_and_is_taken_off(notebook):
    tell = unasked("epochs")
    for done, now in enumerate([0.1, 0.5, 2.0, 2.05, 4.0]):
        notebook.clock.now = now
        tell(done, 5)
    assert len(notebook.shown) == 1
    first, second = notebook.shown[0]
    assert '<progress value="2" max="5"' in first
    assert "2 of 5 epochs, about 3 s left" in first
    assert "4 of 5 epochs, about 1 s left" in second
    tell(5, 5)
    assert notebook.shown[0][-1] == ""


def test_what_is_done_at_once_shows_nothing(notebook):
    tell = unasked("cells")
    tell(1, 2)
    tell(2, 2)
    assert notebook.shown == []


def test_elsewhere_it_is_silent(notebook, monkeypatch):
    found = []
    thread = threading.Thread(target=lambda: found.append(unasked("cells")))
    thread.start()
    thread.join()
    assert found == [silent]
    monkeypatch.setenv("POLYAK_PROGRESS", "off")
    assert unasked("cells") is silent
    monkeypatch.delenv("POLYAK_PROGRESS")
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert unasked("cells") is silent
