"""What a page may say to the server: that a widget's value changed, that something was clicked or dragged; no more.

Bokeh's protocol lets a page do much more, put another document in the place of this one, make objects, send packed
bytes. A lab has no use for any of it: whoever tries is shown the door.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bokeh.protocol.message import Message
from bokeh.server.views.ws import WSHandler

from polyak.ground.errors import in_short
from polyak.lab.visitors import has_key, is_own

log = logging.getLogger(__name__)

SILENCE = 1.0  # seconds between two warnings
TALKERS = (
    "bokeh.protocol",
    "bokeh.protocol.receiver",
    "bokeh.server.protocol_handler",
    "bokeh.server.session",
    "bokeh.server.views.ws",
    "tornado.general",
)
MOST_LETTERS = 65_536  # of a message's part
MOST_EVENTS = 50  # in a message
DEEPEST = 8
ATTRIBUTES = {"value", "value_throttled", "value_input", "active"}
# What a figure or a layout tells of itself on its own.
GEOMETRY = {
    "inner_width",
    "inner_height",
    "outer_width",
    "outer_height",
    "start",
    "end",
    "selected",
    "indices",
}
EVENTS = {"button_click", "pan", "panstart", "panend", "tap", "mousemove", "document_ready"}
TYPES = {"event", "map", "number", "ref"}
MESSAGES = {"PULL-DOC-REQ", "PATCH-DOC", "SERVER-INFO-REQ"}


class Gate(WSHandler):  # type: ignore[misc]
    """Bokeh's own connection, for messages that a page of the lab sends."""

    def open(self) -> None:
        """Begin, with no wait for more to send: a change's few small parts would lie for 40 ms."""
        self.set_nodelay(True)
        try:
            super().open()
        except Exception as error:
            self._refuse(f"a connection without its token ({type(error).__name__})")

    def check_origin(self, origin: str) -> bool:
        """Whether a page of this lab asks, whatever the environment allows Bokeh."""
        return has_key(self.request) or is_own(origin, self.application.websocket_origins)

    async def on_message(self, fragment: str | bytes) -> None:
        """Take in a part of a message; a long one, or one in bytes, ends the connection."""
        if isinstance(fragment, bytes) or len(fragment) > MOST_LETTERS:
            self._refuse("a part in bytes" if isinstance(fragment, bytes) else f"{len(fragment)} letters")
            return
        if self.receiver is None:
            return
        await super().on_message(fragment)

    async def _receive(self, fragment: str | bytes) -> Message | None:
        try:
            return await self.receiver.consume(fragment)
        except Exception as error:
            self._refuse(f"no message ({type(error).__name__})")
            return None

    async def _handle(self, message: Message) -> object:
        complaint = objection(message.msgtype, message.content)
        if complaint:
            self._refuse(complaint)
            return None
        try:
            return await self.handler.handle(message, self.connection)
        except Exception as error:
            self._refuse(f"a message that fails ({type(error).__name__})")
            return None

    async def _async_open(self, token: str) -> None:
        try:
            await super()._async_open(token)
        except Exception as error:
            self._refuse(f"a token that opens no session ({type(error).__name__})")

    def on_close(self) -> None:
        """The tab is gone; a ping that did not arrive may have found out before."""
        with suppress(AssertionError):
            super().on_close()

    def _refuse(self, complaint: str) -> None:
        _warn(complaint)
        self.close(1003, "not understood")

    def _internal_error(self, message: str) -> None:
        self._refuse(message)

    _protocol_error = _internal_error


_warned = {"at": -SILENCE, "more": 0.0}


def _warn(complaint: str) -> None:
    """One line, at most one a second: how many came in between is said with the next."""
    now = time.monotonic()
    if now - _warned["at"] < SILENCE:
        _warned["more"] += 1
        return
    more = f", and {int(_warned['more'])} more before it" if _warned["more"] else ""
    _warned.update(at=now, more=0.0)
    line = in_short(" ".join(complaint.split()))
    log.warning("the lab refused: %s%s", line, more)


class InALine(logging.Filter):
    """What Bokeh and Tornado log of what they cannot read, as this module's own warnings are."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say it in one line, or count it; the record itself, with its traceback, goes no further."""
        if record.levelno >= logging.WARNING:
            _warn(record.getMessage())
        return record.levelno < logging.WARNING


@contextmanager
def in_lines() -> Iterator[None]:
    """While a lab serves, complaints about messages and requests are one line each, and no flood."""
    found, loggers = InALine(), [logging.getLogger(name) for name in TALKERS]
    for logger in loggers:
        logger.addFilter(found)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(found)


def objection(kind: str, content: object) -> str:
    """Why a message is not let in; empty where it is.

    >>> objection("PUSH-DOC", {})
    'a message of kind PUSH-DOC'
    >>> change = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "value", "new": 0.5}
    >>> objection("PATCH-DOC", {"events": [change]})
    ''
    >>> objection("PATCH-DOC", {"events": [{**change, "attr": "text"}]})
    'a change of text'
    """
    if kind not in MESSAGES:
        return f"a message of kind {kind[:40]}"
    if kind != "PATCH-DOC":
        return ""
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        return "no list of events, or too long a one"
    return next((found for found in map(_objection_to, events) if found), "")


def _objection_to(event: object) -> str:
    if not isinstance(event, dict):
        return "an event that is none"
    kind = event.get("kind")
    if kind == "ModelChanged":
        return _objection_to_value("a change of", event.get("attr"), ATTRIBUTES | GEOMETRY, event.get("new"))
    if kind == "MessageSent" and event.get("msg_type") == "bokeh_event":
        data = event.get("msg_data")
        name = data.get("name") if isinstance(data, dict) else None
        return _objection_to_value("an event called", name, EVENTS, data)
    return f"an event of kind {str(kind)[:40]}"


def _objection_to_value(what: str, name: object, names: set[str], value: object) -> str:
    if not (isinstance(name, str) and name in names):
        return f"{what} {str(name)[:40]}"
    return next(_odd(value, 0), "")


def _odd(value: object, depth: int) -> Iterator[str]:
    """What is odd in a value: anything but plain numbers, words, lists and maps of them, and references."""
    if depth > DEEPEST:
        yield "a value too deep"
    elif isinstance(value, dict):
        if "type" in value and str(value["type"]) not in TYPES:
            yield f"a value of type {str(value['type'])[:40]}"
        for part in value.values():
            yield from _odd(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _odd(part, depth + 1)
