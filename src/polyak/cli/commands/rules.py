"""`polyak rules`."""

from __future__ import annotations

from typing import Annotated

import typer

from polyak.cli.answers import Json, note
from polyak.cli.command import WHAT_THERE_IS, command


@command(group=WHAT_THERE_IS)
def rules(
    rule: Annotated[str | None, typer.Argument(help="One rule, to see its formula and its source.")] = None,
    as_json: Json = False,
) -> None:
    """List the update rules, or show one's formula, settings and source."""
    if rule is not None:
        from polyak.cli.rules import description

        typer.echo(description(rule))
        return
    from polyak.cli.tables import print_table
    from polyak.rules import CATALOGUE

    rows = [
        (name, ", ".join(kind.hyperparameters()), (kind.__doc__ or "").splitlines()[0])
        for name, kind in CATALOGUE.items()
    ]
    print_table(("rule", "settings", "what it is"), rows, as_json)
    note("More on one: polyak rules heavy_ball. Any Optax optimizer is a rule too: optax:adam.", as_json)
