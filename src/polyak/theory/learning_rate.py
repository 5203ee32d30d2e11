"""Which of a rule's settings is the learning rate: found by scaling, not by name."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.rules import tabulated
from polyak.theory import probe
from polyak.theory.examination import Examination, require_constant

FACTORS = (0.5, 0.25)
EXACT = 1e-9  # relative


def learning_rate(examination: Examination, rule: Any, at: int = 0) -> tuple[str | None, bool | None]:
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
    for name, value in getattr(rule, "settings", dict)().items():
        parts = [_scaled_step(examination, rule, name, value, factor, at) for factor in FACTORS]
        if not all(
            part is not None and _is_scaled(part[0], whole[0], factor)
            for part, factor in zip(parts, FACTORS, strict=True)
        ):
            continue
        slots = [k for k in range(1, len(whole)) if examination.moved[k] and whole[k] != 0]
        holds = [
            all(
                _is_scaled(part[k], whole[k], f)
                for part, f in zip(parts, FACTORS, strict=True)
                if part is not None
            )
            for k in slots
        ]
        return name, any(holds) if slots else None
    return None, None


def learning_rate_of(rule: Any) -> tuple[str, float]:
    """The name and the value of a rule's learning rate, a constant; a one-line error where it shows none."""
    require_constant(rule)
    name, _ = learning_rate(Examination(rule), rule)
    if name is None:
        raise PolyakError(
            f"{rule} shows no learning rate: expected a rule of ours, from_optax(...) or from_page(...)"
        )
    return name, float(rule.settings()[name])


def scaled(rule: Any, name: str, value: Any, factor: float) -> Any:
    """The rule with one setting, a number or a schedule, times a factor."""
    if callable(value):
        return rule.replace(**{name: lambda step: factor * value(step)})
    return rule.replace(**{name: factor * float(value)})


def _scaled_step(
    examination: Examination, rule: Any, name: str, value: Any, factor: float, at: int
) -> NDArray[np.float64] | None:
    """What a step from rest makes of (x, slots) with a setting scaled; None for what is no number, or out of range."""
    if isinstance(value, bool | str) or np.ndim(value):
        return None
    try:
        changed = tabulated(probe.probed(scaled(rule, name, value, factor)), at + 1, 1 << at.bit_length())
        return _first_step(examination, changed)
    except (PolyakError, TypeError, ValueError):
        return None


def _is_scaled(part: float, whole: float, factor: float) -> bool:
    return bool(abs(part - factor * whole) <= EXACT * abs(whole))


def _first_step(examination: Examination, rule: Any) -> NDArray[np.float64]:
    """What one unit gradient moves: z' - z where it is moved, shape (n,)."""
    with jax.enable_x64(True):
        state = examination.state
        z = probe.pack(jnp.zeros(1), state)
        step = _step_compiled if examination.compiled else _step
        return np.where(examination.moved, np.asarray(step(rule, state, z)), 0.0)


def _step(rule: Any, state: Any, z: Any) -> Any:
    """With the gradient and without it."""
    return probe.move(rule, state, z, jnp.ones(1))[0] - probe.move(rule, state, z, jnp.zeros(1))[0]


_step_compiled = jax.jit(_step)
