r"""`pk.suggest`: the best learning rate and momentum on what was measured of a model, under the edge with a margin.

    min over (eta, m) of  E change of the loss in T steps,    eta <= edge(m) / 2,
    edge(m) = the nearer of the full batch's edge and the mean-square edge at this batch size and momentum

with the noise's part divided by 1 - eta / edge(m): the noise that the parameters' own spread makes in the batches'
curvature grows with the learning rate, and is as large as the rest at the edge (mean_square.py).

The expected change is that of `expected_fall.py`, on the quadratic of `local_quadratic.py`; the edges are those of
`stability`, whose rows and subspace serve every momentum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Bridge
from polyak.ground.errors import PolyakError, a_or_an, whole_number
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.theory.expected_fall import expected_fall
from polyak.theory.local_quadratic import LocalQuadratic, local_quadratic
from polyak.theory.mean_square import noise_factor
from polyak.theory.model_edges import model_stability
from polyak.theory.model_hessian import Kind
from polyak.theory.model_stability import ModelStability
from polyak.theory.model_subspace import roots_and_pulls
from polyak.theory.motion import Motion, edge, times
from polyak.theory.step_map import StepMap
from polyak.theory.suggestion import AS_GOOD, MARGIN, Setting, Suggestion

STEPS = 100
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
CALLED = ("momentum", "beta1")  # what a momentum is called
FACTORS = 36  # learning rates of each momentum, over three decades below the edge
MANY, FEW, FEW_ROWS = 32, 8, 512  # batches at most, and at least with so many rows


def suggest(
    model: Model,
    optimizer: object,
    *,
    batch_size: int = 64,
    steps: int = STEPS,
    state: Pytree = None,
    stability: ModelStability | None = None,
    progress: Progress | None = None,
) -> Suggestion:
    """A learning rate and a momentum for a model as it is today, each with its ground, its scope and today's beside it.

    Args:
        model: what `model` makes.
        optimizer: the user's own, as it is; or a rule: see `stability`.
        batch_size: rows in a batch of the training.
        steps: how far to look ahead, from 1.
        state: of an Optax optimizer, which does not hold it.
        stability: what `stability(optimizer, model, batch_size=...)` gave, so that it is not measured again.
        progress: called with (products done, products at most).

    Returns a Suggestion. It is said of the quadratic near today's parameters, and ranks settings; of a network's loss
    further on it forecasts nothing. On a network of digits, early to late in its training, the setting that it named
    brought 47 to 91 % of what the best of a sweep of 84 did: of 18 settings of the day it kept four, bettered twelve
    and worsened two; the loss changed by .15 to 1.6 times what was expected (benchmarks/suggestions.py).
    Raises PolyakError where `stability` does, where there is no gradient, and at a batch size over the rows.

    Source: the mean-square edge as in `batch_edges`; the quadratic with its noise as Zhang, G. et al. (2019). Which
    algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model, NeurIPS 32, with the
    spectrum and the noise measured.
    """
    steps = whole_number("steps", steps, at_least=1, at_most=1_000_000)
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    if not isinstance(model, Model):
        raise PolyakError(
            f"a suggestion is asked of {a_or_an(type(model).__name__)}, expected what pk.model(...) makes"
        )
    edges = stability or model_stability(optimizer, model, batch_size=batch_size, state=state)
    _require_edges(edges)
    batches = some_of(model.bridge, model.bridge.batches())
    root, _ = roots_and_pulls(model.bridge, edges.motion)
    kind: Kind = "gauss_newton" if _splits(model.bridge) else "hessian"
    quadratic = local_quadratic(model.bridge, batches, kind=kind, scale=root, progress=progress or silent)
    if quadratic.noise is None and edges.replace:
        raise PolyakError(
            f"{model.bridge.name} has one batch, which says nothing of the noise: give the same rows in smaller batches"
        )
    return _best(model.bridge.name, edges, quadratic, steps)


def _require_edges(edges: ModelStability) -> None:
    """Refuse where there is no edge to keep a margin from."""
    if not edges.a > 0:
        raise PolyakError(
            f"{edges.model} bends up nowhere at these parameters: no edge is known, nothing is suggested"
        )
    if edges.batch_size is None or edges.without:
        why = edges.without or "no batch size was given"
        raise PolyakError(f"nothing is suggested without the edge in mini-batches: {why}")


def some_of(bridge: Bridge, batches: Iterable[Batch]) -> list[Batch]:
    """As many batches as a measure is taken over: eight at least, with 512 rows, and 32 at most."""
    taken, rows = list[Batch](), 0
    for batch in batches:
        taken.append(batch)
        rows += bridge.rows(batch)
        if len(taken) >= MANY or (len(taken) >= FEW and rows >= FEW_ROWS):
            break
    return taken


def _splits(bridge: Bridge) -> bool:
    with bridge.on(bridge.first) as local:
        return local.splits


def _best(name: str, edges: ModelStability, quadratic: LocalQuadratic, steps: int) -> Suggestion:
    batch_size, motion = edges.batch_size, edges.motion
    assert batch_size is not None
    called = momentum_of(motion)
    now = None if called is None else float(motion.settings[called])
    lr = edges.lr if math.isfinite(edges.lr) else 1.0
    asked = _Asked(edges, quadratic, steps, called, lr)
    nearer = min(edges.full_batch, edges.mean_square)
    today, largest = asked.settings(asked.step(now), now, np.array([1.0, nearer / MARGIN]), nearer)
    tried = list[Setting]()
    for momentum in _momenta(now):
        step = asked.step(momentum)
        own = nearer if momentum == now else asked.edge(step)
        tried += asked.settings(step, momentum, np.geomspace(1e-3, 1, FACTORS) * own / MARGIN, own)
    best = min(tried, key=lambda setting: setting.change)
    better = today.share > 1 / MARGIN or best.change < today.change - AS_GOOD * abs(today.change)
    return Suggestion(
        model=name,
        optimizer=edges.optimizer,
        lr_name="lr",
        momentum_name=called,
        batch_size=batch_size,
        steps=steps,
        today=today,
        largest=largest,
        best=best if better and best.change < 0 else None,
        full_batch_edge=edges.full_batch * lr,
        mean_square_edge=edges.mean_square * lr,
        kind=quadratic.kind,
        rows=quadratic.rows,
        products=quadratic.products,
        taken=edges.steps,
        several=not math.isfinite(edges.lr),
    )


def _momenta(now: float | None) -> list[float | None]:
    """Those that are tried: today's among them, or none."""
    return [None] if now is None else [*sorted({now, *MOMENTA})]


def momentum_of(motion: Motion) -> str | None:
    """What the momentum of an optimizer is called; None where it has none, or where each group has its own."""
    called = next((word for word in CALLED if word in motion.settings), None)
    return called if len(motion.reading.parts) == 1 else None


@dataclass(frozen=True)
class _Asked:
    """What is asked of every setting: its edge, and the expected change of the loss."""

    edges: ModelStability
    quadratic: LocalQuadratic
    steps: int
    called: str | None
    lr: float

    def step(self, momentum: float | None) -> StepMap:
        """One step at another momentum and today's learning rate, on curvatures in today's gains."""
        if momentum is None or self.called is None or momentum == self.edges.motion.settings[self.called]:
            return self.edges.motion.step()
        return self.edges.motion.step(**{self.called: momentum})

    def edge(self, step: StepMap) -> float:
        """The nearer edge of a step, in times today's learning rate."""
        full, subspace = edge(step, self.edges.a), self.edges.subspace
        if subspace is None or self.edges.batch_size is None:
            return full
        size, replace = self.edges.batch_size, self.edges.replace
        return min(full, subspace.edge(lambda factor: times(step, factor), size, replace=replace))

    def settings(
        self, step: StepMap, momentum: float | None, factors: NDArray[np.float64], own: float
    ) -> list[Setting]:
        """These learning rates, in times today's, what is expected of each; noise breeds noise near the edge."""
        maps = [times(step, float(factor)) for factor in factors]
        A, B = np.stack([step.A for step in maps]), np.stack([step.B for step in maps])
        A[:, 0, 0] = 1.0  # a decay beside the step is left out: it pulls to 0, not to where the loss is least
        rows = self.edges.of or self.edges.rows
        size = self.edges.batch_size or rows
        phi = noise_factor(min(size, rows), rows, replace=self.edges.replace)
        brings, adds = expected_fall(A, B, self.steps, self.quadratic.gradient, self.quadratic.noise, phi)
        with np.errstate(divide="ignore", invalid="ignore"):
            adds = np.where(factors < own, adds / (1 - factors / own), np.inf)
        return [
            Setting(float(factor * self.lr), momentum, float(bring), float(add), float(own * self.lr))
            for factor, bring, add in zip(factors, brings, adds, strict=True)
        ]
