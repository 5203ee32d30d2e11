"""`polyak guarantee`: what holds for every function between two curvatures."""

from __future__ import annotations

from typing import Annotated

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import A_RULE, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Out, Rule
from polyak.ground.errors import PolyakError

Steps = Annotated[int | None, typer.Option(help="With --strong-convexity 0: bound f after so many steps.")]


@command("guarantee", settings=True, group=A_RULE)
def guarantee(
    context: typer.Context,
    rule: Rule,
    smoothness: float | None = None,
    strong_convexity: float | None = None,
    steps: Steps = None,
    *,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Certify a rule's rate on all functions between two curvatures, or show one on which it fails."""
    from polyak.cli.rules import rule_from

    optimizer = rule_from(rule, typed(context))
    if smoothness is None or strong_convexity is None:
        raise PolyakError("guarantee needs both --smoothness 25 and --strong-convexity 1")
    check_picture(out)
    if steps is not None:
        if strong_convexity != 0 or out is not None:
            raise PolyakError("--steps is of merely convex functions: --strong-convexity 0, and no --out")
        from polyak.theory import convex_bound

        bound = convex_bound(optimizer, smoothness=smoothness, steps=steps)
        answer(bound, as_json, certified=bound.certified)
        return
    from polyak.theory import guarantee as certified

    held = certified(optimizer, smoothness=smoothness, strong_convexity=strong_convexity)
    answer(held, as_json, certified=held.certified, tight=held.tight, sentences=held.words())
    for sentence in () if as_json else held.words():
        typer.echo(sentence)
    if out is not None:
        with shown("guarantee", "learning rates") as progress:
            curve = held.curve(progress=progress)
        write_picture(out, lambda: held.plot(curve=curve), beside_json=as_json)
