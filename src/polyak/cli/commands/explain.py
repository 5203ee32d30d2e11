"""`polyak explain`: why a watched training went wrong at a step."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import OWN_MODEL, command, whole_number_or_word
from polyak.ground.errors import PolyakError

EPILOG = "polyak explain run.zarr --step 412 --out why.html"


@command(epilog=EPILOG, group=OWN_MODEL)
def explain(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="The store of a watched training: a folder, or an address.")],
    *,
    step: Annotated[  # noqa: ANN401
        Any,
        typer.Option(
            parser=whole_number_or_word,
            metavar="INTEGER",
            help="What is to be explained; by default where the loss first rose out of its noise.",
        ),
    ] = None,
    out: Annotated[str, typer.Option(metavar="FILE", help="A page of it, such as why.html.")] = "",
    as_json: Json = False,
) -> None:
    """Explain why a watched training went wrong: a named cause with its evidence, or none of those known here."""
    from polyak.ground.extras import need

    need("zarr", what="a store", extra="sweep")
    if out:
        need("jinja2", what="a report", extra="study")
        if not out.endswith(".html"):
            raise PolyakError(f"--out is '{out}', expected a file that ends in .html")
        from polyak.show.places import check_folder

        check_folder(Path(out).parent)
    from polyak.diagnose import explain as explained

    found = explained(store, step=step)
    if as_json or not out:
        answer(found, as_json, step=found.step, cause=found.cause, change=found.change)
    if not out:
        return
    from polyak.study.explanation_page import explanation_sections
    from polyak.study.study import write_file

    line = shlex.join(["polyak", *context.obj])
    write_file(out, f"Explained: {found.watched.facts.model}", line, explanation_sections(found))
    if not as_json:
        typer.echo(found.words()[0])
    note(f"\nThe page: {out}", as_json)
