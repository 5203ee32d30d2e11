"""What a command leaves: a picture, checked beforehand, and after Ctrl-C a line on how to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from polyak.cli.own_code import raised_by
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

INTERRUPTED = 130  # what shells expect after a Ctrl-C, and the parser makes of it


def check_picture(out: Path | None) -> None:
    """Refuse a picture that could not be written before anything runs."""
    if out is not None:
        from polyak.show.places import check_folder, picture_format

        picture_format(out)
        if out.is_dir():
            raise PolyakError(f"{out} cannot be written: it is a folder")
        check_folder(out.parent)


def write_picture(
    out: Path | None, figure: Callable[[], Figure], made_from: str = "", *, beside_json: bool = False
) -> None:
    """Draw and write a picture where one was asked for, and say so."""
    if out is not None:
        from polyak.show import save

        typer.echo(f"wrote {save(figure(), out, made_from=made_from)}", err=beside_json)


def write_plane(
    out: Path | None, result: xr.Dataset | xr.DataTree, made_from: str = "", *, beside_json: bool = False
) -> None:
    """Draw and write the plane of a sweep where a picture of it was asked for."""
    if out is not None:
        from polyak.show import plane_figure

        write_picture(out, lambda: plane_figure(result), made_from, beside_json=beside_json)


def end_interrupted(way: str) -> NoReturn:
    """Say how to go on after Ctrl-C, and end as the shell expects."""
    if own := raised_by(sys.exception()):
        raise PolyakError(own)
    typer.echo(f"polyak: interrupted; {way}", err=True)
    sys.exit(INTERRUPTED)
