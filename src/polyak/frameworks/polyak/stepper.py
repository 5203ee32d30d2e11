"""Rules: ours, a page's, an Optax factory's or an Optax object, on NumPy or JAX arrays."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from polyak.frameworks.stepper import Array, in_float64, refusals
from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE, FromOptax, FromPlane, PageRule, Rule, Wrapper, as_rule

LR_NAMES = ("lr", "learning_rate", "step_size", "eta")


KIND = "rule"


def factories() -> dict[str, Any]:
    """The catalogue's classes."""
    return dict(CATALOGUE)


def of_factory(label: str, factory: type[Rule], settings: dict[str, Any]) -> RuleStepper:
    """The stepper of a class of rules."""
    return RuleStepper(factory.from_settings(**settings), label)


class RuleStepper:
    """A rule; ours and the wrappers around it run on NumPy, array by array, others as a whole.

    Args:
        rule: anything that `as_rule` takes.
        name: what it is called in a report; the rule's own name by default.
        backend: "numpy" or "jax"; by default NumPy for what is written against the array API, JAX for the rest.
    """

    takes_pytrees = True

    def __init__(self, rule: Any, name: str | None = None, backend: str | None = None) -> None:
        self.given = as_rule(rule)
        if isinstance(self.given, FromPlane):
            raise PolyakError(
                f"{self.given.name()} brings its own gradient, expected a rule that is given one"
            )
        self.name = name or str(self.given.name())
        self.nested = False  # whether the arrays are handed over in a pytree, and not in a list
        self.backend = backend or ("numpy" if isinstance(self.given, Rule | Wrapper | PageRule) else "jax")
        settings = self.given.settings()
        self.lr_name = next((key for key in LR_NAMES if isinstance(settings.get(key), float | int)), None)
        self.lr = None if self.lr_name is None else float(settings[self.lr_name])
        self.skips_missing = isinstance(self.given, Rule | Wrapper)

    @in_float64
    def start(self, params: list[Array]) -> None:
        """Begin anew at these parameters."""
        self.rule, self.params = self.given, [self._array(x) for x in params]
        with refusals(self.name):
            self.states = [self.rule.init(part) for part in self._parts(self.params)]

    @in_float64
    def step(self, grads: list[Array | None]) -> list[Array]:
        """`rule.update`, and x <- x + step."""
        if any(g is None for g in grads) and not self.skips_missing:
            raise PolyakError(f"{self.name} takes a gradient for every parameter at every step")
        given = [None if g is None else self._array(g) for g in grads]
        with refusals(self.name):
            for index, (g, x) in enumerate(zip(self._parts(given), self._parts(self.params), strict=True)):
                if not self.nested and self.skips_missing and g[0] is None:
                    continue
                steps, self.states[index] = self._update(g, self.states[index], x)
                moved = [
                    a + self._array(b) for a, b in zip(self._leaves(x), self._leaves(steps), strict=True)
                ]
                self.params[index : index + len(moved)] = moved
        return [np.array(x) for x in self.params]

    def set_lr(self, lr: float) -> None:
        """The same rule with another learning rate."""
        if self.lr_name is None:
            raise PolyakError(f"the learning rate of {self.name} cannot be set: it is inside the object")
        self.rule = self.rule.replace(**{self.lr_name: lr})

    @in_float64
    def state(self) -> Any:
        """The rule's own state, one for each array where it runs array by array."""
        import jax

        return jax.tree.map(lambda leaf: leaf.copy() if hasattr(leaf, "copy") else leaf, self.states)

    def load(self, state: Any) -> None:
        """Take up a state that `state` gave."""
        import jax

        self.states = jax.tree.map(lambda leaf: leaf.copy() if hasattr(leaf, "copy") else leaf, state)

    def _parts(self, arrays: list[Any]) -> list[Any]:
        """What the rule is given at once: an array, all of them, or all of them in a pytree."""
        if self.nested:
            return [{"first": arrays[0], "rest": tuple(arrays[1:])}]
        return [[x] for x in arrays] if self.skips_missing else [arrays]

    def _leaves(self, part: Any) -> list[Any]:
        return [part["first"], *part["rest"]] if self.nested else part

    def _array(self, x: Array) -> Any:
        # What is compiled takes NumPy's arrays as they are, and faster than they are made JAX's one by one.
        if self.backend == "numpy" or isinstance(self.given, FromOptax):
            return np.array(x, dtype=np.float64)
        import jax.numpy as jnp

        return jnp.asarray(x, dtype=np.float64)

    def _update(self, grads: Any, state: Any, params: Any) -> Any:
        if isinstance(self.rule, FromOptax):  # its numbers are traced: compiled once, at any lr
            return _compiled()(self.rule, grads, state, params)
        return self.rule.update(grads, state, params)


@functools.cache
def _compiled() -> Any:
    import jax

    return jax.jit(_updated)


def _updated(rule: Any, grads: Any, state: Any, params: Any) -> Any:
    return rule.update(grads, state, params)
