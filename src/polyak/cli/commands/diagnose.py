"""`polyak diagnose`: the user's own training, as its file sets it up."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.command import OWN_MODEL, command
from polyak.cli.progress import shown
from polyak.cli.sections import report
from polyak.ground.errors import PolyakError, whole_number

EPILOG = "polyak diagnose my_training.py:setup --out report/; setup() returns model, optimizer and batches"


@command("diagnose", without=("state",), epilog=EPILOG, group=OWN_MODEL)
def diagnose(
    context: typer.Context,
    setup: Annotated[str, typer.Argument(help="my_training.py:setup, a function that makes the training.")],
    *,
    plane: Annotated[
        int,
        typer.Option(
            help="Epochs of trainings at other settings, a plane of them in the report; 0 for none."
        ),
    ] = 0,
    out: Annotated[str, typer.Option(metavar="FOLDER", help="For index.html and its pictures.")] = "report",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON, in place of words.")
    ] = False,
    **options: Any,
) -> None:
    """Diagnose a training of your own: its curvature, its edges, its noise, and what to set; a page of it."""
    from polyak.cli.setups import setup_from
    from polyak.show.places import check_folder

    plane = whole_number("plane", plane, at_least=0)
    if not out.strip():
        raise PolyakError("--out is empty, expected the name of a folder")
    from polyak.ground.extras import need

    need("jinja2", "math_core", "xarray", what="a report", extra="study")
    check_folder(Path(out))
    made = setup_from(setup)
    from polyak.diagnose import diagnose as diagnosed
    from polyak.study.model_page import model_sections
    from polyak.study.study import write_page

    options["batch_size"] = options.get("batch_size") or made.batch_size
    looked_at = made.model()
    with shown(f"diagnosing {looked_at.bridge.name}", "parts of a thousand") as progress:
        found = diagnosed(looked_at, made.optimizer, state=made.state, progress=progress, **options)
    sections = model_sections(found)
    if plane:
        from polyak.study.model_plane import plane_section

        of = {"epochs": plane, "state": made.state, "batch_size": options["batch_size"]}
        with shown("training the plane", "cells") as progress:
            sections.insert(-1, plane_section(looked_at, made.optimizer, progress=progress, **of))
    write_page(out, f"Diagnosis: {looked_at.bridge.name}", shlex.join(["polyak", *context.obj]), sections)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    report(sections)
    typer.echo(f"\nThe page: {Path(out) / 'index.html'}")
