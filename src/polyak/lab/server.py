"""The lab's server: Bokeh's own, in a thread of its own, on this machine's own address unless told otherwise."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Sequence
from functools import partial

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.server.server import Server
from bokeh.util.token import generate_secret_key
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.routing import Rule

from polyak.ground.errors import PolyakError
from polyak.lab.downloads import KINDS, Download
from polyak.lab.gate import MOST_LETTERS, Gate, in_lines
from polyak.lab.leaving import Leaving, seldom
from polyak.lab.page import open_page, parts
from polyak.lab.shared import Shared
from polyak.lab.shell import EXPIRES, Shell
from polyak.lab.visitors import Foreign, Nothing, Refused

HERE = "127.0.0.1"
PORT = 5006
TRIES = 50  # ports after the one asked for
WATCH = 500  # milliseconds between two looks at the files
UNUSED = 20_000  # milliseconds after which a session whose tab is gone is forgotten
NAMES_OF_HERE = ("localhost", "127.0.0.1")


class Serving:
    """A server that runs.

    Attributes:
        address: what to open, http://127.0.0.1:5006/.
        port: the one that was free.
        parts: the names of a page's parts, in their order.
    """

    def __init__(self, shared: Shared, host: str, port: int, origins: Sequence[str]) -> None:
        self.shared, self.host, self.origins = shared, host, tuple(origins)
        self.port, self.address, self.parts = port, "", parts(shared)
        self.trouble: BaseException | None = None
        self.up = threading.Event()
        self.thread = threading.Thread(target=self._run, name="polyak-lab", daemon=True)
        self.thread.start()
        self.up.wait()
        if self.trouble is not None:
            raise self.trouble

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
        self.watch = PeriodicCallback(self.shared.look_at_files, WATCH)
        self.watch.start()

    def _stop(self) -> None:
        self.watch.stop()
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
                raise PolyakError(f"the lab cannot listen on {self.host}, port {port}: {reason}") from None
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
        application = Application(FunctionHandler(partial(open_page, self.shared)), Leaving(self.shared))
        seldom()
        secret = generate_secret_key().encode()
        made = Server(
            {"/": application},
            address=self.host,
            port=port,
            extra_patterns=[(rf"/trace\.({'|'.join(KINDS)})", Download, {"shared": self.shared})],
            websocket_max_message_size=MOST_LETTERS,
            sign_sessions=True,
            secret_key=secret,
            generate_session_ids=True,
            check_unused_sessions_milliseconds=UNUSED // 4,
            unused_session_lifetime_milliseconds=UNUSED,
            session_token_expiration=EXPIRES,
            log_function=lambda _: None,  # what was asked for and refused is the browser's to say
        )
        made._tornado.add_handlers(
            r".*",
            [
                (r"/", Shell, {"shared": self.shared, "parts": self.parts, "secret": secret}),
                (r"/(?:autoload\.js|metadata)", Nothing),
            ],
        )
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
        tornado.default_router.rules.insert(0, Rule(Foreign(origins), Refused))
