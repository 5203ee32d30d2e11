r"""How an optimizer moves a model's parameters today: one linear rule, and for each entry what a gradient moves it by.

    z_i <- A z_i + p_i b (g_i + w_i x_i),    so that on the loss's curvature H it is the rule on P^{1/2} (H + W) P^{1/2}

p_i is what a gradient of 1 moves entry i by in the end: lr/(1 - momentum) for heavy ball, lr/D_i for Adam (held.py), of
each group by its own numbers; w_i a decay that goes through the gradient. A curvature of P^{1/2} (H + W) P^{1/2} is
called a here: a number without a unit. All learning rates times c is the step's own row times c:

    x' - x  ->  c (x' - x)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.reading import Part, Reading
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree
from polyak.rules import Optimizer, Rule, unwrapped
from polyak.theory.examination import Examination, examine
from polyak.theory.held import Adaptive, adaptive, entry, gain_of, held, response_of, undecayed, without_pull
from polyak.theory.pencil import first_end, stable_set
from polyak.theory.step_map import StepMap, reduced

SAME_TO = 1e-6  # relative: how far one group's response may be from another's, but for its size
MOST_SHRINK = (
    1e-2  # of x at each step beside it, by which groups may differ: the edge moves by as much at most
)


@dataclass(frozen=True, eq=False)
class Motion:
    """An optimizer's linear rule, on curvatures a in units of today's gains.

    Attributes:
        steps: the map of one entry, one for each strength of a decay beside the step.
        gains: p of each part's entries, in the parts' order.
        pulls: w of each part.
        preconditioned: whether the gains are an adaptive rule's, which are true while its preconditioner stays.
        reading: what was read of the optimizer.
    """

    steps: tuple[StepMap, ...]
    gains: tuple[NDArray[np.float64], ...]
    pulls: tuple[float, ...]
    preconditioned: bool
    reading: Reading

    @property
    def uniform(self) -> float | None:
        """The gain that all entries have; None where they differ."""
        low, high = min(float(g.min()) for g in self.gains), max(float(g.max()) for g in self.gains)
        return high if high - low <= SAME_TO * high else None

    def step(self, factor: float = 1.0, **settings: Any) -> StepMap:
        """The map on today's a, with all learning rates times a factor and other settings changed, by their names."""
        step = self.steps[0] if not settings else _changed(self.reading.parts[0], self.gains[0], settings)
        return times(step, factor)

    def step_at(self, factor: float) -> StepMap:
        """The map with all learning rates times a factor, a decay beside the step being the strongest of any group."""
        return times(self.steps[-1], factor)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the first group's rule, which `step` and `factor_of` take others for."""
        return undecayed(self.reading.parts[0].rule)[0].settings()

    def factor_of(self, a: float, **settings: Any) -> float:
        """The full batch's edge in today's learning rates, where a is the largest curvature; inf of one not over 0.

        Beyond it a step that stays as it is grows on that curvature.
        """
        if not a > 0:
            return math.inf
        steps = self.steps if not settings else (self.step(**settings),)
        return min(edge(step, a) for step in steps)


def times(step: StepMap, factor: float) -> StepMap:
    """A step with what it adds to x times a factor: all learning rates times that.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> slow, fast = (step_map(pk.Nesterov(lr=lr, momentum=0.9, lr_in_velocity=False)) for lr in (0.1, 0.2))
    >>> bool(np.allclose(times(slow, 2.0).A, fast.A) and np.allclose(times(slow, 2.0).B, fast.B))
    True
    """
    unit = np.eye(len(step.B))[0]
    A, B = step.A.copy(), step.B.copy()
    A[0] = unit + factor * (A[0] - unit)
    B[0] *= factor
    return StepMap(A, B)


def edge(step: StepMap, a: float) -> float:
    """The factor of the learning rates up to which a step is stable on a curvature.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> round(edge(step_map(pk.HeavyBall(lr=0.1, momentum=0.9)), 19.0), 9)  # 3.8/19 = 0.2, twice 0.1
    2.0
    """
    known = edge_of_two(step, a) if len(step.B) <= 2 else None
    if known is not None:
        return known
    still = times(step, 0.0)
    return first_end(stable_set(still.change_on(a), times(step, 1.0).change_on(a) - still.change_on(a)))


def edge_of_two(step: StepMap, a: float) -> float | None:
    r"""The same of a map of one or two numbers, by Jury's conditions; None where those do not tell.

    With all learning rates times f the map's trace T and determinant D are linear in f, and it is stable where

        1 - T + D > 0,    1 + T + D > 0,    1 - D > 0

    Source: Jury, E. I. (1964). Theory and application of the z-transform method, the conditions of order two.

    >>> import polyak as pk
    >>> from polyak.theory.step_map import step_map
    >>> round(edge_of_two(step_map(pk.HeavyBall(lr=0.1, momentum=0.9)), 19.0), 9)
    2.0
    """
    M = step.A.copy()
    M[:, 0] += a * step.B
    row = float(M[0, 0]) - 1.0
    if len(M) == 1:
        return -2 / row if row < 0 else 0.0
    b, c, d = float(M[0, 1]), float(M[1, 0]), float(M[1, 1])
    if not abs(d) < 1:
        return None
    turned = row * d - b * c  # of D in f; that of T is `row`
    if not turned - row > 0:
        return 0.0
    slopes = ((2 * (1 + d), row + turned), (1 - d, -turned))
    return min((-at / slope for at, slope in slopes if slope < 0), default=math.inf)


def motion(reading: Reading, examined: dict[str, Known] | None = None) -> Motion:
    """How an optimizer moves what it holds.

    Args:
        reading: of it.
        examined: what was tested of kinds of rules before, to be kept from one reading of an optimizer to the next: the
            tests take most of the time of a small one.

    Raises PolyakError for a rule that is neither linear nor linear while its preconditioner stays, for an adaptive one
    before its first step, and for groups that differ in more than the size of their steps.
    """
    examined = {} if examined is None else examined
    found = [_moved(part, reading, examined) for part in reading.parts]
    ends = ends_of([step for step, *_ in found], reading.label)
    held_still = any(not known.linear for known in examined.values())
    return Motion(ends, tuple(g for _, g, _ in found), tuple(w for *_, w in found), held_still, reading)


def ends_of(steps: Sequence[StepMap], label: str) -> tuple[StepMap, ...]:
    """Of the parts' maps in units of their gains, those of the weakest and the strongest decay beside the step.

    Raises PolyakError where they differ in more than the size of their steps.
    """
    for step in steps[1:]:
        _require_alike(steps[0], step, label)
    shrinks = {float(1 - step.A[0, 0]): step for step in steps}
    if max(shrinks) - min(shrinks) > MOST_SHRINK:
        raise PolyakError(
            f"{label} decays its groups by {readable(min(shrinks))} to {readable(max(shrinks))} of themselves "
            "a step: it has no one edge"
        )
    return tuple(shrinks[key] for key in dict.fromkeys((min(shrinks), max(shrinks))))


@dataclass(frozen=True, eq=False)
class Known:
    """What was tested of a kind of rule: `found` where it is looked at in a state."""

    linear: bool
    found: Adaptive | None


def _known(rule: Optimizer, part: Part) -> Known:
    linear = Examination(rule).linear
    # A linear rule that shows no settings may go by a schedule: it is looked at in its state too.
    settled = linear and (part.state is None or isinstance(unwrapped(rule), Rule))
    return Known(linear, None if settled else adaptive(rule))


def _moved(
    part: Part, reading: Reading, examined: dict[str, Known]
) -> tuple[StepMap, NDArray[np.float64], float]:
    """The unit map, the gains and the pull of a part; what was examined of its rule is kept for the next one's."""
    bare, pull = undecayed(part.rule)
    pull += part.pull
    kind = f"{type(bare).__name__} {bare.name()}"
    known = examined[kind] if kind in examined else examined.setdefault(kind, _known(bare, part))
    if known.found is None:
        step, through = without_pull(linear_step(bare))
        gain = gain_of(step)
        if not -math.inf < gain < 0:
            raise PolyakError(f"{reading.label} does not step downhill: it has no edge in a learning rate")
        one = np.broadcast_to(-gain, (part.entries,))
        return StepMap(step.A, step.B / -gain), one, pull + through
    if part.state is None:
        raise PolyakError(
            f"{reading.label} has a preconditioner, which its steps make: give its state= (what its update returned), "
            "or the optimizer that holds it"
        )
    if not part.took and not known.linear:
        raise not_yet(reading.label)
    own = known.found.examination.rule
    there = held(known.found, part.state, pull=pull, rule=own if str(own) == str(bare) else bare)
    return (
        there.step,
        np.broadcast_to(there.gains, (part.entries,)),
        there.pull,
    )  # one, of a state without arrays


def not_yet(label: str) -> PolyakError:
    """What is said of an adaptive rule before its first step."""
    return PolyakError(
        f"{label} has taken no step yet: it has no preconditioner, expected one after some steps"
    )


def linear_step(rule: Optimizer) -> StepMap:
    """The settled step of a linear rule."""
    examination, state = examine(rule)
    return reduced(*examination.matrices(state=state))


def _changed(part: Part, gains: NDArray[np.float64], settings: dict[str, Any]) -> StepMap:
    """The map with other settings, on curvatures in units of today's gains."""
    bare, _ = undecayed(part.rule)
    other = bare.replace(**settings)
    if Examination(other).linear:
        step, _ = without_pull(linear_step(other))
        return StepMap(step.A, step.B / float(gains[0]))
    found = adaptive(other)
    there = held(found, _first_entry(part.state, len(gains)))
    return StepMap(there.step.A, there.step.B * there.gain / float(gains[0]))


def _first_entry(state: Pytree, n: int) -> Pytree:
    import jax

    return entry(jax.tree.map(np.asarray, state), 0, n)


def _require_alike(one: StepMap, other: StepMap, label: str) -> None:
    """Refuse groups whose steps differ in more than their size and a decay beside them, such as by their momenta."""
    if len(one.B) != len(other.B) or not np.allclose(
        response_of(one), response_of(other), rtol=SAME_TO, atol=SAME_TO
    ):
        raise PolyakError(
            f"{label} has groups that differ in more than their learning rates and decays: it has no one edge"
        )
