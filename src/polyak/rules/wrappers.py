"""Rules around a rule: what is done to every gradient before it, and to every step after it.

Where frameworks put weight decay and clipping differs from one optimizer to the next; as wrappers, the order is
the order of nesting. The outermost wrapper sees the gradient first and the step last:

    Clipped(CoupledDecay(rule, 0.1), 1.0)  clips, then adds the decay
    CoupledDecay(Clipped(rule, 1.0), 0.1)  adds the decay, then clips
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

from array_api_compat import array_namespace

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Array, Number, Pytree, Schedule
from polyak.rules.hyperparameters import is_unknown_yet
from polyak.rules.protocol import Optimizer
from polyak.rules.pytrees import Node, tree_util, unchecked


class Wrapper(Node):
    """The base of the wrappers: a rule, and one number that is traced as the rule's own numbers are.

    A subclass names its number (`setting`) and defines `gradient`, `step` or both. What else it holds is compiled
    for, as a rule's choices are: it must be hashable.

    Attributes:
        rule: what is wrapped, a rule of any kind; another wrapper too.
        amount: the wrapper's number, at least 0.

    Raises PolyakError for an amount that is no such number.
    """

    setting: str  # what the amount is called among the settings

    def __init__(self, rule: Optimizer, amount: Number) -> None:
        self.rule, self.amount = rule, _checked(rule, self.setting, amount)

    # What a wrapper defines.

    def gradient(self, g: Array, x: Array) -> Array:
        """What the wrapped rule is given for the gradient g of one array x."""
        return g

    def step(self, step: Array, x: Array) -> Array:
        """What is made of the wrapped rule's step of one array x."""
        return step

    # Optax's protocol.

    def init(self, params: Pytree) -> Pytree:
        """The wrapped rule's state before the first step."""
        return self.rule.init(params)

    def update(
        self, grads: Pytree, state: Pytree, params: Pytree = None, **_: object
    ) -> tuple[Pytree, Pytree]:
        """What to add to the parameters, and the wrapped rule's next state."""
        if params is None:
            raise PolyakError(f"{self.setting} needs the parameters: call update(grads, state, params)")
        over: Callable[..., Any] = tree_util().tree_map
        updates, state = self.rule.update(over(self.gradient, grads, params), state, params)
        return over(self.step, updates, params), state

    # Hyper-parameters.

    def name(self) -> str:
        """The wrapped rule's name."""
        return self.rule.name()

    def settings(self) -> dict[str, Any]:
        """The wrapped rule's settings, and the wrapper's own."""
        return {**self.rule.settings(), self.setting: self.amount}

    def schedules(self) -> dict[str, Schedule]:
        """The wrapped rule's hyper-parameters that change with the step."""
        return self.rule.schedules()

    def replace(self, **settings: Any) -> Self:
        """A copy with some settings changed."""
        changed = copy.copy(self)
        changed.amount = _checked(self.rule, self.setting, settings.pop(self.setting, self.amount))
        changed.rule = self.rule.replace(**settings) if settings else self.rule
        return changed

    def _flatten(self) -> tuple[tuple[Optimizer, Number], tuple[tuple[str, Any], ...]]:
        others = {name: value for name, value in vars(self).items() if name not in ("rule", "amount")}
        return (self.rule, self.amount), tuple(others.items())

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> Self:
        rule, amount = leaves
        return unchecked(cls, {**dict(structure), "rule": rule, "amount": amount})

    def __str__(self) -> str:
        return f"{self.rule} with {self.setting}={readable(self.amount, 6)}"

    __repr__ = __str__


def unwrapped(rule: Optimizer) -> Optimizer:
    """What stands inside a rule's wrappers; a rule without any as it is."""
    while isinstance(rule, Wrapper):
        rule = rule.rule
    return rule


class Scaled(Wrapper):
    """A rule whose gradient is multiplied by a number.

    >>> import numpy as np
    >>> from polyak.rules import GradientDescent
    >>> rule, x = Scaled(GradientDescent(lr=0.5), 0.1), np.array([4.0])
    >>> rule.update(np.array([20.0]), rule.init(x), x)[0]
    array([-1.])
    """

    setting = "scale"

    def gradient(self, g: Array, x: Array) -> Array:
        """Scale * g."""
        scaled: Array = self.amount * g
        return scaled


class Clipped(Wrapper):
    """A rule whose gradient is held, number by number, between -c and c.

    >>> import numpy as np
    >>> from polyak.rules import GradientDescent
    >>> rule, x = Clipped(GradientDescent(lr=0.5), 1.0), np.array([4.0, 4.0])
    >>> rule.update(np.array([20.0, -0.5]), rule.init(x), x)[0]
    array([-0.5 ,  0.25])
    """

    setting = "clip"

    def gradient(self, g: Array, x: Array) -> Array:
        """g, no number of it beyond c in size."""
        held: Array = array_namespace(g).clip(g, -self.amount, self.amount)
        return held


class CoupledDecay(Wrapper):
    r"""A rule whose gradient has the decay's own added to it: g + \lambda x, the gradient of (\lambda / 2) |x|^2.

    The decay then passes through the rule's slots. Source: SGD's `weight_decay` in PyTorch, `wd` in MXNet.

    >>> import numpy as np
    >>> from polyak.rules import GradientDescent
    >>> rule, x = CoupledDecay(GradientDescent(lr=0.5), 0.25), np.array([4.0])
    >>> rule.update(np.array([1.0]), rule.init(x), x)[0]
    array([-1.])
    """

    setting = "weight_decay"

    def gradient(self, g: Array, x: Array) -> Array:
        r"""g + \lambda x."""
        pulled: Array = g + self.amount * x
        return pulled


class DecoupledDecay(Wrapper):
    r"""A rule beside whose step a fraction of x is taken off: x + step - \lambda x.

    The rule's slots never see it. Where a source scales the decay with the learning rate, \lambda is their product.
    Source: Loshchilov, I. & Hutter, F. (2019). Decoupled weight decay regularization.

    >>> import numpy as np
    >>> from polyak.rules import GradientDescent
    >>> rule, x = DecoupledDecay(GradientDescent(lr=0.5), 0.25), np.array([4.0])
    >>> rule.update(np.array([1.0]), rule.init(x), x)[0]
    array([-1.5])
    """

    setting = "weight_decay"

    def step(self, step: Array, x: Array) -> Array:
        r"""Step - \lambda x."""
        decayed: Array = step - self.amount * x
        return decayed


def _checked(rule: Optimizer, name: str, amount: Number) -> Number:
    if is_unknown_yet(amount):
        return amount
    number = amount if isinstance(amount, int | float) and not isinstance(amount, bool) else math.nan
    if not 0 <= number < math.inf:
        raise PolyakError(f"{rule.name()}: {name} is {amount!r}, expected a number in [0, inf)")
    return float(number)
