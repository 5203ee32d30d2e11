"""An update rule: the map (g, slots, x) -> (step, slots), written for one array, run on any pytree.

A rule of ours is a frozen dataclass whose numbers are pytree leaves, so that they can be traced,
differentiated and vmapped. It speaks Optax's protocol, `init` and `update`, and its few lines run on
JAX, NumPy and PyTorch arrays alike.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, dataclass_transform

from array_api_compat import is_jax_array, is_numpy_array

from polyak.errors import PolyakError, unknown
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

Array = Any
Slots = dict[str, Array]


class RuleState(NamedTuple):
    """What the next step needs: how many steps were taken, and each array's slots."""

    count: Any
    slots: Any


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
class Rule:
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

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclasses.dataclass(frozen=True)(cls)
        if "formula" in cls.__dict__:
            cls.__doc__ = _documentation(cls)

    def __post_init__(self) -> None:
        settings: dict[str, Any] = {**self.hyperparameters(), **self.choices()}
        for name, about in settings.items():
            object.__setattr__(self, name, about.checked(self.name(), name, getattr(self, name)))
        _register(type(self))

    # What a subclass writes.

    def slots(self, x: Array) -> Slots:
        """The slots of one parameter array before the first step."""
        raise NotImplementedError

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        """One array's step, to be added to x, and its new slots."""
        raise NotImplementedError

    # Optax's protocol.

    def init(self, params: Any) -> RuleState:
        """The state before the first step, for a pytree of parameters."""
        arrays, tree = _tree_util().tree_flatten(params)
        arrays = _beside_traced(arrays, self)
        return RuleState(0, tree.unflatten([self.at(0, x).slots(x) for x in arrays]))

    def update(self, grads: Any, state: RuleState, params: Any = None, **_: Any) -> tuple[Any, RuleState]:
        """What to add to the parameters, and the next state."""
        gradients, tree = _tree_util().tree_flatten(grads)
        gradients = _beside_traced(gradients, (self, state, params))
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
        return _fields(cls, Hyperparameter)

    @classmethod
    def choices(cls) -> dict[str, Choice]:
        """The named choices between conventions that this rule offers."""
        return _fields(cls, Choice)

    @classmethod
    def from_settings(cls, **settings: Any) -> Rule:
        """This rule with the settings given by name; a missing or unknown one is named in the error.

        >>> from polyak.rules import HeavyBall
        >>> HeavyBall.from_settings(lr=0.1, momentun=0.9)
        Traceback (most recent call last):
        ...
        polyak.errors.PolyakError: unknown setting of heavy_ball 'momentun', did you mean 'momentum'? (there are:
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
        return {name: getattr(self, name) for name in (*self.hyperparameters(), *self.choices())}

    def schedules(self) -> dict[str, Any]:
        """The hyper-parameters that change with the step."""
        return {name: getattr(self, name) for name in self.hyperparameters() if callable(getattr(self, name))}

    def replace(self, **settings: Any) -> Rule:
        """A copy with some settings changed."""
        return type(self).from_settings(**{**self.settings(), **settings})

    def at(self, count: Any, g: Array) -> Rule:
        """This rule as it stands at step `count`, its schedules evaluated, in the precision of `g`."""
        changed = {}
        for name in self.hyperparameters():
            value = getattr(self, name)
            if type(value) is float:
                continue
            value = value(count) if callable(value) else value
            if is_jax_array(g):
                changed[name] = value.astype(g.dtype) if hasattr(value, "astype") else value
            else:
                changed[name] = float(value)
        return _unchecked(type(self), {**self.settings(), **changed}) if changed else self

    def __setstate__(self, settings: dict[str, Any]) -> None:
        """From a pickle, perhaps in a process that has made no such rule yet."""
        self.__dict__.update(settings)
        _register(type(self))

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in self.settings().items())
        return f"{self.name()}({shown})"

    def _repr_markdown_(self) -> str:
        lines = self.formula.replace(r"\\", r"\\ ")
        return f"**{self}**\n\n$$\\begin{{aligned}}{lines}\\end{{aligned}}$$\n\n{self.source}"


def _fields(cls: type, kind: type) -> dict[str, Any]:
    about = {field.name: field.metadata.get("polyak") for field in dataclasses.fields(cls)}
    return {name: found for name, found in about.items() if isinstance(found, kind)}


def _shown(value: Any) -> str:
    if callable(value):
        return "schedule"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unchecked(cls: type, settings: dict[str, Any]) -> Any:
    """A rule made without checking: inside a trace its leaves may be anything."""
    rule: Any = object.__new__(cls)
    for name, value in settings.items():
        object.__setattr__(rule, name, value)
    return rule


def _beside_traced(arrays: list[Any], others: Any) -> list[Any]:
    """NumPy arrays become JAX arrays where the rule, its state or its parameters are traced."""
    import jax

    if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves(others)):
        return arrays
    return [jax.numpy.asarray(x) if is_numpy_array(x) else x for x in arrays]


def _tree_util() -> Any:
    """JAX's pytrees, imported at the first use: naming and describing rules needs no JAX."""
    import jax.tree_util

    return jax.tree_util


_registered: set[type] = set()


def _register(cls: Any) -> None:
    """Make a rule's class a pytree: numbers are leaves, choices and plain callables its structure."""
    if cls in _registered:
        return
    tree_util, names = _tree_util(), list(cls.hyperparameters())

    def flatten(rule: Any) -> tuple[list[Any], Any]:
        settings = rule.settings()
        fixed = {name: value for name, value in settings.items() if not _is_leaf(name, value, names)}
        free = [name for name in settings if name not in fixed]
        keyed = [(tree_util.GetAttrKey(name), settings[name]) for name in free]
        return keyed, (tuple(free), tuple(fixed.items()))

    def unflatten(structure: Any, leaves: Any) -> Any:
        free, fixed = structure
        return _unchecked(cls, {**dict(zip(free, leaves, strict=True)), **dict(fixed)})

    tree_util.register_pytree_with_keys(cls, flatten, unflatten)
    _registered.add(cls)


def _is_leaf(name: str, value: Any, hyperparameters: list[str]) -> bool:
    tabulated = getattr(value, "is_tabulated", False)
    return name in hyperparameters and (tabulated or not callable(value))


def _documentation(cls: Any) -> str:
    """The docstring as written, with the formula, the settings and the source that the class states."""
    written = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    settings = [
        f"    {name} ({about.symbol}): {about.meaning}, in {about.interval}."
        for name, about in cls.hyperparameters().items()
    ]
    settings += [
        f"    {name}: {about.meaning}; one of {', '.join(map(repr, about.options))}."
        for name, about in cls.choices().items()
    ]
    formula = "\n".join(f"    {line.strip()}" for line in cls.formula.split(r"\\"))
    return (
        f"{written}\n\nFormula:\n{formula}\n\nSettings:\n" + "\n".join(settings) + "\n\n"
        "Arrays of any shape, of JAX, NumPy or PyTorch, in any floating dtype; g, x and the step share\n"
        f"one shape. A PolyakError says which setting is missing or out of range.\n\nSource: {cls.source}"
    )
