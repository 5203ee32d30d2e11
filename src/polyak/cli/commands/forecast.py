"""`polyak forecast`: the user's own training at other settings, not trained."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import OWN_MODEL, command
from polyak.cli.progress import shown
from polyak.ground.errors import PolyakError

EPILOG = "polyak forecast my_training.py:setup --steps 200 --lr 0.01,0.05 --momentum 0,0.9 --out forecast.svg"


def _numbers(name: str, text: str | None) -> list[float] | None:
    """Numbers with commas between them."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise PolyakError(f"--{name} is {text!r}, expected numbers with commas between them") from None


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

    rates, momenta = _numbers("lr", lr), _numbers("momentum", momentum)
    made = setup_from(setup)
    from polyak.diagnose import forecast as forecasted
    from polyak.models import model

    looked_at = model(*made.parts, made.batches, forward=made.forward, rows=made.rows)
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
