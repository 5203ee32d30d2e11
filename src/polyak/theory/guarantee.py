r"""A guarantee: the largest rate of a rule over all functions with curvature between m and L, not quadratics alone.

    (z_{k+1} - z*) = A (z_k - z*) + B g_k,    g_k the gradient at x_k of any such function

The least rate that a Lyapunov function proves, from the rule's own A and B; and where none below 1 is proved, a
function that the rule does not descend, if one is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from polyak.ground.extras import has
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.landscapes import Landscape
from polyak.rules import Optimizer, as_rule
from polyak.run.result import Result
from polyak.theory.certificate import Certificate
from polyak.theory.certified_rate import (
    LARGEST_CONDITION,
    STABLE,
    best_certificate,
    checked_ends,
    quadratic_rate,
)
from polyak.theory.counterexample import Counterexample, counterexample, growing
from polyak.theory.datasets import dataset
from polyak.theory.guarantee_curve import guarantee_curve
from polyak.theory.semidefinite import UnsolvedError
from polyak.theory.stability_result import Stability
from polyak.theory.step_map import StepMap, step_map

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False, repr=False)
class Guarantee(Result):
    """What holds for a rule on every function with curvature between m and L.

    Attributes:
        rule: the rule with its settings.
        step: its A and B.
        smoothness: L, the largest curvature.
        strong_convexity: m, the smallest.
        rate: what an error shrinks by each step at least, in the long run, on all these functions, as proved; math.inf
            where nothing below 1 is.
        quadratic_rate: the worst rate on the quadratics among them.
        certificate: the proof; None where there is none, or no need of one (m = L: all of these are one quadratic).
        refutation: a function that the rule does not descend, and its run; None where none was looked for or found.
    """

    rule: Optimizer
    step: StepMap
    smoothness: float
    strong_convexity: float
    rate: float
    quadratic_rate: float
    certificate: Certificate | None
    refutation: Counterexample | None

    @property
    def certified(self) -> bool:
        """Whether a rate below 1 is proved."""
        return math.isfinite(self.rate)

    @property
    def condition_number(self) -> float:
        """L/m."""
        return self.smoothness / self.strong_convexity

    @property
    def tight(self) -> bool:
        """Whether a quadratic is as slow, to five digits of 1 - rate: then no smaller rate holds."""
        return self.certified and self.rate - self.quadratic_rate <= 3e-5 * (1 - self.quadratic_rate)

    @property
    def counterexample(self) -> Landscape | None:
        """A function with curvature between m and L, and a start, from which the rule cycles or grows; None if none."""
        return None if self.refutation is None else self.refutation.landscape

    @property
    def cycle(self) -> tuple[float, ...]:
        """The positions on the counterexample that come back for ever; empty where there is none, or it grows."""
        return () if self.refutation is None else self.refutation.cycle

    def curve(self, lrs: ArrayLike | None = None, *, progress: Progress | None = None) -> xr.Dataset:
        """Both rates against the learning rate: see `guarantee_curve`."""
        if lrs is None and progress is None:
            return self._curve
        return guarantee_curve(self.rule, self.smoothness, self.strong_convexity, lrs, progress=progress)

    @cached_property
    def _curve(self) -> xr.Dataset:
        return guarantee_curve(self.rule, self.smoothness, self.strong_convexity)

    def words(self) -> tuple[str, ...]:
        """What is known, a sentence each."""
        m, L = readable(self.strong_convexity), readable(self.smoothness)
        functions = f"every function with curvature from {m} to {L}"
        sentences = []
        if self.certified:
            rate = readable(self.rate, 5)
            sentences.append(
                f"On {functions} an error shrinks by {rate} a step or faster in the long run: proved."
            )
        else:
            sentences.append(f"On {functions} no rate below 1 is certified.")
        if self.quadratic_rate < STABLE:
            rate = readable(self.quadratic_rate, 5)
            known = f"On the quadratics among them alone the rate is {rate}"
            sentences.append(known + (", as slow: no smaller rate holds." if self.tight else "."))
        if self.refutation is not None:
            sentences.append(self._refuted(self.refutation))
        elif not self.certified:
            sentences.append(
                "No function was found that shows why: a rate below 1 is neither proved nor disproved."
            )
        if self.step.feeds_back:
            sentences.append(
                "It goes to the rule's own fixed point: decay pulls that away from the minimiser."
            )
        return tuple(sentences)

    def _refuted(self, shown: Counterexample) -> str:
        on = f"on one of them ({shown.landscape.source}), from {readable(shown.landscape.start[0])},"
        if shown.cycle:
            points = ", ".join(readable(value) for value in shown.cycle)
            return f"None holds: {on} it ends in the cycle {points} and stays there."
        return f"None holds: {on} it does not come down."

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset without dimensions."""
        return dataset(
            self.rule,
            {
                "rate": ((), self.rate, {"long_name": "certified rate; inf where none below 1 is"}),
                "quadratic_rate": ((), self.quadratic_rate, {"long_name": "worst rate on quadratics"}),
                "certified": ((), self.certified),
            },
            {"smoothness": self.smoothness, "strong_convexity": self.strong_convexity},
            counterexample="" if self.counterexample is None else self.counterexample.source,
        )

    def __str__(self) -> str:
        m, L = readable(self.strong_convexity), readable(self.smoothness)
        says = (
            f"rate {readable(self.rate, 6)}, certified" if self.certified else "no rate below 1 is certified"
        )
        shows = "" if self.counterexample is None else f"; it fails on {self.counterexample.name}"
        quadratics = readable(self.quadratic_rate, 6)
        return f"{self.rule} on all functions with curvature {m} to {L}: {says} (quadratics: {quadratics}){shows}"

    __repr__ = __str__


def guarantee(rule: object, *, smoothness: float, strong_convexity: float, **settings: Any) -> Guarantee:
    """The largest rate of a rule over all functions with curvature between m and L, certified.

    Args:
        rule: a rule that is linear in the gradient: ours, Optax's, a page's function.
        smoothness: L, the largest curvature: gradients differ by L times what the points do at most.
        strong_convexity: m > 0, the smallest curvature, at most L.
        settings: of a rule that is given by its name or its class.

    Returns a Guarantee. Its rate is an upper bound, of which each was proved anew by plain arithmetic after the solver
    had found it; it is math.inf where no rate below 1 was proved, and then a function is looked for on which the rule
    cycles or grows. Raises PolyakError for a rule that is not linear, mixes entries or changes from step to step, for
    m = 0, m > L, for a solver that fails, and where cvxpy and clarabel are missing (`pip install 'polyak[certify]'`).

    Source: Lessard, L., Recht, B. & Packard, A. (2016). Analysis and design of optimization algorithms via integral
    quadratic constraints, section 4; Taylor, A., Van Scoy, B. & Lessard, L. (2018). Lyapunov functions for first-order
    methods: tight automated convergence guarantees, theorem 4.

    >>> import polyak as pk
    >>> g = guarantee(pk.Nesterov(lr=0.04, momentum=0.667), smoothness=25.0, strong_convexity=1.0)
    >>> round(g.rate, 4), round(g.quadratic_rate, 4), g.certified
    (0.8497, 0.8002, True)
    """
    m, L = checked_ends(smoothness, strong_convexity)
    rule = as_rule(rule, **settings)
    step = step_map(rule)
    on_quadratics, worst = quadratic_rate(step, m, L)
    if m == L:
        rate = on_quadratics if on_quadratics < STABLE else math.inf
        proof = None
    else:
        proof = best_certificate(step, m, L)
        rate = math.inf if proof is None else proof.rate
    against = None
    if on_quadratics >= STABLE:
        against = growing(rule, worst)
    elif proof is None and m < L:
        against = counterexample(rule, step, m, L)
    return Guarantee(rule, step, L, m, rate, on_quadratics, proof, against)


def beyond_quadratics(stability: Stability) -> Guarantee | None:
    """The guarantee on all functions with curvature from the smallest to the largest of a stability's.

    None where there is nothing to say: one curvature, a saddle, a function of the plane, a rule that diverges on these
    quadratics already; and where the extra `certify` is not installed or its solver failed.

    >>> import polyak as pk
    >>> held = beyond_quadratics(pk.stability(pk.GradientDescent(lr=0.1), [1.0, 9.0]))
    >>> round(held.rate, 4), held.certified
    (0.9, True)
    """
    m, L = stability.curvatures.min(), stability.curvatures.max()
    if not (np.isfinite(m) and 0 < m < L <= LARGEST_CONDITION * m and stability.stable):
        return None
    if stability.places is not None or not has("cvxpy", "clarabel"):
        return None
    try:
        return guarantee(stability.rule, smoothness=float(L), strong_convexity=float(m))
    except UnsolvedError:
        return None
