"""`polyak conventions`."""

from __future__ import annotations

import typer

from polyak.cli.command import FRAMEWORKS, command


@command(group=FRAMEWORKS)
def conventions() -> None:
    """Show what every framework means by momentum, as run here, with versions."""
    from polyak.cli.progress import shown
    from polyak.cli.tables import print_table
    from polyak.translate.conventions_table import HEADER, OTHERS_HEADER, others, table

    with shown("frameworks", "optimizers") as progress:
        rows = table(progress)
    print_table(HEADER, rows)
    print_table(OTHERS_HEADER, others())
    typer.echo(
        "One in another's words: polyak translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to torch"
    )
