"""`polyak train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import TRAININGS, command
from polyak.cli.outputs import check_picture, end_interrupted, write_picture
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Out, Rule, Trained, check_time
from polyak.ground.numbers import readable


@command("train", without=("checkpoint",), settings=True, group=TRAININGS)
def train(
    context: typer.Context,
    rule: Rule,
    task: Trained,
    seeds: int = 1,
    *,
    out: Out = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Train a problem on real data: the loss it ends at, and a picture of its fall."""
    from polyak.cli.rules import rule_from

    optimizer, problem = rule_from(rule, typed(context)), task.made_for(options)
    check_time(problem, runs=seeds, **options)
    check_picture(out)
    from polyak.run import train as run

    checkpoint = None if out is None else out.with_name(f".{out.name}.checkpoint")
    try:
        with shown("training", "epochs") as progress:
            result = run(optimizer, problem, seeds=seeds, progress=progress, checkpoint=checkpoint, **options)
    except KeyboardInterrupt:
        end_interrupted(_way_on(checkpoint))
    ends = {
        name: getattr(result, name) for name in ("epochs", "final_losses", "judged", "diverged_at", "rose")
    }
    answer(result, as_json, **ends)
    note(f"{readable(result.seconds, 6, places=3)} s, compilation included", as_json)
    write_picture(out, result.plot, beside_json=as_json)


def _way_on(checkpoint: Path | None) -> str:
    """How to go on with a training that Ctrl-C ended."""
    if checkpoint is None:
        return "with --out, the same line would have gone on from where it stopped"
    if checkpoint.exists():
        return f"the same line goes on from where it stopped (kept in {checkpoint})"
    return "nothing was kept yet, the same line begins anew"
