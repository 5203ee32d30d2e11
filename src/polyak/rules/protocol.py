"""What an optimizer is to the rest of the house: Optax's protocol, and what its settings are called."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from polyak.ground.types import Pytree, Schedule


@runtime_checkable
class Transformation(Protocol):
    """Optax's protocol alone: all that the loop asks for, and all that another's optimizer need have."""

    def init(self, params: Pytree, /) -> Pytree:
        """The state before the first step."""

    def update(self, grads: Pytree, state: Pytree, params: Pytree, /) -> tuple[Pytree, Pytree]:
        """What to add to the parameters, and the next state."""


@runtime_checkable
class Optimizer(Transformation, Protocol):
    """A rule of ours, a page's function, an Optax optimizer, a wrapper round any of them: all are this.

    `as_rule` makes one of whatever has `init` and `update`, and of a name with its settings.

    >>> from polyak.rules import Clipped, HeavyBall
    >>> isinstance(HeavyBall(lr=0.1, momentum=0.9), Optimizer), isinstance(Clipped(HeavyBall(0.1, 0.9), 1.0), Optimizer)
    (True, True)
    """

    def update(self, grads: Pytree, state: Pytree, params: Pytree = None, /) -> tuple[Pytree, Pytree]:
        """What to add to the parameters, and the next state; not every rule asks for the parameters."""

    def name(self) -> str:
        """What it is called in reports and at the terminal."""

    def settings(self) -> dict[str, Any]:
        """Every hyper-parameter and choice with its present value."""

    def schedules(self) -> dict[str, Schedule]:
        """The hyper-parameters that change with the step."""

    def replace(self, **settings: Any) -> Optimizer:
        """A copy with some settings changed."""
