r"""The stability of an adaptive rule where a landscape has brought it, while its preconditioner stays as it is there.

curvatures of D^{-1/2} (H(x_t) + w) D^{-1/2},    D_i = eta / p_i: see held.py; w: a decay through the gradient
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.types import Pytree
from polyak.landscapes import Landscape
from polyak.rules import Optimizer
from polyak.run import Trace, descend
from polyak.theory.curvatures import Curvatures, hessians
from polyak.theory.flatness import pulling
from polyak.theory.held import adaptive, held, undecayed
from polyak.theory.learning_rate import learning_rate
from polyak.theory.pencil import Intervals
from polyak.theory.stable_sets import stable_curvatures, stable_lrs
from polyak.theory.state_space import update
from polyak.theory.step_map import StepMap

WHILE_HELD = "while the preconditioner stays"


class HeldThere(NamedTuple):
    """A rule where it has come to: its step on curvatures of the preconditioned Hessian.

    Attributes:
        where: these curvatures.
        step: the map of one entry, on such a curvature.
        preconditioner: D, a number for each coordinate.
        lr: the name of the learning rate.
        lrs: the learning rates that are stable, as `stable_lrs` gives them.
        curvatures: the curvatures that are stable, as `stable_curvatures` gives them.
    """

    where: Curvatures
    step: StepMap
    preconditioner: NDArray[np.float64]
    lr: str | None
    lrs: Intervals | None
    curvatures: Intervals


def held_on(rule: Optimizer, on: Trace | Landscape, at: int | None) -> HeldThere:
    """A rule held still after `at` steps of a trace, by default all of it, or of its own descent of a landscape.

    Raises PolyakError for a rule that is not linear while its preconditioner stays, before the first step, and where
    the way there is not finite.
    """
    bare, pull = undecayed(rule)
    if isinstance(on, Landscape):
        if at is None:
            raise PolyakError(
                f"{rule.name()} has a preconditioner, which the way makes: say after how many steps (at=100), or give "
                "the trace"
            )
        on = descend(rule, on, whole_number("at", at, at_least=1))
    at = on.steps if at is None else whole_number("at", at, at_least=1, at_most=on.steps)
    if not np.isfinite(on.positions[: at + 1]).all():
        raise PolyakError(f"the trace is not finite after {at} steps: no curvature is known there")
    found = adaptive(bare, at)
    there = held(found, _reached(found.examination.rule, on, at, pull), pull=pull)
    name, _ = learning_rate(found.examination, bare, at)
    lr = 1.0 if name is None else _value(bare, name, at)
    D = lr / there.gains
    where = _curvatures(on, at, D, pull)
    step = StepMap(there.step.A, there.step.B * lr)
    lrs = None
    if name is not None:
        own = where.values * lr / there.gain  # of the one entry whose state `stable_lrs` is given
        lrs = stable_lrs(found.examination, bare, name, there.state, own, at)
    return HeldThere(where, step, D, name, lrs, stable_curvatures(step))


def _value(rule: Optimizer, name: str, at: int) -> float:
    value = rule.settings()[name]
    return float(value(at)) if callable(value) else float(value)


def _curvatures(trace: Trace, at: int, D: NDArray[np.float64], pull: float) -> Curvatures:
    H = hessians(trace.landscape, trace.positions[at : at + 1])[0] + pull * np.eye(len(D))
    if not np.isfinite(H).all():
        raise PolyakError(f"the Hessian of {trace.landscape.name} is not finite after {at} steps")
    what = f"{trace.landscape.name} after {at} step{'s' * (at > 1)}"
    values = np.linalg.eigvalsh(H / np.sqrt(np.outer(D, D)))
    pulls = pulling(values, len(D), what)
    return Curvatures(values[pulls], f"{what}, {WHILE_HELD}", None, int((~pulls).sum()))


def _reached(rule: Optimizer, trace: Trace, steps: int, pull: float) -> Pytree:
    """The state of a rule after the gradients of a trace's first steps."""
    with jax.enable_x64(True):
        positions = jnp.asarray(trace.positions[:steps], dtype=jnp.float64)
        gradients = jnp.asarray(trace.landscape.gradient(trace.positions[:steps])) + pull * positions

        def step(state: Pytree, given: tuple[jax.Array, jax.Array]) -> tuple[Pytree, None]:
            x, g = given
            return update(rule, g, state, x)[1], None

        begun = jax.tree.map(jnp.asarray, rule.init(positions[0]))
        return lax.scan(step, begun, (positions, gradients))[0]
