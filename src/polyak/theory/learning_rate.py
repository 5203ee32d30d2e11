"""Which of a rule's settings is the learning rate: found by scaling, not by name."""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.compiled import quickly
from polyak.ground.errors import PolyakError
from polyak.ground.types import Number, Pytree, Schedule
from polyak.rules import Optimizer
from polyak.theory.examination import Examination, require_constant
from polyak.theory.state_space import move, pack, runnable

FACTORS = (0.5, 0.25)
EXACT = 1e-9  # relative

Setting: TypeAlias = Number | Schedule


def learning_rate(examination: Examination, rule: Optimizer, at: int = 0) -> tuple[str | None, bool | None]:
    """The setting that the step is proportional to, and whether the slots are too.

    A setting is the learning rate if halving it halves the step that a unit gradient takes from rest, and quartering
    it quarters it. The slots hold it if what that step leaves in one of them is halved and quartered as well.

    Returns its name, or None where no setting does this (an Optax object shows none), and whether a slot holds it:
    None where there is no learning rate, or no slot that the gradient moves.

    >>> import polyak as pk
    >>> rule = pk.HeavyBall(lr=0.4, momentum=0.5, lr_in_velocity=False)
    >>> learning_rate(Examination(rule), rule)
    ('lr', False)
    """
    whole = _first_step(examination, examination.rule)
    if whole[0] == 0 or not np.isfinite(whole[0]):
        return None, None
    slots = (np.arange(len(whole)) > 0) & examination.moved & (whole != 0)
    for name, value in rule.settings().items():
        parts = [_scaled_step(examination, rule, name, value, factor, at) for factor in FACTORS]
        follows = np.all([_is_scaled(*pair, whole) for pair in zip(parts, FACTORS, strict=True)], axis=0)
        if follows[0]:
            return name, bool(follows[slots].any()) if slots.any() else None
    return None, None


def learning_rate_of(rule: Optimizer) -> tuple[str, float]:
    """The name and the value of a rule's learning rate, a constant; a one-line error where it shows none."""
    require_constant(rule)
    name, _ = learning_rate(Examination(rule), rule)
    if name is None:
        raise PolyakError(
            f"{rule} shows no learning rate: expected a rule of ours, from_optax(...) or from_page(...)"
        )
    return name, float(rule.settings()[name])


def scaled(rule: Optimizer, name: str, value: Setting, factor: float) -> Optimizer:
    """The rule with one setting, a number or a schedule, times a factor."""
    if callable(value):
        return rule.replace(**{name: lambda step: factor * value(step)})
    return rule.replace(**{name: factor * float(value)})


def checked_lrs(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Learning rates as typed: a list of finite numbers over 0, by the name that an error calls them."""
    try:
        lrs = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        lrs = np.empty((0, 0))
    if lrs.ndim != 1 or not len(lrs) or not (np.isfinite(lrs) & (lrs > 0)).all():
        raise PolyakError(f"{name} is {values!r}, expected a list of finite numbers over 0")
    return lrs


def _scaled_step(
    examination: Examination, rule: Optimizer, name: str, value: Setting, factor: float, at: int
) -> NDArray[np.float64] | None:
    """What a step from rest makes of (x, slots) with a setting scaled; None for what is no number, or out of range."""
    if isinstance(value, bool | str) or not (callable(value) or np.ndim(value) == 0):
        return None
    try:
        changed = runnable(scaled(rule, name, value, factor), at + 1)
        return _first_step(examination, changed)
    except (PolyakError, TypeError, ValueError):
        return None


def _is_scaled(
    part: NDArray[np.float64] | None, factor: float, whole: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which entries of a step are the factor's part of the whole; none of a step that could not be taken."""
    if part is None:
        return np.zeros(whole.shape, dtype=bool)
    return np.asarray(np.abs(part - factor * whole) <= EXACT * np.abs(whole))


def _first_step(examination: Examination, rule: Optimizer) -> NDArray[np.float64]:
    """What one unit gradient moves: z' - z where it is moved, shape (n,)."""
    with jax.enable_x64(True):
        state = examination.state
        z = pack(jnp.zeros(1), state)
        step = _step_compiled if examination.compiled else _step
        return np.where(examination.moved, np.asarray(step(rule, state, z)), 0.0)


def _step(rule: Optimizer, state: Pytree, z: jax.Array) -> jax.Array:
    """With the gradient and without it."""
    return move(rule, state, z, jnp.ones(1))[0] - move(rule, state, z, jnp.zeros(1))[0]


_step_compiled = quickly(_step)
