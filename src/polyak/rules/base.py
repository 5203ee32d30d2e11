"""An update rule: the map (g, slots, x) -> (step, slots), written for one array, run on any pytree.

A rule of ours is a frozen dataclass whose numbers are pytree leaves, so that they can be traced,
differentiated and vmapped. It speaks Optax's protocol, `init` and `update`, and its few lines run on
JAX, NumPy and PyTorch arrays alike.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, Self, dataclass_transform

from array_api_compat import is_jax_array

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.registry import Catalogue
from polyak.ground.types import Array, Number, Pytree, Schedule
from polyak.rules.description import documentation, shown
from polyak.rules.hyperparameters import (
    Choice,
    Hyperparameter,
    choice,
    decay,
    decay_kind,
    eps,
    eps_position,
    hyperparameter,
    lr,
    lr_in_velocity,
    momentum,
    weight_decay,
)
from polyak.rules.pytrees import Node, beside_traced, tree_util, unchecked

__all__ = ["CATALOGUE", "Array", "Rule", "RuleState", "Slots"]

Slots = dict[str, Number]
"""A rule's state for one array, by name: arrays, and numbers such as a step counter."""


class RuleState(NamedTuple):
    """What the next step needs: how many steps were taken, and each array's slots."""

    count: Number
    slots: Pytree


CATALOGUE: Catalogue[type[Rule]] = Catalogue("rule")
"""Every rule by its name: those of this folder, and the user's own."""


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(
        hyperparameter,
        choice,
        lr,
        momentum,
        eps,
        decay,
        weight_decay,
        lr_in_velocity,
        eps_position,
        decay_kind,
    ),
)
class Rule(Node):
    r"""The base of every update rule.

    A subclass states `formula` (LaTeX, lines parted by `\\`), `source`, its hyper-parameters, and
    defines `slots(x)` and `step(g, slots, x)` for one array. The base does the rest: pytrees,
    schedules, checking, the Optax protocol, and the description in its docstring and in a notebook.

    >>> from polyak.rules import HeavyBall
    >>> rule = HeavyBall(lr=0.5, momentum=0.9)
    >>> import numpy as np
    >>> x = np.array([4.0])
    >>> state = rule.init(x)
    >>> updates, state = rule.update(np.array([2.0]), state, x)
    >>> x + updates
    array([3.])
    """

    formula: ClassVar[str]
    source: ClassVar[str]
    elementwise: ClassVar[bool] = True  # whether each entry of an array moves as it would alone
    of_matrices: ClassVar[bool] = False  # whether it is meant for matrices, and treats other arrays otherwise
    _numbers: ClassVar[dict[str, Hyperparameter]] = {}
    _choices: ClassVar[dict[str, Choice]] = {}

    def __init_subclass__(cls, *, listed: bool = True) -> None:
        """A rule is in the catalogue once its class is written, but one within a function, or not to be `listed`."""
        super().__init_subclass__()
        dataclasses.dataclass(frozen=True)(cls)
        about = {field.name: field.metadata.get("polyak") for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        cls._numbers = {name: known for name, known in about.items() if isinstance(known, Hyperparameter)}
        cls._choices = {name: known for name, known in about.items() if isinstance(known, Choice)}
        if "formula" in cls.__dict__:
            cls.__doc__ = documentation(cls)
        if listed and "<locals>" not in cls.__qualname__:
            CATALOGUE.add(cls.name(), cls, home=cls.__module__)

    def __post_init__(self) -> None:
        settings: dict[str, Any] = {**self.hyperparameters(), **self.choices()}
        for name, about in settings.items():
            object.__setattr__(self, name, about.checked(self.name(), name, getattr(self, name)))

    # What a subclass writes.

    def slots(self, x: Array) -> Slots:
        """The slots of one parameter array before the first step."""
        raise NotImplementedError

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Number, Slots]:
        """One array's step, to be added to x, and its new slots; arrays of the library that g is of."""
        raise NotImplementedError

    # Optax's protocol.

    def init(self, params: Pytree) -> RuleState:
        """The state before the first step, for a pytree of parameters."""
        arrays, tree = tree_util().tree_flatten(params)
        arrays = beside_traced(arrays, self)
        return RuleState(0, tree.unflatten([self.at(0, x).slots(x) for x in arrays]))

    def update(
        self, grads: Pytree, state: RuleState, params: Pytree = None, **_: object
    ) -> tuple[Pytree, RuleState]:
        """What to add to the parameters, and the next state."""
        gradients, tree = tree_util().tree_flatten(grads)
        gradients = beside_traced(gradients, (self, state, params))
        slots = tree.flatten_up_to(state.slots)
        arrays = [None] * len(gradients) if params is None else tree.flatten_up_to(params)
        pairs = [
            self.at(state.count, g).step(g, s, x) for g, s, x in zip(gradients, slots, arrays, strict=True)
        ]
        updates = tree.unflatten([step for step, _ in pairs])
        return updates, RuleState(state.count + 1, tree.unflatten([s for _, s in pairs]))

    def __iter__(self) -> Iterator[Any]:
        """`init, update = rule`, as Optax's named pair unpacks."""
        return iter((self.init, self.update))

    # Hyper-parameters.

    @classmethod
    def name(cls) -> str:
        """The rule's name in the catalogue and at the terminal: `HeavyBall` is `heavy_ball`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @classmethod
    def hyperparameters(cls) -> dict[str, Hyperparameter]:
        """The numbers that set this rule, by name."""
        return dict(cls._numbers)

    @classmethod
    def choices(cls) -> dict[str, Choice]:
        """The named choices between conventions that this rule offers."""
        return dict(cls._choices)

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """This rule with the settings given by name; a missing or unknown one is named in the error.

        >>> from polyak.rules import HeavyBall
        >>> HeavyBall.from_settings(lr=0.1, momentun=0.9)
        Traceback (most recent call last):
        ...
        polyak.PolyakError: unknown setting of heavy_ball 'momentun', did you mean 'momentum'? (there are:
        lr, momentum, lr_in_velocity)
        """
        known = [*cls.hyperparameters(), *cls.choices()]
        for name in settings:
            if name not in known:
                raise unknown(f"setting of {cls.name()}", name, known)
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        missing = [name for name in known if name not in settings and defaults[name] is dataclasses.MISSING]
        if missing:
            about = cls.hyperparameters()[missing[0]]
            meaning = "" if about.meaning == missing[0] else f"{about.meaning}, "
            raise PolyakError(f"{cls.name()} needs {missing[0]}: {meaning}a number in {about.interval}")
        return cls(**settings)

    def settings(self) -> dict[str, Any]:
        """Every hyper-parameter and choice with its present value."""
        return {name: getattr(self, name) for name in (*self._numbers, *self._choices)}

    def schedules(self) -> dict[str, Schedule]:
        """The hyper-parameters that change with the step."""
        return {name: getattr(self, name) for name in self.hyperparameters() if callable(getattr(self, name))}

    def replace(self, **settings: Any) -> Self:
        """A copy with some settings changed."""
        return type(self).from_settings(**{**self.settings(), **settings})

    def at(self, count: Number, g: Array) -> Self:
        """This rule as it stands at step `count`, its schedules evaluated, in the precision of `g`."""
        changed = {}
        for name in self._numbers:
            value = getattr(self, name)
            if type(value) is float:
                continue
            value = value(count) if callable(value) else value
            if is_jax_array(g):
                changed[name] = value.astype(g.dtype) if hasattr(value, "astype") else value
            else:
                changed[name] = float(value)
        return unchecked(type(self), {**self.settings(), **changed}) if changed else self

    def _flatten(self) -> tuple[list[Number], tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]:
        # Run on NumPy arrays this is asked at every step, so that it looks at each setting once.
        free, leaves, fixed = list[str](), list[Number](), list[tuple[str, Any]]()
        for name in self._numbers:
            value = getattr(self, name)
            if _is_leaf(value):
                free.append(name)
                leaves.append(value)
            else:
                fixed.append((name, value))
        fixed += [(name, getattr(self, name)) for name in self._choices]
        return leaves, (tuple(free), tuple(fixed))

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> Self:
        free, fixed = structure
        return unchecked(cls, {**dict(zip(free, leaves, strict=True)), **dict(fixed)})

    def _names(self) -> tuple[str, ...]:
        """The numbers and the tables of schedules; a schedule's code is compiled in."""
        return tuple(name for name in self._numbers if _is_leaf(getattr(self, name)))

    def __str__(self) -> str:
        return (
            f"{self.name()}({', '.join(f'{name}={shown(value)}' for name, value in self.settings().items())})"
        )

    def _repr_markdown_(self) -> str:
        lines = self.formula.replace(r"\\", r"\\ ")
        return f"**{self}**\n\n$$\\begin{{aligned}}{lines}\\end{{aligned}}$$\n\n{self.source}"


def _is_leaf(value: object) -> bool:
    return type(value) is float or getattr(value, "is_tabulated", False) or not callable(value)
