"""`polyak conventions`."""

from __future__ import annotations

import typer

from polyak.cli.answers import Json, print_json, rows_of
from polyak.cli.command import FRAMEWORKS, command


@command(group=FRAMEWORKS)
def conventions(as_json: Json = False) -> None:
    """Show what every framework means by momentum, as run here, with versions."""
    from polyak.cli.progress import shown
    from polyak.cli.tables import print_table
    from polyak.translate.conventions_table import HEADER, OTHERS_HEADER, others, table

    with shown("frameworks", "optimizers") as progress:
        rows = table(progress)
    if as_json:
        print_json({"momentum": rows_of(HEADER, rows), "others": rows_of(OTHERS_HEADER, others())})
        return
    print_table(HEADER, rows)
    print_table(OTHERS_HEADER, others())
    typer.echo(
        "One in another's words: polyak translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to torch"
    )
