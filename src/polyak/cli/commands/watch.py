"""`polyak watch`: a live page of a watched training that runs elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from polyak.cli.command import OWN_MODEL, command
from polyak.cli.serving import Browser, Port, checked_port, stay


@command(epilog="polyak watch run.zarr --port 5007", group=OWN_MODEL)
def watch(
    store: Annotated[
        str,
        typer.Argument(
            help="The store that a watched training writes: a folder, or an address; it may come later."
        ),
    ],
    *,
    port: Port = 5006,
    browser: Browser = True,
) -> None:
    """Open a live page of a watched training: it reads the store while it is written, and never writes to it."""
    from polyak.ground.extras import need

    need("zarr", what="a store", extra="sweep")
    port = checked_port(port)
    from polyak.lab.live.served import LiveRoom

    room = LiveRoom(store, port)
    try:
        if room.port != port and port:
            typer.echo(f"port {port} is in use: the page took {room.port}", err=True)
        typer.echo(f"the page is open at {room.address} (Ctrl-C closes it)")
        stay(room.address, room.thread, browser=browser)
    except KeyboardInterrupt:
        typer.echo("\nthe page is closed")
    finally:
        room.stop()
