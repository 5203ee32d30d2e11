"""The Trainer: one of MXNet's optimizers over parameters, with Polyak's rule beneath."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from polyak.book.gluonbook.mx.gluon.parameter import Parameter
from polyak.book.gluonbook.optimizers import looked_up, rule_of
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from polyak.rules.protocol import Optimizer


class Trainer:
    """Updates parameters from their gradients, as MXNet's optimizer of that name does.

    Args:
        params: what `collect_params()` returns, or a list of parameters.
        optimizer: its name: sgd, nag, adagrad, rmsprop, adadelta, adam, nadam, signum ...
        optimizer_params: its hyper-parameters by MXNet's names; a `lr_scheduler` among them, a function of the number
            of the update, sets the learning rate at each.

    How parameters are kept on several devices (`kvstore` and its like) is taken and changes nothing.
    Raises PolyakError for an optimizer or a hyper-parameter that is not known.

    >>> from polyak.book.gluonbook.mx import autograd, nd
    >>> w = Parameter("w", shape=(1,), init="ones")
    >>> w.initialize()
    >>> trainer = Trainer([w], "sgd", {"learning_rate": 0.5})
    >>> with autograd.record():
    ...     loss = w.data() ** 2
    >>> loss.backward()
    >>> trainer.step(batch_size=4)
    >>> float(w.data())
    0.75
    """

    def __init__(
        self,
        params: dict[str, Parameter] | Iterable[Parameter],
        optimizer: str,
        optimizer_params: dict[str, Any] | None = None,
        **_: object,
    ) -> None:
        several = list(params.values() if isinstance(params, dict) else params)
        if not all(isinstance(parameter, Parameter) for parameter in several):
            raise PolyakError("a Trainer takes parameters, such as those of net.collect_params()")
        if not isinstance(optimizer, str):
            raise PolyakError(f"{optimizer!r} is no optimizer's name, such as 'sgd'")
        self._params = [parameter for parameter in several if parameter.grad_req != "null"]
        given = dict(optimizer_params or {})
        self._scheduler: Any = given.pop("lr_scheduler", None)
        if self._scheduler is not None and "learning_rate" in given:
            self._scheduler.base_lr = given["learning_rate"]
        self._updates = 0
        self._name, self._arguments = optimizer, given
        self._settings = looked_up(optimizer, self._arguments)[1]
        rule_of(optimizer, self._arguments)  # what is out of range is refused here, not at the first step
        self._states: dict[str, Any] = {}
        self._rules: dict[tuple[float, ...], Optimizer] = {}

    @property
    def learning_rate(self) -> float:
        """The learning rate now."""
        if self._scheduler is not None:
            return float(self._scheduler(self._updates))
        return float(self._settings["learning_rate"])

    def set_learning_rate(self, lr: float) -> None:
        """Another learning rate from here on. Raises PolyakError where a scheduler sets it."""
        if self._scheduler is not None:
            raise PolyakError("the learning rate is a scheduler's: set it there, or give the Trainer none")
        self._set(lr)

    def _set(self, lr: float) -> None:
        self._settings = {**self._settings, "learning_rate": lr}
        self._rules.clear()

    def step(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """Update every parameter, its gradient divided by `batch_size`.

        Raises PolyakError if a gradient was not computed since the last step, which `ignore_stale_grad` allows.
        """
        for parameter in self._params:
            if not (parameter.data().fresh_gradient or ignore_stale_grad):
                raise PolyakError(
                    f"the gradient of {parameter.name} was not computed since the last step: call backward() before "
                    "step(), or step(batch_size, ignore_stale_grad=True)"
                )
        self._updates += 1
        if self._scheduler is not None:
            self._set(float(self._scheduler(self._updates)))
        for parameter in self._params:
            if parameter.data().fresh_gradient:
                self._move(parameter, batch_size)

    def _move(self, parameter: Parameter, batch_size: int) -> None:
        array = parameter.data()
        rule = self._rule(batch_size, parameter.lr_mult, parameter.wd_mult)
        if parameter.name not in self._states:
            self._states[parameter.name] = rule.init(array.value)
        step, state = rule.update(array.grad.value, self._states[parameter.name], array.value)
        array[:] = array.value + step
        self._states[parameter.name], array.fresh_gradient = state, False

    def _rule(self, batch_size: int, lr_mult: float, wd_mult: float) -> Optimizer:
        """The rule for one parameter, made once for each learning rate."""
        scaling = (batch_size, lr_mult, wd_mult)
        if scaling not in self._rules:
            settings = dict(self._settings)
            settings["learning_rate"] *= lr_mult
            settings["wd"] *= wd_mult
            settings["rescale_grad"] /= batch_size
            self._rules[scaling] = rule_of(self._name, settings)
        return self._rules[scaling]
