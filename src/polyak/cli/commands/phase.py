"""`polyak phase`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from polyak.cli.command import A_RULE, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Curvature, Out, Rule, Task, numbers_from
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    import xarray as xr

    from polyak.rules import Optimizer
    from polyak.theory import Stability


@command("phase_diagram", settings=True, group=A_RULE)
def phase(
    context: typer.Context,
    rule: Rule,
    task: Task,
    curvature: Curvature = None,
    batch_size: int | None = None,
    out: Out = None,
) -> None:
    """Draw the phase diagram of a rule: regimes and rate over lr times curvature, and momentum; on data, its edges."""
    from polyak.cli.rules import rule_from
    from polyak.rules import find
    from polyak.show import phase_figure
    from polyak.theory import phase_diagram

    check_picture(out)
    optimizer = rule_from(rule, typed(context)) if context.args or ":" in rule else None
    in_batches = _asked_in_batches(task.data, batch_size, curvature)
    setting = _marked(optimizer if context.args and not in_batches else None, curvature)
    with shown("edges", "settings") as progress:
        on = task.made() if in_batches else None
        diagram = phase_diagram(optimizer or find(rule), on=on, batch_size=batch_size, progress=progress)
    for line in [*_shares(diagram), *(edges_in_words(diagram) if in_batches else [])]:
        typer.echo(line)
    if setting is not None:
        typer.echo(setting)
    write_picture(out, lambda: phase_figure(diagram, setting))


def _marked(optimizer: Optimizer | None, curvature: str | None) -> Stability | None:
    """The setting that is marked in the plane, on these curvatures; None where its numbers were not given."""
    from polyak.theory import stability

    if optimizer is not None:
        return stability(optimizer, numbers_from("curvature", curvature or "1"))
    if curvature is not None:
        raise PolyakError(
            "--curvature marks a setting: give its numbers too, such as --lr 0.6 --momentum 0.5"
        )
    return None


def _shares(diagram: xr.Dataset) -> list[str]:
    """How much of the plane each regime has."""
    from polyak.theory import REGIMES

    shares = [(name, float((diagram.regime == code).mean())) for code, name in enumerate(REGIMES)]
    return [f"{name}: {share:.1%} of the plane" for name, share in shares if share > 0]


def _asked_in_batches(data: str | None, batch_size: int | None, curvature: str | None) -> bool:
    """Whether the edges of mini-batches are asked for, by both of the options that say of what."""
    asked = [data, batch_size].count(None) < 2
    if asked and (None in (data, batch_size) or curvature is not None):
        raise PolyakError(
            "edges in mini-batches need both --data airfoil and --batch-size 16, and no --curvature"
        )
    return asked


def edges_in_words(diagram: xr.Dataset) -> list[str]:
    """A line for each value that the edges were found at."""
    from polyak.ground.numbers import readable

    up = str(diagram.rate.dims[1])
    said = [
        "lr times the largest curvature at the edges of the expected loss, a typical run, the full batch:"
    ]
    for k, value in enumerate(diagram[f"{up}_of_edges"].values):
        edges = (readable(float(diagram[name][k]), 4) for name in ("mean_square", "typical", "full_batch"))
        said.append(f"{up} {readable(float(value), 4)}: {', '.join(edges)}")
    return said
