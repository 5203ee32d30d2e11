"""A room on Bokeh's own server: a thread of its own, this machine's own address, and the gate before every page.

What is shown there is a subclass's: the document, the page's shell, what is looked at now and then.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Sequence
from secrets import token_urlsafe
from typing import Any, ClassVar

from bokeh.application import Application
from bokeh.server.server import Server
from bokeh.util.token import generate_secret_key
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.routing import Rule
from tornado.web import RequestHandler

from polyak.ground.errors import PolyakError
from polyak.lab.gate import MOST_LETTERS, Gate, in_lines
from polyak.lab.visitors import Foreign, Nothing, Refused

HERE = "127.0.0.1"
PORT = 5006
TRIES = 50  # ports after the one asked for
UNUSED = 20_000  # milliseconds after which a session whose tab is gone is forgotten
EXPIRES = 3600  # seconds in which a token opens a session
NAMES_OF_HERE = ("localhost", "127.0.0.1")

Route = tuple[str, type[RequestHandler], dict[str, Any]]


class Room:
    """A server that runs.

    Attributes:
        address: what to open, http://127.0.0.1:5006/.
        port: the one that was free.
    """

    what: ClassVar[str]  # "the lab"
    hint: ClassVar[str] = ""  # what a refused visitor is told besides
    often: ClassVar[int]  # milliseconds between two looks

    def __init__(self, host: str, port: int, origins: Sequence[str]) -> None:
        self.host, self.origins = host, tuple(origins)
        self.port, self.address = port, ""
        self.key = token_urlsafe(32)  # opens the room under a proxy's name, from its own notebook
        self.trouble: BaseException | None = None
        self.up = threading.Event()
        self.thread = threading.Thread(target=self._run, name="polyak-room", daemon=True)
        self.thread.start()
        self.up.wait()
        if self.trouble is not None:
            raise self.trouble

    def application(self) -> Application:
        """What fills a session's document."""
        raise NotImplementedError

    def shell(self, secret: bytes) -> Route:
        """The page before its session."""
        raise NotImplementedError

    def patterns(self) -> list[Route]:
        """What is served beside the page."""
        return []

    def look(self) -> None:
        """Done every `often` milliseconds, in the server's thread."""

    def stop(self) -> None:
        """End the server and its thread."""
        if self.thread.is_alive():
            self.loop.add_callback(self._stop)
            self.thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            self._begin()
        except BaseException as error:
            self.trouble = error
            self.up.set()
            return
        self.loop.add_callback(self.up.set)
        with in_lines():
            self.loop.start()
        self.loop.close(all_fds=True)

    def _begin(self) -> None:
        self.loop = IOLoop.current()
        self.server = self._bound()
        self.server.start()
        self.looking = PeriodicCallback(self.look, self.often)
        self.looking.start()

    def _stop(self) -> None:
        self.looking.stop()
        self.server.stop(wait=False)
        self.server.unlisten()
        self.loop.stop()

    def _bound(self) -> Server:
        """The server on the first port that is free, from the one asked for."""
        for port in range(self.port, self.port + TRIES + 1) if self.port else [0]:
            try:
                self._try(port)
                made = self._made(port)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                reason = error.strerror or str(error)
                raise PolyakError(
                    f"{self.what} cannot listen on {self.host}, port {port}: {reason}"
                ) from None
            self.port = made.port
            shown = HERE if self.host in ("", "0.0.0.0", "::") else self.host
            self.address = f"http://{shown}:{self.port}/"
            self._allow(made)
            return made
        raise PolyakError(f"the ports {self.port} to {self.port + TRIES} are all in use, expected a free one")

    def _try(self, port: int) -> None:
        """Bind the port and let it go: what Bokeh cannot bind it does not close."""
        kind = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((self.host, port))

    def _made(self, port: int) -> Server:
        secret = generate_secret_key().encode()
        made = Server(
            {"/": self.application()},
            address=self.host,
            port=port,
            extra_patterns=self.patterns(),
            websocket_max_message_size=MOST_LETTERS,
            sign_sessions=True,
            secret_key=secret,
            generate_session_ids=True,
            check_unused_sessions_milliseconds=UNUSED // 4,
            unused_session_lifetime_milliseconds=UNUSED,
            session_token_expiration=EXPIRES,
            log_function=lambda _: None,  # what was asked for and refused is the browser's to say
        )
        made._tornado.add_handlers(r".*", [self.shell(secret), (r"/(?:autoload\.js|metadata)", Nothing)])
        return made

    def _allow(self, made: Server) -> None:
        """Pages of this address alone may talk to it, by its own names, and each connection passes the gate."""
        tornado = made._tornado
        names = {*NAMES_OF_HERE, self.host} - {"", "0.0.0.0", "::"}
        if self.host not in NAMES_OF_HERE:
            names.add(socket.gethostname().lower())
        own = {f"[{name}]" if ":" in name else name.lower() for name in names}
        origins = {f"{name}:{self.port}" for name in own} | set(self.origins)
        tornado._websocket_origins = origins
        context = {
            "application_context": tornado.applications["/"],
            "bokeh_websocket_path": "/ws",
            "compression_level": None,
            "mem_level": None,
        }
        tornado.add_handlers(r".*", [(r"/ws", Gate, context)])
        tornado.default_router.rules.insert(0, Rule(Foreign(origins, self.key), Refused, {"hint": self.hint}))
