"""Whether a landscape is a quadratic along the rule's own descent: else nothing is predicted of the way."""

from __future__ import annotations

from polyak.ground.numbers import readable
from polyak.landscapes import Landscape
from polyak.run import descend
from polyak.theory.departure import CHANGES, curvature_change
from polyak.theory.predictions import OnCurvatures, Prediction, predicts

STEPS = 20  # of the descent that a landscape's prediction is held against


@predicts(OnCurvatures, "scope", place=30)
def where_it_holds(asked: OnCurvatures) -> Prediction | None:
    """How much the curvature changes along the descent."""
    if not isinstance(asked.on, Landscape):
        return None
    change = curvature_change(asked.on, descend(asked.rule, asked.on, STEPS).positions)
    if change <= CHANGES:
        return None
    return Prediction(
        None,
        (
            f"The curvature of {asked.on.name} changes along the descent, by {readable(100 * change, 3)} % in "
            f"{STEPS} steps: all this holds close to the point that it is taken at, and predicts nothing of the way "
            "there.",
        ),
    )
