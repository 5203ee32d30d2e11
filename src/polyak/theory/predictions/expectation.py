"""What loss the rule is to be expected at."""

from __future__ import annotations

from polyak.theory.expectation import expected_loss
from polyak.theory.predictions import InTraining, Prediction, predicts


@predicts(InTraining, "expectation", place=10)
def what_to_expect(asked: InTraining) -> Prediction:
    """The expected loss, step by step."""
    result = expected_loss(
        asked.rule, asked.on, batch_size=asked.batch_size, steps=asked.steps, seeds=asked.seeds
    )
    return Prediction(result, (str(result),))
