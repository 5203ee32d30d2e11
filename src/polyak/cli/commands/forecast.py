"""`polyak forecast`: the user's own training at other settings, not trained."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import OWN_MODEL, command
from polyak.cli.progress import shown
from polyak.cli.words import numbers_from

EPILOG = "polyak forecast my_training.py:setup --steps 200 --lr 0.01,0.05 --momentum 0,0.9 --out forecast.svg"


@command("forecast", without=("state", "lr", "momentum"), group=OWN_MODEL, epilog=EPILOG)
def forecast(
    setup: Annotated[str, typer.Argument(help="my_training.py:setup, a function that makes the training.")],
    *,
    lr: Annotated[str | None, typer.Option(help="Learning rates, such as 0.01,0.05.")] = None,
    momentum: Annotated[str | None, typer.Option(help="Momenta, such as 0,0.9.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="For its picture.")] = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Forecast a training of your own at other learning rates and momenta, without training it."""
    from polyak.cli.setups import setup_from

    rates = None if lr is None else numbers_from("lr", lr)
    momenta = None if momentum is None else numbers_from("momentum", momentum)
    made = setup_from(setup)
    from polyak.diagnose import forecast as forecasted

    looked_at = made.model()
    with shown(f"forecasting {looked_at.bridge.name}", "steps") as progress:
        found = forecasted(
            looked_at,
            made.optimizer,
            state=made.state,
            lr=rates,
            momentum=momenta,
            progress=progress,
            **options,
        )
    answer(found, as_json, sentences=found.words(), horizon=found.horizon)
    if not as_json:
        typer.echo("\n".join(found.words()))
    if out is not None:
        from polyak.show import save

        note(f"\nThe picture: {save(found.plot(), out)}", as_json)
