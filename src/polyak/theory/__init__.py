"""Theory: what a rule will do, derived from the rule itself by differentiating and running it; no formula per rule."""

from polyak.theory.batch_edges import BatchEdges, batch_edges
from polyak.theory.closed_forms import ClosedForm
from polyak.theory.convex_bound import ConvexBound, convex_bound
from polyak.theory.curvature import curvature
from polyak.theory.curvature_result import Curvature
from polyak.theory.curvatures import Curvatures, curvatures
from polyak.theory.expectation import Expectation, expected_loss
from polyak.theory.gradient_noise import Noise, noise
from polyak.theory.guarantee import Guarantee, beyond_quadratics, guarantee
from polyak.theory.guarantee_curve import guarantee_curve
from polyak.theory.guaranteed_optimum import GuaranteedOptimum, guaranteed_optimum
from polyak.theory.lr_drop import Drop, lr_drop
from polyak.theory.model_stability import ModelStability
from polyak.theory.optimal import optimal, rates_by_condition_number
from polyak.theory.optimum import Optimum
from polyak.theory.phase_diagram import phase_diagram
from polyak.theory.rescaling import Rescaling, rescaling
from polyak.theory.response import RULE_OF_THUMB, Response, response
from polyak.theory.spectrum import REGIMES
from polyak.theory.stability import stability
from polyak.theory.stability_result import Stability
from polyak.theory.step_map import StepMap, step_map
from polyak.theory.suggest import suggest
from polyak.theory.suggestion import Setting, Suggestion
from polyak.theory.tradeoff import Trade, tradeoff
from polyak.theory.tuning import tune

__all__ = [
    "REGIMES",
    "RULE_OF_THUMB",
    "BatchEdges",
    "ClosedForm",
    "ConvexBound",
    "Curvature",
    "Curvatures",
    "Drop",
    "Expectation",
    "Guarantee",
    "GuaranteedOptimum",
    "ModelStability",
    "Noise",
    "Optimum",
    "Rescaling",
    "Response",
    "Setting",
    "Stability",
    "StepMap",
    "Suggestion",
    "Trade",
    "batch_edges",
    "beyond_quadratics",
    "convex_bound",
    "curvature",
    "curvatures",
    "expected_loss",
    "guarantee",
    "guarantee_curve",
    "guaranteed_optimum",
    "lr_drop",
    "noise",
    "optimal",
    "phase_diagram",
    "rates_by_condition_number",
    "rescaling",
    "response",
    "stability",
    "step_map",
    "suggest",
    "tradeoff",
    "tune",
]
