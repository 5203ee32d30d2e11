"""`polyak best`."""

from __future__ import annotations

from polyak.cli.answers import Json
from polyak.cli.command import TRAININGS, command
from polyak.cli.words import Store


@command(group=TRAININGS)
def best(store: Store, as_json: Json = False) -> None:
    """Find the best cell of a sweep in a store, of each rule, with its neighbours."""
    from polyak.cli.planes import say_best
    from polyak.sweeps import load_sweep

    say_best(load_sweep(store), as_json)
