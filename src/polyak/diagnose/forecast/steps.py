r"""One step of every setting as a small matrix, in the coordinates of the linearised network.

An entry's x and slots go z <- A z + b p g, p what a gradient moves it by in the end; in y = P^{-1/2} (x - x_0) = V c
and the slots likewise, each times what makes its entry's step the first one's,

    Z <- A Z + b gamma,    gamma = (J P^{1/2} V)^T l' + V^T P^{1/2} W x,    Z of shape (1 + slots, K)

for each setting its own A and b, by differentiating `rule.update` (theory/examination.py); of an adaptive rule with its
preconditioner held at today's, times the learning rate. A decay beside the step takes s x off: V^T S V c + V^T S y_0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.linearised import Linearised
from polyak.diagnose.forecast.settings import Settings
from polyak.frameworks.bridge import Bridge, Vector
from polyak.frameworks.reading import Part
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import DecoupledDecay, Optimizer, Rule, unwrapped
from polyak.theory.basis import as_numpy, at_home
from polyak.theory.examination import Examination, examine
from polyak.theory.held import adaptive, entry, held, undecayed, without_pull
from polyak.theory.model_subspace import by_name, roots_and_pulls
from polyak.theory.motion import Motion
from polyak.theory.step_map import StepMap, loop_through_x

Arrays = list[NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Start:
    """Where a forecast begins: vectors of the model's framework.

    Attributes:
        root: P^{1/2}, a vector or a number.
        pull: W, likewise.
        x: today's parameters.
        slots: P^{-1/2} times each slot, scaled to the first entry's step.
        off: P^{-1/2} S x_0, what a decay beside the step takes off; None where there is none.
        shrink: S, a vector; None as well.
    """

    root: Vector | float
    pull: Vector | float
    x: Vector
    slots: tuple[Vector, ...]
    off: Vector | None
    shrink: Vector | None

    @property
    def vectors(self) -> list[Vector]:
        """What is to lie in the space beside the gradient."""
        pulled = (
            ()
            if isinstance(self.pull, float) and not self.pull
            else (at_home(self.root) * at_home(self.pull) * at_home(self.x),)
        )
        return [*self.slots, *pulled, *(() if self.off is None else (self.off,))]


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of all settings.

    Attributes:
        A: shape (settings, n, n), n one more than the slots; without a decay beside the step.
        b: shape (settings, n).
        Z: at the start, shape (n, K).
        pulls: V^T P^{1/2} W P^{1/2} V and V^T P^{1/2} W x_0, of shapes (K, K) and (K,); None where there is no W.
        decays: V^T S V and V^T S y_0 at today's learning rate, likewise.
        scale: of the decay, each setting's learning rate in today's, shape (settings,).
    """

    A: NDArray[np.float64]
    b: NDArray[np.float64]
    Z: NDArray[np.float64]
    pulls: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    decays: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    scale: NDArray[np.float64]

    def cut(self, directions: int) -> Steps:
        """The same in the first of the directions alone."""
        k = slice(directions)

        def both(pair: tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> Any:  # noqa: ANN401
            return None if pair is None else (pair[0][k, k], pair[1][k])

        return Steps(self.A, self.b, self.Z[:, k], both(self.pulls), both(self.decays), self.scale)

    def step_map(self, index: int) -> StepMap:
        """A setting's step as a map of one entry, a decay left out."""
        return StepMap(self.A[index], self.b[index])


@dataclass(frozen=True, eq=False)
class Known:
    """The first part's rule, looked at once: what is asked of it with other settings is quick.

    Attributes:
        examination: of it.
        state: one number's, in which its step is taken.
        kept: the numbers of z that lie on a loop through x.
    """

    examination: Examination
    state: Pytree
    kept: tuple[int, ...]
    maps: tuple[StepMap, ...]


def known(settings: Settings) -> Known:
    """The steps of the first part with every setting."""
    part = settings.reading.parts[0]
    bare, _ = undecayed(_beside(part.rule))
    linear = isinstance(unwrapped(bare), Rule) and Examination(bare).linear
    if linear:
        examination, state = examine(bare)
    else:
        there = held(adaptive(bare), entry(jax.tree.map(np.asarray, part.state), 0, part.entries))
        examination, state = there.examination, there.state
    found = [
        examination.matrices(undecayed(_beside(settings.rule(part, k)))[0], state)
        for k in range(len(settings))
    ]
    A, B = np.array([each[0] for each in found]), np.array([each[1] for each in found])
    kept = loop_through_x(A, B)
    maps = tuple(without_pull(StepMap(a[np.ix_(kept, kept)], b[kept]))[0] for a, b in zip(A, B, strict=True))
    return Known(examination, state, tuple(kept), maps)


def _beside(rule: Optimizer) -> Optimizer:
    return rule.rule if isinstance(rule, DecoupledDecay) else rule


def start(bridge: Bridge, motion: Motion, today: Known) -> Start:
    """Where the optimizer stands, in vectors; `today` is of its own setting."""
    parts = motion.reading.parts
    root, pull = roots_and_pulls(bridge, motion)
    (step,) = today.maps
    slots: list[Arrays] = [[] for _ in today.kept[1:]]
    for part, gains in zip(parts, motion.gains, strict=True):
        values = _slots(part, today)
        for j, value in enumerate(values):
            full = np.broadcast_to(np.asarray(value, dtype=np.float64), (part.entries,))
            slots[j].append(full * _scaled(part, gains, motion.gains[0], step, j + 1) / np.sqrt(gains))
    shrinks = [_shrink(part, step) for part in parts]
    x = bridge.vector(bridge.parameters())
    shrink = off = None
    if any(shrinks):
        flat = [np.full(part.entries, s) for part, s in zip(parts, shrinks, strict=True)]
        shrink = bridge.vector(by_name(bridge, motion.reading.parts, flat))
        off = at_home(shrink) * at_home(x) / at_home(root)
    made = tuple(bridge.vector(by_name(bridge, motion.reading.parts, each)) for each in slots)
    return Start(root, pull, x, made, off, shrink)


def _slots(part: Part, today: Known) -> list[Any]:
    """The values of the slots on the loop through x, in the order of z."""
    if part.state is None:
        return [0.0] * (len(today.kept) - 1)
    like = jax.tree.leaves(today.state)
    floats = [
        leaf
        for leaf, one in zip(jax.tree.leaves(part.state), like, strict=True)
        if jnp.issubdtype(jnp.asarray(one).dtype, jnp.inexact)
    ]
    return [floats[k - 1] for k in today.kept[1:]]


def _scaled(
    part: Part, gains: NDArray[np.float64], first: NDArray[np.float64], step: StepMap, j: int
) -> NDArray[np.float64] | float:
    """By what a slot of each entry is to be multiplied, so that the first entry's step is its own."""
    if gains.min() == gains.max() == first[0]:
        return 1.0
    if not step.B[j]:
        raise PolyakError(
            f"{part.rule.name()} moves its parameters by steps of several sizes through a slot that no gradient enters:"
            " expected one size"
        )
    return np.asarray(gains / first[0])


def _shrink(part: Part, step: StepMap) -> float:
    """What a decay beside the step takes off, of a part."""
    if isinstance(part.rule, DecoupledDecay):
        return float(part.rule.amount)
    return float(1 - step.A[0, 0])


def steps(settings: Settings, found: Known, begun: Start, near: Linearised, gain: float) -> Steps:
    """The steps of all settings in the coordinates of the linearised network; `gain` is today's first entry's."""
    A = np.array([each.A for each in found.maps])
    A[:, 0, 0] = 1.0
    b = np.array([each.B for each in found.maps]) / gain
    K = near.directions
    Z = np.array([np.zeros(K), *(near.coordinates(v) for v in begun.slots)])
    return Steps(A, b, Z, _pulls(begun, near), _decays(begun, near), settings.lr / settings.today[0])


def _pulls(begun: Start, near: Linearised) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if isinstance(begun.pull, float) and not begun.pull:
        return None
    root, pull = at_home(begun.root), at_home(begun.pull)
    sides = [as_numpy(root * at_home(q)) for q in near.V]
    weighted = [as_numpy(pull * (root * at_home(q))) for q in near.V]
    return np.array([[u @ w for w in weighted] for u in sides]), near.coordinates(
        root * pull * at_home(begun.x)
    )


def _decays(begun: Start, near: Linearised) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if begun.off is None:
        return None
    sides = [as_numpy(at_home(q)) for q in near.V]
    weighted = [as_numpy(at_home(begun.shrink) * at_home(q)) for q in near.V]
    return np.array([[u @ w for w in weighted] for u in sides]), near.coordinates(begun.off)
