"""Sessions that are forgotten hold up nobody: Bokeh's collections of garbage are one for many."""

from __future__ import annotations

import pytest
from bokeh.document import Document

from polyak.lab import leaving


class Session:
    """What listens to a document."""

    def _document_changed(self, event: object) -> None:
        """Nothing."""


def forgotten() -> None:
    doc, session = Document(), Session()
    doc.callbacks.on_change_dispatch_to(session)
    doc.destroy(session)


def test_many_documents_that_are_forgotten_are_one_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    collections: list[float] = []
    now = [100.0]
    monkeypatch.setattr(leaving.gc, "collect", lambda: len(collections.append(now[0]) or collections))
    monkeypatch.setattr(leaving.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(leaving.document, "gc", leaving.Seldom())
    leaving.seldom()  # already so: nothing changes
    for _ in range(50):
        forgotten()
    assert collections == [100.0]
    now[0] += leaving.SELDOM
    forgotten()
    assert collections == [100.0, 110.0]
