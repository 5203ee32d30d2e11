"""Rules: ours, a page's, an Optax factory's or an Optax object, on NumPy or JAX arrays."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from polyak.frameworks.candidate import Candidate, label_of, named_arguments
from polyak.frameworks.steppers import Array, Stepper, check_arguments, in_float64, refusals
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import (
    CATALOGUE,
    FromOptax,
    FromPlane,
    Optimizer,
    PageRule,
    Rule,
    Wrapper,
    arity,
    as_rule,
    from_optax,
    from_page,
)

LR_NAMES = ("lr", "learning_rate", "step_size", "eta")
KIND = "rule"
Factory = Callable[..., Any]


def factories() -> dict[str, Factory]:
    """The catalogue's classes."""
    return dict(CATALOGUE)


def candidate(optimizer: object, label: str) -> Candidate | None:
    """A class of rules, a page's function, or whatever follows the protocol, as all our rules do."""
    if isinstance(optimizer, type):
        return _of_class(optimizer, label) if issubclass(optimizer, Rule) else None
    if is_page(optimizer):
        page = cast("Factory", optimizer)
        return Candidate(page, label, lambda given: RuleStepper(from_page(page, **given), label), None)
    return candidate_by_protocol(optimizer, label)


def candidate_by_protocol(optimizer: object, label: str) -> Candidate | None:
    """An object with `init` and `update`, or a function that makes one of its settings."""
    if hasattr(optimizer, "init") and hasattr(optimizer, "update"):
        own = None if label == label_of(optimizer) else label
        takes = (*optimizer.hyperparameters(), *optimizer.choices()) if isinstance(optimizer, Rule) else ()

        def run(given: Mapping[str, Any]) -> RuleStepper:
            if given:
                raise PolyakError(f"{label} has its settings already; {next(iter(given))} has no place")
            return RuleStepper(optimizer, own)

        return Candidate(optimizer, label, run, takes, settled=True)
    if inspect.isfunction(optimizer) or isinstance(optimizer, functools.partial):
        run_factory = functools.partial(_of_factory, label, optimizer)
        return Candidate(optimizer, label, run_factory, named_arguments(optimizer))
    return None


def is_page(function: object) -> bool:
    """A page's function takes exactly three arguments and needs all; a factory's have names and defaults of its own."""
    return (
        inspect.isfunction(function)
        and arity(function) == 3
        and len(inspect.signature(function).parameters) == 3
    )


def _of_class(kind: type[Rule], label: str) -> Candidate:
    takes = (*kind.hyperparameters(), *kind.choices())
    return Candidate(kind, label, lambda given: RuleStepper(kind.from_settings(**given), label), takes)


def _of_factory(label: str, factory: Factory, settings: Mapping[str, Any]) -> Stepper:
    """The stepper of a function that makes a transformation, or an optimizer of another framework's."""
    check_arguments(label, factory, settings)
    rule = from_optax(factory, **settings)
    with refusals(label):
        made = rule.optimizer()
    if not (hasattr(made, "init") and hasattr(made, "update")):
        from polyak.frameworks.classify import whose  # which asks this module in its turn

        for framework in whose(made):
            found = None if framework.ours else framework.candidates(label).candidate(made, label)
            if found is not None:
                return found.run({})
        raise PolyakError(f"{label} makes no optimizer")
    return RuleStepper(rule, label, backend="jax")


class RuleStepper:
    """A rule; ours and the wrappers around it run on NumPy, array by array, others as a whole.

    Args:
        rule: anything that `as_rule` takes.
        name: what it is called in a report; the rule's own name by default.
        backend: "numpy" or "jax"; by default NumPy for what is written against the array API, JAX for the rest.
    """

    takes_pytrees = True

    def __init__(self, rule: object, name: str | None = None, backend: str | None = None) -> None:
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
        self.rule, self.params = self.given, [self._array(x) for x in params]
        with refusals(self.name):
            self.states = [self.rule.init(part) for part in self._parts(self.params)]

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`rule.update`, and x <- x + step."""
        if not self.skips_missing and any(g is None for g in grads):
            raise PolyakError(f"{self.name} takes a gradient for every parameter at every step")
        given = self._parts([None if g is None else self._array(g) for g in grads])
        with refusals(self.name):
            for index, (g, x) in enumerate(zip(given, self._parts(self.params), strict=True)):
                if self.nested or not self.skips_missing or g[0] is not None:
                    self._move(index, g, x)
        return [np.array(x) for x in self.params]

    def _move(self, index: int, g: Pytree, x: Pytree) -> None:
        """One step of a part."""
        steps, self.states[index] = self._update(g, self.states[index], x)
        moved = [a + self._array(b) for a, b in zip(self._leaves(x), self._leaves(steps), strict=True)]
        self.params[index : index + len(moved)] = moved

    def set_lr(self, lr: float) -> None:
        """The same rule with another learning rate."""
        if self.lr_name is None:
            raise PolyakError(f"the learning rate of {self.name} cannot be set: it is inside the object")
        self.rule = self.rule.replace(**{self.lr_name: lr})

    @in_float64
    def state(self) -> Pytree:
        """The rule's own state, one for each array where it runs array by array."""
        return _copied(self.states)

    def load(self, state: Pytree) -> None:
        self.states = _copied(state)

    def _parts(self, arrays: Sequence[Pytree]) -> list[Pytree]:
        """What the rule is given at once: an array, all of them, or all of them in a pytree."""
        if self.nested:
            return [{"first": arrays[0], "rest": tuple(arrays[1:])}]
        return [[x] for x in arrays] if self.skips_missing else [list(arrays)]

    def _leaves(self, part: Pytree) -> list[Pytree]:
        return [part["first"], *part["rest"]] if self.nested else list(part)

    def _array(self, x: Pytree) -> Pytree:
        # What is compiled takes NumPy's arrays as they are, and faster than they are made JAX's one by one.
        if self.backend == "numpy" or isinstance(self.given, FromOptax):
            return np.array(x, dtype=np.float64)
        import jax

        # What is one already is asked first: JAX takes longer to see that than to take a step.
        if isinstance(x, jax.Array) and x.dtype == np.float64:
            return x
        return jax.device_put(np.array(x, dtype=np.float64))

    def _update(self, grads: Pytree, state: Pytree, params: Pytree) -> tuple[Pytree, Pytree]:
        if isinstance(self.rule, FromOptax):  # its numbers are traced: compiled once, at any lr
            return _compiled()(self.rule, grads, state, params)
        return self.rule.update(grads, state, params)


def _copied(state: Pytree) -> Pytree:
    import jax

    return jax.tree.map(lambda leaf: leaf.copy() if hasattr(leaf, "copy") else leaf, state)


@functools.cache
def _compiled() -> Callable[[Optimizer, Pytree, Pytree, Pytree], tuple[Pytree, Pytree]]:
    from polyak.ground.compiled import quickly

    return quickly(_updated)


def _updated(rule: Optimizer, grads: Pytree, state: Pytree, params: Pytree) -> tuple[Pytree, Pytree]:
    return rule.update(grads, state, params)
