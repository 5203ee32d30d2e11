"""What moves: `polyak trace` and `polyak train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from polyak.cli.options import options
from polyak.cli.own_code import raised_by
from polyak.cli.progress import shown
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable


def number(word: str) -> Any:
    """A whole number as typed; a word that is none is left for the command to refuse in its own words."""
    try:
        return int(word)
    except ValueError:
        return word


def whole(meaning: str) -> Any:
    """An option that takes a whole number."""
    return typer.Option(parser=number, metavar="INTEGER", help=meaning)


INTERRUPTED = 130  # what shells expect after a Ctrl-C, and the parser makes of it
Out = Annotated[Path | None, typer.Option(help="A picture to write: .svg, .png or .pdf.")]
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
Rule = Annotated[
    str, typer.Argument(help="heavy_ball, optax:adam, my_rule.py:MyRule ... (polyak rules lists them)")
]
RULE_HELP = "The rule's settings follow its name: --lr 0.6 --momentum 0.5 ..."


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("trace", context_settings=SETTINGS, epilog=RULE_HELP)(trace)
    app.command("train", context_settings=SETTINGS, epilog=RULE_HELP)(train)


def trace(
    context: typer.Context,
    rule: Rule,
    on: Annotated[str, typer.Option(help="A landscape, quadratic:1,10, or my_function.py:f.")] = "ravine",
    steps: Annotated[int, whole("How many steps.")] = 20,
    start: Annotated[str | None, typer.Option(help="Where to begin, such as -5,-2.")] = None,
    out: Out = None,
) -> None:
    """Descend a landscape: where the rule ends, and a picture of its way."""
    from polyak.cli.arguments import landscape_from
    from polyak.cli.rules import rule_from

    found, landscape = rule_from(rule, context.args, options(context)), landscape_from(on, start)
    check_picture(out)
    from polyak.run import descend

    result = descend(found, landscape, steps)
    typer.echo(result)
    if out is not None:
        from polyak.show import save, trace_figure

        typer.echo(f"wrote {save(trace_figure(result), out)}")


def train(
    context: typer.Context,
    rule: Rule,
    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    problem: Annotated[
        str | None, typer.Option(help="linear_regression, perceptron ...; by the target's kind.")
    ] = None,
    batch_size: Annotated[int, whole("Rows in a mini-batch.")] = 10,
    epochs: Annotated[int, whole("How often each row is seen.")] = 2,
    seeds: Annotated[int, whole("How many runs, side by side.")] = 1,
    seed: Annotated[int, whole("The first run's seed.")] = 0,
    every: Annotated[int, whole("The loss is recorded each so many rows.")] = 100,
    out: Out = None,
) -> None:
    """Train a problem on real data: the loss it ends at, and a picture of its fall."""
    from polyak.cli.arguments import check_time, problem_from
    from polyak.cli.rules import rule_from

    found, task = rule_from(rule, context.args, options(context)), problem_from(data, target, problem)
    check_time(task, batch_size, epochs, seeds)
    check_picture(out)
    from polyak.run import train as run

    checkpoint = None if out is None else out.with_name(f".{out.name}.checkpoint")
    try:
        with shown("training", "epochs") as progress:
            result = run(
                found,
                task,
                batch_size=batch_size,
                epochs=epochs,
                seed=seed,
                seeds=seeds,
                every=every,
                progress=progress,
                checkpoint=checkpoint,
            )
    except KeyboardInterrupt:
        _end_interrupted(checkpoint)
    typer.echo(result)
    typer.echo(f"{readable(result.seconds, 6, places=3)} s, compilation included")
    if out is not None:
        from polyak.show import history_figure, save

        typer.echo(f"wrote {save(history_figure(result), out)}")


def check_picture(out: Path | None) -> None:
    """Refuse a picture that could not be written before anything runs."""
    if out is not None:
        from polyak.show.places import check_folder, picture_format

        picture_format(out)
        if out.is_dir():
            raise PolyakError(f"{out} cannot be written: it is a folder")
        check_folder(out.parent)


def _end_interrupted(checkpoint: Path | None) -> NoReturn:
    """Say how to go on with a training that Ctrl-C ended."""
    if checkpoint is None:
        way = "with --out, the same line would have gone on from where it stopped"
    elif checkpoint.exists():
        way = f"the same line goes on from where it stopped (kept in {checkpoint})"
    else:
        way = "nothing was kept yet, the same line begins anew"
    end_interrupted(way)


def end_interrupted(way: str) -> NoReturn:
    """Say how to go on after Ctrl-C, and end as the shell expects."""
    if own := raised_by(sys.exception()):
        raise PolyakError(own)
    typer.echo(f"polyak: interrupted; {way}", err=True)
    sys.exit(INTERRUPTED)
