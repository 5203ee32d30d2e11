"""What is certified of the rule on all functions between the same curvatures, not on quadratics alone."""

from __future__ import annotations

from polyak.theory.guarantee import beyond_quadratics
from polyak.theory.predictions import OnCurvatures, Prediction, predicts


@predicts(OnCurvatures, "guarantee", place=40)
def what_is_certain(asked: OnCurvatures) -> Prediction | None:
    """The guarantee, where there is one to be said."""
    result = beyond_quadratics(asked.stability)
    return None if result is None else Prediction(result, (str(result),), result.words())
