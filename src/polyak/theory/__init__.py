"""Theory: what a rule will do, derived from the rule itself."""

from polyak.theory.phase import phase_diagram
from polyak.theory.response import RULE_OF_THUMB, Response, response
from polyak.theory.spectrum import REGIMES
from polyak.theory.stability import Stability, stability
from polyak.theory.step_map import StepMap, step_map

__all__ = ["REGIMES", "RULE_OF_THUMB", "Response", "Stability", "StepMap", "phase_diagram", "response", "stability", "step_map"]
