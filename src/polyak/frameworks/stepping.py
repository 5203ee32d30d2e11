"""What a training step by step takes of a rule, whatever framework the model is of: its step, and seeds.

Our own rules are written against the Python array API and step on the framework's arrays as they are; any other goes
through JAX, compiled where it can be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from polyak.frameworks.spelled_rule import SpelledRule
from polyak.ground.types import Pytree
from polyak.rules import Optimizer, Rule
from polyak.rules.wrappers import Wrapper

Named = dict[str, Any]
ONE_AT_A_TIME = threading.RLock()  # generators, and torch's count of threads, are of the whole process


def on_any_arrays(rule: Optimizer) -> bool:
    """Whether a rule's step runs on arrays of any library: ours do, and what our wrappers make of them.

    >>> from polyak.rules import HeavyBall
    >>> on_any_arrays(HeavyBall(lr=0.1, momentum=0.9))
    True
    """
    inner: object = rule
    while isinstance(inner, Wrapper | SpelledRule):
        inner = inner.rule
    return isinstance(inner, Rule)


def started(rule: Optimizer, params: Named) -> Pytree:
    """A rule's state before the first step, as JAX's arrays."""
    import jax

    return jax.tree.map(jax.numpy.asarray, rule.init(jax.tree.map(jax.numpy.asarray, params)))


def moved(rule: Optimizer, grads: Named, state: Pytree, params: Named) -> tuple[Named, Pytree]:
    """One step: the parameters after it, and the rule's next state."""
    import jax

    updates, state = rule.update(grads, state, params)
    return jax.tree.map(lambda x, step: x + step.astype(x.dtype), params, updates), state


@cache
def stepper(*, compiles: bool) -> Callable[..., tuple[Named, Pytree]]:
    """`moved`, compiled where the rule can be."""
    import jax

    return jax.jit(moved) if compiles else moved


def seed_of(seed: int, epoch: int) -> int:
    """Of the generators that a model may draw from (dropout, a loader's augmentation) in an epoch of a run, 32 bits.

    >>> seed_of(0, 1) == seed_of(0, 1) != seed_of(1, 0)
    True
    """
    return int(np.random.SeedSequence(seed, spawn_key=(4, epoch)).generate_state(1)[0])
