"""What there is: `polyak rules`, `polyak landscapes`, `polyak data`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from polyak.ground.numbers import readable


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("rules")(rules)
    app.command("landscapes")(landscapes)
    app.command("data")(data)


def rules(
    rule: Annotated[str | None, typer.Argument(help="One rule, to see its formula and its source.")] = None,
) -> None:
    """List the update rules, or show one's formula, settings and source."""
    if rule is not None:
        from polyak.cli.rules import description

        typer.echo(description(rule))
        return
    from polyak.rules import CATALOGUE

    rows = [(name, ", ".join(kind.hyperparameters()), _first_line(kind)) for name, kind in CATALOGUE.items()]
    print_table(("rule", "settings", "what it is"), rows)
    typer.echo("More on one: polyak rules heavy_ball. Any Optax optimizer is a rule too: optax:adam.")


def landscapes() -> None:
    """List the landscapes, with their starts and minimisers."""
    from polyak.landscapes import CATALOGUE

    rows = [
        (name, _point(found.start), "; ".join(map(_point, found.minimisers)) or "none", found.formula)
        for name, found in CATALOGUE.items()
    ]
    rows.append(
        ("quadratic:1,10", "-1 in every axis", "0", "a quadratic of the curvatures given, any dimension")
    )
    rows.append(("my_file.py:f", "--start, or (-5, -2)", "", "any function of your own, f(x1, x2) or f(x)"))
    print_table(("landscape", "start", "minimisers", "formula (LaTeX)"), rows)


def data() -> None:
    """List the data sets, and where airfoil would come from."""
    from polyak.data.catalogue import ABOUT

    rows = [
        (name, str(about.rows), str(about.features), about.target, about.place())
        for name, about in ABOUT.items()
    ]
    rows.append(("FILE.csv", "", "", "the last column, or --target NAME", "a CSV or TSV file of your own"))
    print_table(("data", "rows", "features", "target", "from"), rows)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to the terminal."""
    from rich.console import Console

    Console(markup=False, highlight=False, emoji=False).print(table_of(header, rows))


def table_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A table for the terminal, in which a word too long for its column is folded and never cut."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").splitlines()[0]


def _point(point: tuple[float, ...]) -> str:
    return f"({', '.join(f'{readable(value, 6)}' for value in point)})"
