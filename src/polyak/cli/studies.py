"""The main job: `polyak study`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.catalogues import table_of
from polyak.cli.options import options
from polyak.cli.progress import shown
from polyak.cli.runs import RULE_HELP, SETTINGS, Rule, whole
from polyak.ground.errors import PolyakError


def add_to(app: typer.Typer) -> None:
    """Add this command to the terminal's door."""
    app.command("study", context_settings=SETTINGS, epilog=RULE_HELP)(study)


def study(
    context: typer.Context,
    rule: Rule,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="The folder for the page, its pictures and numbers.")
    ] = "study",
    on: Annotated[str, typer.Option(help="A landscape, quadratic:1,10, or my_function.py:f.")] = "ravine",
    steps: Annotated[int, whole("Steps of the descent.")] = 20,
    start: Annotated[str | None, typer.Option(help="Where to begin, such as -5,-2.")] = None,
    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    problem: Annotated[
        str | None, typer.Option(help="linear_regression, perceptron ...; by the target's kind.")
    ] = None,
    batch_size: Annotated[int, whole("Rows in a mini-batch.")] = 10,
    epochs: Annotated[int, whole("How often each row is seen.")] = 2,
    seeds: Annotated[int, whole("How many runs of each training.")] = 5,
) -> None:
    """Study a rule: where it goes, how it trains, beside gradient descent; a page and its pictures."""
    from polyak.cli.arguments import check_time, landscape_from, problem_from
    from polyak.cli.rules import rule_from

    if not out.strip():
        raise PolyakError("--out is empty, expected the name of a folder")
    found, landscape = rule_from(rule, context.args, options(context)), landscape_from(on, start)
    task = problem_from(data, target, problem)
    check_time(task, batch_size, epochs, seeds)
    from polyak.study import study as run

    with shown(f"studying {rule}", "parts") as progress:
        sections = run(
            found,
            out,
            on=landscape,
            steps=steps,
            problem=task,
            batch_size=batch_size,
            epochs=epochs,
            seeds=seeds,
            command=shlex.join(["polyak", *context.obj]),
            progress=progress,
        )
    _report(sections)
    typer.echo(f"\nThe page: {Path(out) / 'index.html'}")


def _report(sections: Sequence[Any]) -> None:
    """The same facts as on the page, in the terminal."""
    from rich.console import Console

    from polyak.study import plain_text

    console = Console(markup=False, highlight=False, emoji=False)
    for section in sections:
        console.rule(section.title, align="left", style="blue")
        for paragraph in section.paragraphs:
            console.print(plain_text(paragraph))
        for table in section.tables:
            rows = [[plain_text(cell) for cell in row] for row in table.rows]
            console.print(f"\n{table.caption}")
            console.print(table_of([plain_text(cell) for cell in table.header], rows))
