"""What the rule remembers of a gradient."""

from __future__ import annotations

from polyak.theory.predictions import OnCurvatures, Prediction, predicts
from polyak.theory.response import response


@predicts(OnCurvatures, "response", place=10)
def what_it_remembers(asked: OnCurvatures) -> Prediction:
    """Its impulse response."""
    result = response(asked.rule)
    return Prediction(result, (str(result),))
