"""Rules against one another: `polyak compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyak.cli.progress import shown
from polyak.cli.runs import SETTINGS, whole
from polyak.ground.errors import PolyakError


def add_to(app: typer.Typer) -> None:
    """Add this command to the terminal's door."""
    app.command("compare", context_settings=SETTINGS)(compare)


def compare(
    context: typer.Context,
    rules: Annotated[list[str], typer.Argument(help="heavy_ball nesterov optax:lion my_rule.py:f ...")],
    data: Annotated[str | None, typer.Option(help="digits, airfoil ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    problem: Annotated[str | None, typer.Option(help="linear_regression, perceptron ...")] = None,
    budget: Annotated[int, whole("Settings that each rule is tuned with.")] = 64,
    seeds: Annotated[int, whole("Runs that the tuned rules are judged by.")] = 10,
    tuning_seeds: Annotated[int, whole("Other runs, that each setting is tuned by.")] = 3,
    seed: Annotated[int, whole("The first seed.")] = 0,
    batch_size: Annotated[int, whole("Rows in a mini-batch.")] = 10,
    epochs: Annotated[int, whole("How often each row is seen.")] = 2,
    grid: Annotated[list[str] | None, typer.Option(help="Another range: adam.lr=log:1e-4:1")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for the page, its pictures and numbers.")] = None,
) -> None:
    """Tune every rule with the same budget, and judge them on seeds that none was tuned by."""
    from polyak.cli.arguments import check_time, problem_from
    from polyak.cli.sweep_words import refuse_twice, tuned_plane_from
    from polyak.show.places import check_folder

    words = [name for name in rules if name.startswith("-")] + list(context.args)
    if words:
        raise PolyakError(f"'{words[0]}' has no place here: a range is --grid RULE.NAME=AXIS")
    refuse_twice(rules)
    planes = [tuned_plane_from(name, rules, grid or []) for name in rules]
    task = problem_from(data, target, problem)
    check_time(task, batch_size, epochs, tuning_seeds, budget)
    check_time(task, batch_size, epochs, seeds)
    if out is not None:
        check_folder(out)
    from polyak.sweeps.compare import compare as run

    with shown("comparing", "runs") as progress:
        found = run(
            planes,
            on=task,
            budget=budget,
            seeds=seeds,
            tuning_seeds=tuning_seeds,
            seed=seed,
            batch_size=batch_size,
            epochs=epochs,
            progress=progress,
        )
    typer.echo(found)
    if out is not None:
        import shlex

        from polyak.study.the_comparison import comparison_page

        comparison_page(found, out, f"polyak {shlex.join(context.obj)}")
        typer.echo(f"wrote {out / 'index.html'}")
