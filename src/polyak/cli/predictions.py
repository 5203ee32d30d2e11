"""What theory says beforehand: `polyak predict`, `polyak phase`, `polyak optimal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.options import options
from polyak.cli.progress import shown
from polyak.cli.runs import RULE_HELP, SETTINGS, Out, Rule, check_picture, whole
from polyak.ground.errors import PolyakError, whole_number

Curvature = Annotated[str | None, typer.Option(help="One curvature or several, such as 0.2,4.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("predict", context_settings=SETTINGS, epilog=RULE_HELP)(predict)
    app.command("phase", context_settings=SETTINGS, epilog=RULE_HELP)(phase)
    app.command("optimal")(optimal)


def predict(
    context: typer.Context,
    rule: Rule,
    curvature: Curvature = None,
    on: Annotated[str | None, typer.Option(help="A landscape, whose curvatures are taken.")] = None,
    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    steps: Annotated[int, whole("How many steps to predict.")] = 300,
    batch_size: Annotated[int, whole("Rows in a mini-batch.")] = 10,
    seeds: Annotated[int, whole("How many real runs to hold the prediction against.")] = 100,
    out: Out = None,
) -> None:
    """Predict a rule: its response and stability on curvatures, or its expected loss on data beside real runs."""
    from polyak.cli.rules import rule_from
    from polyak.theory.expected_training import MOST_STEPS

    found = rule_from(rule, context.args, options(context))
    check_picture(out)
    steps = whole_number("steps", steps, at_least=1, at_most=MOST_STEPS)
    given = [
        name for name, value in (("curvature", curvature), ("on", on), ("data", data)) if value is not None
    ]
    if len(given) != 1:
        raise PolyakError("predict needs one of --curvature 0.2,4, --on ravine or --data airfoil")
    if data is not None:
        figure = _expectation(found, data, target, steps, batch_size, seeds)
    else:
        figure = _stability(found, curvature, on)
    _save(figure, out)


def phase(context: typer.Context, rule: Rule, curvature: Curvature = None, out: Out = None) -> None:
    """Draw the phase diagram of a rule: regimes and rate over lr times curvature, and momentum."""
    from polyak.cli.rules import rule_from
    from polyak.cli.settings import settings_from
    from polyak.rules import find
    from polyak.show import phase_figure
    from polyak.theory import REGIMES, phase_diagram, stability

    check_picture(out)
    marked = bool(settings_from(context.args))
    found: Any = rule_from(rule, context.args, options(context)) if marked or ":" in rule else find(rule)
    setting = stability(found, _curvatures(curvature or "1")) if marked else None
    if curvature is not None and not marked:
        raise PolyakError(
            "--curvature marks a setting: give its numbers too, such as --lr 0.6 --momentum 0.5"
        )
    diagram = phase_diagram(found)
    shares = {name: float((diagram.regime == code).mean()) for code, name in enumerate(REGIMES)}
    for name, share in shares.items():
        if share > 0:
            typer.echo(f"{name}: {share:.1%} of the plane")
    if setting is not None:
        typer.echo(setting)
    _save(lambda: phase_figure(diagram, setting), out)


def optimal(
    rule: Rule,
    curvature: Curvature = None,
    on: Annotated[str | None, typer.Option(help="A landscape, whose curvatures are taken.")] = None,
    over: Annotated[
        str,
        typer.Option(
            help="quadratics, or convex: the best certified on all functions between the curvatures."
        ),
    ] = "quadratics",
    out: Out = None,
) -> None:
    """Find a rule's best setting on given curvatures, and what it buys over gradient descent."""
    from polyak.rules import find
    from polyak.show import condition_figure
    from polyak.theory import optimal as best
    from polyak.theory import rates_by_condition_number

    kind = find(rule)
    check_picture(out)
    if (curvature is None) == (on is None):
        raise PolyakError("optimal needs one of --curvature 0.2,4 or --on ravine")
    typer.echo(best(kind, _target(curvature, on), over=over))
    numbers = [1.5, 3, 10, 30, 100, 300, 1000]
    _save(lambda: condition_figure(rates_by_condition_number(kind, numbers)), out)


def _stability(rule: Any, curvature: str | None, on: str | None) -> Any:
    from polyak.show import stability_figure
    from polyak.theory.predictions import OnCurvatures, predictions

    asked = OnCurvatures(rule, _target(curvature, on))
    _say(predictions(asked))
    return lambda: stability_figure(asked.stability)


def _say(said: dict[str, Any]) -> None:
    for prediction in said.values():
        for line in prediction.lines:
            typer.echo(line)


def _expectation(rule: Any, data: str, target: str | None, steps: int, batch_size: int, seeds: int) -> Any:
    from polyak.cli.arguments import check_time, problem_from
    from polyak.cli.catalogues import print_table
    from polyak.show import expectation_figure
    from polyak.study import measured_beside, side_by_side
    from polyak.theory.predictions import InTraining, predictions

    problem = problem_from(data, target, None)
    seeds = whole_number("seeds", seeds, at_least=2)
    check_time(problem, batch_size, 1, seeds)
    said = predictions(InTraining(rule, problem, batch_size, steps, seeds))
    expected: Any = said["expectation"].result
    with shown("real runs", "epochs") as progress:
        measured = measured_beside(expected, seeds, progress=progress)
    _say(said)
    print_table(*side_by_side(expected, measured))
    return lambda: expectation_figure(expected, measured)


def _target(curvature: str | None, on: str | None) -> Any:
    from polyak.cli.arguments import landscape_from

    return _curvatures(curvature) if curvature is not None else landscape_from(str(on))


def _curvatures(words: str) -> list[float]:
    from polyak.cli.arguments import numbers_from

    return numbers_from("curvature", words)


def _save(figure: Any, out: Path | None) -> None:
    if out is not None:
        from polyak.show import save

        typer.echo(f"wrote {save(figure(), out)}")
