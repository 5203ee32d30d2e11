"""`polyak show`."""

from __future__ import annotations

import html
import os
from pathlib import Path

import typer

from polyak.cli.command import TRAININGS, command
from polyak.cli.outputs import check_picture, write_plane
from polyak.cli.words import Out, Store
from polyak.ground.errors import PolyakError

MOST_OF_A_HEAD = 1 << 16  # characters of a picture in which it says what it was made from


@command(group=TRAININGS)
def show(store: Store, out: Out = None) -> None:
    """Draw a sweep in a store, finished or not; beside the store unless --out says where."""
    from polyak.sweeps import load_sweep

    result = load_sweep(store)
    beside = _beside(store)
    made_from = f"polyak show {beside.stem}"
    if out is None:
        out = beside
        if out.exists() and not _is_own(out, made_from):
            raise PolyakError(
                f"{out} is there already, and was not drawn from this store: say where to by --out"
            )
    check_picture(out)
    typer.echo(result)
    write_plane(out, result, made_from)


def _beside(store: str) -> Path:
    """Where the picture of a store goes: beside it; of one in an object store, here."""
    from polyak.sweeps.places import Folder, place_of

    place = place_of(store)
    folder = Path(place.folder) if isinstance(place, Folder) else Path(Path(store).name)
    return (folder if folder.name not in ("", "..") else Path(os.path.abspath(folder))).with_suffix(".svg")


def _is_own(picture: Path, made_from: str) -> bool:
    """Whether a picture says that it was made from this store."""
    try:
        with picture.open(encoding="utf-8") as file:
            return f"<dc:source>{html.escape(made_from, quote=False)}</dc:source>" in file.read(
                MOST_OF_A_HEAD
            )
    except (OSError, UnicodeDecodeError):
        return False
