"""A rule on its axes: which settings each cell of a sweep has."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.rules import FromOptax, FromPage, Rule, as_rule, from_optax
from polyak.rules.hyperparameters import Interval
from polyak.sweeps.axes import Axis, as_axis

SAMPLINGS = ("grid", "random", "latin_hypercube")
RATE = Interval("[0, inf)")  # what any learning rate may be


@dataclass(frozen=True)
class Plane(Shown):
    """A rule with its fixed settings, and axes for the others. Made by `over`.

    Attributes:
        rule: the rule; on each axis it holds that axis's first value.
        axes: an axis for each swept hyper-parameter, by name.
    """

    rule: Any
    axes: dict[str, Axis]

    @property
    def name(self) -> str:
        """The rule's name."""
        return str(self.rule.name())

    def fixed(self) -> dict[str, Any]:
        """The settings that are the same in every cell."""
        return {name: value for name, value in self.rule.settings().items() if name not in self.axes}

    def at(self, **values: Any) -> Any:
        """The rule of one cell, its axes' values given by name."""
        return self.rule.replace(**values)


def over(rule: Any, **settings: Any) -> Plane:
    """A rule on axes of its own, for a sweep of several rules.

    Args:
        rule: one of our rules (its class, or with settings), an Optax factory, or a page's function as a rule.
        settings: its settings by name; an axis, or a list of values, is swept.

    Raises PolyakError for a setting that the rule does not have and for an axis that leaves its range.

    >>> import polyak as pk
    >>> pk.over(pk.HeavyBall, lr=pk.axes.log(0.01, 1, 3), momentum=0.9).axes["lr"].values()
    array([0.01, 0.1 , 1.  ])
    """
    found = {name: as_axis(value) for name, value in settings.items()}
    axes = {name: axis for name, axis in found.items() if axis is not None}
    fixed = {name: value for name, value in settings.items() if name not in axes}
    _refuse_unknown(rule, settings)
    for name, value in fixed.items():
        if getattr(value, "ndim", 0) > 0:
            raise PolyakError(
                f"{name} has the shape {tuple(value.shape)}, expected a number or a list of them"
            )
    for name, axis in axes.items():
        _check(rule, name, axis)
    corner = {name: axis.ends[0] for name, axis in axes.items()}
    try:
        plane = Plane(_made(rule, fixed | corner), axes)
        for name, axis in axes.items():
            plane.at(**{name: axis.ends[1]})  # refused by the rule itself where that is out of its range
        return plane
    except TypeError as error:
        raise PolyakError(f"{rule!r} is no rule to sweep: {error}") from None


def numbered(name: str, taken: Iterable[str], mark: str = " #") -> str:
    """A name that is not among those taken: the second of one name is its #2.

    >>> numbered("adam", ["lion", "adam", "adam #2"])
    'adam #3'
    """
    same = sum(other.partition(mark)[0] == name for other in taken)
    return f"{name}{mark}{same + 1}" if same else name


def sampled(axes: dict[str, Axis], sampling: str, cells: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """The values of `cells` cells drawn from the axes, by name: at random, or as a Latin hypercube.

    A Latin hypercube has one cell in each of `cells` equal parts of every axis. Source: McKay, M., Beckman, R. &
    Conover, W. (1979). A comparison of three methods for selecting values of input variables.

    >>> from polyak.sweeps.axes import linear
    >>> np.sort((sampled({"lr": linear(0, 4)}, "latin_hypercube", 4, 0)["lr"]).astype(int))
    array([0, 1, 2, 3])
    """
    from scipy.stats import qmc

    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    if sampling == "random":
        places = generator.random((cells, len(axes)))
    else:
        places = qmc.LatinHypercube(len(axes), rng=generator).random(cells)
    return {name: axis.at(place) for (name, axis), place in zip(axes.items(), places.T, strict=True)}


def _made(rule: Any, settings: dict[str, Any]) -> Any:
    if isinstance(rule, type) and issubclass(rule, Rule):
        return rule.from_settings(**settings)
    if _is_factory(rule):
        return from_optax(rule, **settings)
    found = as_rule(rule)
    if not settings:
        return found
    if not hasattr(found, "replace"):
        raise PolyakError(
            f"{found} has no settings to sweep: give the Optax factory instead, such as optax.adam"
        )
    return found.replace(**settings)


def _refuse_unknown(rule: Any, settings: dict[str, Any]) -> None:
    label, known = _known(rule)
    for name in settings:
        if known is not None and name not in known:
            raise unknown(f"setting of {label}", name, known)


def known_settings(rule: Any) -> tuple[str, list[str]]:
    """A rule's name and the names of its settings, as far as they are known before a run."""
    name, known = _known(rule)
    return name, list(as_rule(rule).settings() if known is None else known)


def _known(rule: Any) -> tuple[str, Sequence[str] | None]:
    """A rule's name and the names of its settings; None where only a run can tell."""
    if isinstance(rule, type) and issubclass(rule, Rule):
        return rule.name(), [*rule.hyperparameters(), *rule.choices()]
    if _is_factory(rule):
        return f"optax:{getattr(rule, '__name__', 'factory')}", list(inspect.signature(rule).parameters)
    if isinstance(rule, FromOptax):
        return rule.name(), list(inspect.signature(rule.factory).parameters)
    if isinstance(rule, FromPage):
        return rule.name(), None
    found = as_rule(rule)
    return found.name(), list(found.settings()) if hasattr(found, "replace") else None


def _check(rule: Any, name: str, axis: Axis) -> None:
    """Refuse an axis of a choice, or one that leaves the hyper-parameter's range."""
    label, _ = _known(rule)
    if name in getattr(rule, "choices", dict)():
        raise PolyakError(f"{name} of {label} is a choice and no number: sweep it as rules of their own")
    about: dict[str, Any] = getattr(rule, "hyperparameters", dict)()
    interval = about[name].interval if name in about else RATE if name in ("lr", "learning_rate") else None
    for value in axis.ends:
        if interval is not None and value not in interval:
            raise PolyakError(
                f"the axis of {name} goes to {readable(value, 6)}, expected numbers in {interval}, as {label} takes"
            )


def _is_factory(rule: Any) -> bool:
    return callable(rule) and not isinstance(rule, type) and not hasattr(rule, "update")
