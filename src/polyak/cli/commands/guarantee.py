"""`polyak guarantee`: what holds for every function between two curvatures."""

from __future__ import annotations

import typer

from polyak.cli.command import command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Out, Rule
from polyak.ground.errors import PolyakError


@command("guarantee", settings=True)
def guarantee(
    context: typer.Context,
    rule: Rule,
    smoothness: float | None = None,
    strong_convexity: float | None = None,
    *,
    out: Out = None,
) -> None:
    """Certify a rule's rate on all functions between two curvatures, or show one on which it fails."""
    from polyak.cli.rules import rule_from

    optimizer = rule_from(rule, typed(context))
    if smoothness is None or strong_convexity is None:
        raise PolyakError("guarantee needs both --smoothness 25 and --strong-convexity 1")
    check_picture(out)
    from polyak.theory import guarantee as certified

    held = certified(optimizer, smoothness=smoothness, strong_convexity=strong_convexity)
    typer.echo(held)
    for sentence in held.words():
        typer.echo(sentence)
    if out is not None:
        with shown("guarantee", "learning rates") as progress:
            curve = held.curve(progress=progress)
        write_picture(out, lambda: held.plot(curve=curve))
