"""An optimizer for another batch size: `polyak rescale`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import OWN_MODEL, command
from polyak.cli.commands.translate import arguments_from
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.words import Out, Task
from polyak.ground.errors import PolyakError

EXAMPLE = "polyak rescale torch:SGD lr=0.1 momentum=0.9 --batch-size 256 --to 4096"


@command(
    "rescale",
    words=True,
    without=("on",),
    epilog=f"Arguments go by the framework's own names: {EXAMPLE}",
    group=OWN_MODEL,
)
def rescale(
    context: typer.Context,
    optimizer: Annotated[
        str, typer.Argument(help="Such as torch:SGD (polyak conventions), or a rule's name.")
    ],
    task: Task,
    batch_size: int | None = None,
    to: int | None = None,
    *,
    out: Out = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Take an optimizer to another batch size: what is kept equal, on what grounds, and where it ends."""
    from polyak.translate.batch_size import rescale as rescaled

    check_picture(out)
    if batch_size is None or to is None:
        raise PolyakError("rescale needs both --batch-size 256 and --to 4096")
    name = optimizer if ":" in optimizer or "." in optimizer else f"polyak:{optimizer}"
    arguments = arguments_from(name, context.args)
    on = None if task.data is None else task.made()
    found = rescaled(name, batch_size=batch_size, to=to, on=on, **options, **arguments)
    answer(found, as_json, sentences=found.words())
    for sentence in () if as_json else found.words():
        typer.echo(f"   {sentence}")
    write_picture(out, found.plot, beside_json=as_json)
