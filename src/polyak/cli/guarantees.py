"""What holds for every function between two curvatures: `polyak guarantee`."""

from __future__ import annotations

from typing import Annotated

import typer

from polyak.cli.options import options
from polyak.cli.progress import shown
from polyak.cli.runs import RULE_HELP, SETTINGS, Out, Rule, check_picture
from polyak.ground.errors import PolyakError


def add_to(app: typer.Typer) -> None:
    """Add this command to the terminal's door."""
    app.command("guarantee", context_settings=SETTINGS, epilog=RULE_HELP)(guarantee)


def guarantee(
    context: typer.Context,
    rule: Rule,
    smoothness: Annotated[str | None, typer.Option(help="L, the largest curvature, such as 25.")] = None,
    strong_convexity: Annotated[str | None, typer.Option(help="m, the smallest, over 0, such as 1.")] = None,
    out: Out = None,
) -> None:
    """Certify a rule's rate on all functions between two curvatures, or show one on which it fails."""
    from polyak.cli.rules import rule_from
    from polyak.cli.settings import number_or_word

    found = rule_from(rule, context.args, options(context))
    if smoothness is None or strong_convexity is None:
        raise PolyakError("guarantee needs both --smoothness 25 and --strong-convexity 1")
    check_picture(out)
    from polyak.theory import guarantee as certified

    held = certified(
        found, smoothness=number_or_word(smoothness), strong_convexity=number_or_word(strong_convexity)
    )
    typer.echo(held)
    for sentence in held.words():
        typer.echo(sentence)
    if out is not None:
        from polyak.show import guarantee_figure, save

        with shown("guarantee", "learning rates") as progress:
            curve = held.curve(progress=progress)
        typer.echo(f"wrote {save(guarantee_figure(held, curve=curve), out)}")
