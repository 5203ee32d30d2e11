"""`polyak watch`: a live page of a watched training that runs elsewhere."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from polyak.cli.command import OWN_MODEL, command, whole_number_or_word


@command(epilog="polyak watch run.zarr --port 5007", group=OWN_MODEL)
def watch(
    store: Annotated[
        str,
        typer.Argument(
            help="The store that a watched training writes: a folder, or an address; it may come later."
        ),
    ],
    *,
    port: Annotated[  # noqa: ANN401
        Any,
        typer.Option(
            parser=whole_number_or_word,
            metavar="INTEGER",
            help="Where to listen; the next one where it is in use.",
        ),
    ] = 5006,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Open a live page of a watched training: it reads the store while it is written, and never writes to it."""
    from polyak.ground.errors import whole_number
    from polyak.ground.extras import need

    need("zarr", what="a store", extra="sweep")
    port = whole_number("port", port, at_least=0, at_most=65_535)
    from polyak.lab.live.served import LiveRoom

    room = LiveRoom(store, port)
    try:
        if room.port != port and port:
            typer.echo(f"port {port} is in use: the page took {room.port}", err=True)
        typer.echo(f"the page is open at {room.address} (Ctrl-C closes it)")
        if browser:
            import webbrowser

            webbrowser.open(room.address)
        while room.thread.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt:
        typer.echo("\nthe page is closed")
    finally:
        room.stop()
