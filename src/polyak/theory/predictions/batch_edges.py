"""How large the learning rate may be in mini-batches."""

from __future__ import annotations

from polyak.ground.errors import PolyakError
from polyak.theory.batch_edges import batch_edges
from polyak.theory.predictions import InTraining, Prediction, predicts


@predicts(InTraining, "batch edges", place=20)
def how_large_it_may_be(asked: InTraining) -> Prediction | None:
    """The edges of mini-batch training; nothing of a rule that shows no learning rate, or under a schedule."""
    try:
        result = batch_edges(asked.rule, asked.on, batch_size=asked.batch_size)
    except PolyakError:
        return None
    return Prediction(result, (str(result),))
