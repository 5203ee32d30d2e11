"""A search space: a rule, some of whose settings have an axis of values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from polyak.frameworks.spelled_rule import is_spelled, spelled_rule
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.rules import CATALOGUE, FromOptax, FromPage, Optimizer, Rule, as_rule, from_optax
from polyak.rules.as_rule import Adapted
from polyak.rules.hyperparameters import Hyperparameter, Interval
from polyak.rules.protocol import Transformation
from polyak.sweeps.axes import Axis, as_axis

RATE = Interval("[0, inf)")  # what any learning rate may be

SettableRule = str | type[Rule] | Optimizer | Callable[..., Transformation]
"""A rule whose settings can be given: its name, its class, itself with others, an Optax factory, a page's function."""


@dataclass(frozen=True)
class SearchSpace(Shown):
    """A rule with its fixed settings, and axes for the others. Made by `search_space`.

    Attributes:
        rule: the rule; on each axis it holds that axis's first value.
        axes: an axis for each swept hyper-parameter, by name.
    """

    rule: Optimizer
    axes: dict[str, Axis]

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.rule.name())

    def fixed(self) -> dict[str, Any]:
        """The settings that are the same in every cell."""
        return {name: value for name, value in self.rule.settings().items() if name not in self.axes}

    def at(self, **values: Any) -> Optimizer:
        """The rule of one cell, its axes' values given by name."""
        return self.rule.replace(**values)


def search_space(rule: SettableRule, **settings: Any) -> SearchSpace:
    """A rule on axes of its own, for a sweep of several rules.

    Args:
        rule: one of our rules (its name, its class, or with settings), an Optax factory, a page's function as a rule.
        settings: its settings by name; an axis, or a list of values, is swept.

    Raises PolyakError for a setting that the rule does not have and for an axis that leaves its range.

    >>> import polyak as pk
    >>> pk.search_space("heavy_ball", lr=pk.axes.log(0.01, 1, 3), momentum=0.9).axes["lr"].values()
    array([0.01, 0.1 , 1.  ])
    """
    settable = settable_of(rule)
    axes = {name: axis for name, value in settings.items() if (axis := as_axis(value)) is not None}
    fixed = {name: value for name, value in settings.items() if name not in axes}
    _check_settings(settable, fixed, axes)
    corner = {name: axis.ends[0] for name, axis in axes.items()}
    try:
        space = SearchSpace(_with_settings(settable, fixed | corner), axes)
        for name, axis in axes.items():
            space.at(**{name: axis.ends[1]})  # refused by the rule itself where that is out of its range
        return space
    except TypeError as error:
        raise PolyakError(f"{rule!r} is no rule to sweep: {error}") from None


def numbered(name: str, taken: Iterable[str], mark: str = " #") -> str:
    """A name that is not among those taken: the second of one name is its #2.

    >>> numbered("adam", ["lion", "adam", "adam #2"])
    'adam #3'
    """
    same = sum(other.partition(mark)[0] == name for other in taken)
    return f"{name}{mark}{same + 1}" if same else name


def settable_of(rule: SettableRule) -> SettableRule:
    """What stands behind a name: one of our classes, or what a framework's name or class is of ours."""
    if is_spelled(rule):
        return spelled_rule(rule)  # type: ignore[arg-type]
    return CATALOGUE.find(rule) if isinstance(rule, str) else rule


def known_settings(rule: SettableRule) -> tuple[str, list[str]]:
    """A rule's name and the names of its settings, as far as they are known before a run."""
    settable = settable_of(rule)
    name, known = _known(settable)
    return name, list(as_rule(settable).settings() if known is None else known)


def hyperparameters_of(rule: object) -> dict[str, Hyperparameter]:
    """What is known of a rule's hyper-parameters, by name; nothing of one that is not ours."""
    about: dict[str, Hyperparameter] = getattr(rule, "hyperparameters", dict)()
    return about


def _with_settings(rule: SettableRule, settings: dict[str, Any]) -> Optimizer:
    if isinstance(rule, type) and issubclass(rule, Rule):
        return rule.from_settings(**settings)
    if _is_factory(rule):
        return from_optax(rule, **settings)
    whole = as_rule(rule)
    if not settings:
        return whole
    if isinstance(whole, Adapted):  # its numbers are its own
        raise PolyakError(
            f"{whole} has no settings to sweep: give the Optax factory instead, such as optax.adam"
        )
    return whole.replace(**settings)


def _known(rule: SettableRule) -> tuple[str, Sequence[str] | None]:
    """A rule's name and the names of its settings; None where only a run can tell."""
    if isinstance(rule, type) and issubclass(rule, Rule):
        return rule.name(), [*rule.hyperparameters(), *rule.choices()]
    if _is_factory(rule):
        return f"optax:{getattr(rule, '__name__', 'factory')}", list(inspect.signature(rule).parameters)
    if isinstance(rule, FromOptax):
        return rule.name(), list(inspect.signature(rule.factory).parameters)
    if isinstance(rule, FromPage):
        return rule.name(), None
    whole = as_rule(rule)
    return whole.name(), None if isinstance(whole, Adapted) else list(whole.settings())


def _check_settings(rule: SettableRule, fixed: Mapping[str, Any], axes: Mapping[str, Axis]) -> None:
    """Refuse settings that the rule does not have, arrays that are no axis, and axes that leave their range."""
    label, known = _known(rule)
    for name in (*fixed, *axes):
        if known is not None and name not in known:
            raise unknown(f"setting of {label}", name, known)
    for name, value in fixed.items():
        if getattr(value, "ndim", 0) > 0:
            raise PolyakError(
                f"{name} has the shape {tuple(value.shape)}, expected a number or a list of them"
            )
    for name, axis in axes.items():
        _check_axis(rule, label, name, axis)


def _check_axis(rule: SettableRule, label: str, name: str, axis: Axis) -> None:
    """Refuse an axis of a choice, or one that leaves the hyper-parameter's range."""
    if name in getattr(rule, "choices", dict)():
        raise PolyakError(f"{name} of {label} is a choice and no number: sweep it as rules of their own")
    about = hyperparameters_of(rule)
    interval = about[name].interval if name in about else RATE if name in ("lr", "learning_rate") else None
    for value in axis.ends:
        if interval is not None and value not in interval:
            raise PolyakError(
                f"the axis of {name} goes to {readable(value, 6)}, expected numbers in {interval}, as {label} takes"
            )


def _is_factory(rule: object) -> TypeGuard[Callable[..., Transformation]]:
    return callable(rule) and not isinstance(rule, type) and not hasattr(rule, "update")
