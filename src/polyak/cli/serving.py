"""What commands that serve a page share: where it listens, whether a browser opens, and how long the command stays."""

from __future__ import annotations

import time
from threading import Thread
from typing import Annotated, Any

import typer

from polyak.cli.command import whole_number_or_word

Port = Annotated[
    Any,
    typer.Option(
        parser=whole_number_or_word,
        metavar="INTEGER",
        help="Where to listen; the next one where it is in use.",
    ),
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]


def checked_port(port: object) -> int:
    """A port, or 0 for any that is free."""
    from polyak.ground.errors import whole_number

    return whole_number("port", port, at_least=0, at_most=65_535)


def stay(address: str, thread: Thread, *, browser: bool) -> None:
    """Show a page, and wait for as long as it is served."""
    if browser:
        import webbrowser

        webbrowser.open(address)
    while thread.is_alive():
        time.sleep(0.5)
