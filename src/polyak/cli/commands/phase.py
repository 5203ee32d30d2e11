"""`polyak phase`."""

from __future__ import annotations

import typer

from polyak.cli.command import command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.typed import typed
from polyak.cli.words import Curvature, Out, Rule, numbers_from
from polyak.ground.errors import PolyakError


@command(settings=True)
def phase(context: typer.Context, rule: Rule, curvature: Curvature = None, out: Out = None) -> None:
    """Draw the phase diagram of a rule: regimes and rate over lr times curvature, and momentum."""
    from polyak.cli.rules import rule_from
    from polyak.rules import find
    from polyak.show import phase_figure
    from polyak.theory import REGIMES, phase_diagram, stability

    check_picture(out)
    optimizer = rule_from(rule, typed(context)) if context.args or ":" in rule else None
    setting = None
    if optimizer is not None and context.args:
        setting = stability(optimizer, numbers_from("curvature", curvature or "1"))
    elif curvature is not None:
        raise PolyakError(
            "--curvature marks a setting: give its numbers too, such as --lr 0.6 --momentum 0.5"
        )
    diagram = phase_diagram(optimizer or find(rule))
    for code, name in enumerate(REGIMES):
        share = float((diagram.regime == code).mean())
        if share > 0:
            typer.echo(f"{name}: {share:.1%} of the plane")
    if setting is not None:
        typer.echo(setting)
    write_picture(out, lambda: phase_figure(diagram, setting))
