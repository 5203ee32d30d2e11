"""What the rule does on each curvature."""

from __future__ import annotations

from polyak.theory.predictions import OnCurvatures, Prediction, predicts


@predicts(OnCurvatures, "stability", place=20)
def what_it_does(asked: OnCurvatures) -> Prediction:
    """Its stability, with a sentence for each curvature."""
    result = asked.stability
    return Prediction(result, (str(result), *result.words()))
