"""A family of rules: one rule whose settings are free, with the matrices of many members at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from polyak.ground.compiled import quickly
from polyak.ground.errors import PolyakError
from polyak.ground.types import Number, Pytree
from polyak.rules import Optimizer, Rule, as_rule, find
from polyak.rules.hyperparameters import Hyperparameter
from polyak.theory.examination import examine
from polyak.theory.learning_rate import learning_rate
from polyak.theory.state_space import jacobian, on_one_number
from polyak.theory.step_map import StepMap, loop_through_x, reduced

WIDE = 0.999  # the end of a range that stops short of 1, such as a momentum's
ONE = 1.0  # a learning rate to begin with, where none is given
MEMBERS = 3  # at which a family's matrices are looked at for what is on the loop through x


@dataclass(frozen=True, eq=False)
class Family:
    """A linear rule whose settings are free.

    Attributes:
        rule: one member.
        name: what it is called.
        lr: the name of its learning rate, found by scaling.
        others: the names of its other numbers, and the ranges that they may be in, as (low, high).
        state: the settled state in which its step is looked at.
    """

    rule: Optimizer
    name: str
    lr: str
    others: Mapping[str, tuple[float, float]]
    state: Pytree

    def kept(self, names: Sequence[str]) -> tuple[int, ...]:
        """Which numbers of z lie on the loop through x, wherever the named settings stand inside their ranges."""
        inside = np.random.default_rng(0).uniform(0.1, 0.9, size=(len(names), MEMBERS))
        ends = [self.others.get(name, (0.0, ONE)) for name in names]
        values = [low + u * (high - low) for u, (low, high) in zip(inside, ends, strict=True)]
        with jax.enable_x64(True):
            A, B = matrices(self.rule, self.state, dict(zip(names, values, strict=True)))
        return tuple(loop_through_x(np.asarray(A), np.asarray(B)))

    def step(self, settings: Mapping[str, float], kept: Sequence[int] | None = None) -> StepMap:
        """The step of the member with these settings, over what lies on the loop through x for all of them."""
        with jax.enable_x64(True):
            A, B = map(np.asarray, matrices(self.rule, self.state, settings))
        return reduced(A, B, self.kept(tuple(settings)) if kept is None else kept)

    def member(self, settings: Mapping[str, float]) -> Optimizer:
        """The rule with these settings."""
        return self.rule.replace(**{name: float(value) for name, value in settings.items()})


def family(rule: object) -> Family:
    """The family that a rule belongs to.

    Args:
        rule: a class of ours (`HeavyBall`) or its name, whose numbers are all free; or a rule with its settings, of
            ours, `from_optax` or `from_page`.

    Raises PolyakError for a rule that is not linear, shows no learning rate, or cannot be compiled.

    >>> import polyak as pk
    >>> found = family(pk.Nesterov)
    >>> found.lr, dict(found.others)
    ('lr', {'momentum': (0.0, 0.999)})
    """
    if isinstance(rule, str):
        rule = find(rule)
    if isinstance(rule, type) and issubclass(rule, Rule):
        rule = _typical(rule)
    rule = as_rule(rule)
    examination, state = examine(rule)
    if not examination.compiled:
        raise PolyakError(
            f"{examination.name} cannot be compiled: a map over many settings would take too long"
        )
    lr, _ = learning_rate(examination, rule)
    if lr is None:
        raise PolyakError(
            f"{examination.name} shows no learning rate: expected a rule of ours, from_optax(...) or from_page(...)"
        )
    return Family(on_one_number(rule), examination.name, lr, _others(rule, lr), state)


def _typical(cls: type[Rule]) -> Rule:
    """A member with the class's defaults, and numbers inside the ranges for those that have none."""
    numbers = {}
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name, about in cls.hyperparameters().items():
        low, high = about.interval.ends
        if defaults[name] is dataclasses.MISSING:
            numbers[name] = ONE if np.isinf(high) else (low + high) / 2
    return cls.from_settings(**numbers)


def _others(rule: Optimizer, lr: str) -> dict[str, tuple[float, float]]:
    about: dict[str, Hyperparameter] = rule.hyperparameters() if isinstance(rule, Rule) else {}
    others = {}
    for name, value in rule.settings().items():
        if (
            name == lr
            or value is None
            or isinstance(value, bool | int | str)
            or callable(value)
            or np.ndim(value)
        ):
            continue
        low, high = about[name].interval.ends if name in about else (0.0, 1.0)
        closed = name in about and about[name].interval.text.endswith("]")
        others[name] = (low, high if closed else min(high, WIDE))
    return others


@quickly
def matrices(rule: Optimizer, state: Pytree, settings: Mapping[str, Number]) -> tuple[jax.Array, jax.Array]:
    """A and B of many members, over every number of the state: settings (...) to (..., n, n) and (..., n)."""
    names = list(settings)
    values = jnp.broadcast_arrays(*(jnp.asarray(value, dtype=jnp.float64) for value in settings.values()))

    def one(*numbers: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jacobian(rule.replace(**dict(zip(names, numbers, strict=True))), state)

    many = one
    for _ in values[0].shape:
        many = jax.vmap(many)
    A, B = many(*values)
    return A, B


def steps_on(
    rule: Optimizer, state: Pytree, kept: tuple[int, ...], settings: Mapping[str, Number], curvature: Number
) -> jax.Array:
    """One step D = M - 1 of many members on a curvature, over the loop through x: shape (..., s, s)."""
    A, B = matrices(rule, state, settings)
    chosen = np.array(kept)
    D = (A - jnp.eye(A.shape[-1])).at[..., :, 0].add(curvature * B)
    steps: jax.Array = D[..., chosen[:, None], chosen]
    return steps
