"""The stochastic optimizers inside scikit-learn's multi-layer perceptrons (`MLPClassifier(solver=...)`)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn.neural_network import _stochastic_optimizers as optimizers

from polyak.frameworks.candidate import Candidate
from polyak.frameworks.steppers import Array, check_arguments, refusals

KIND = "solver of sklearn's MLP"


def factories() -> dict[str, Callable[..., Any]]:
    """The classes behind the solvers' names."""
    return {"sgd": optimizers.SGDOptimizer, "adam": optimizers.AdamOptimizer}


def candidate(optimizer: object, label: str) -> Candidate | None:
    """One of these classes."""
    return Candidate.one_of(factories(), optimizer, label, SklearnStepper)


class SklearnStepper:
    """An optimizer of scikit-learn's MLP, which updates NumPy arrays in place."""

    skips_missing, takes_pytrees = False, False

    def __init__(self, name: str, factory: Callable[..., Any], settings: Mapping[str, Any]) -> None:
        check_arguments(name, factory, settings, given=1)
        self.name, self.factory, self.settings = name, factory, settings
        with refusals(name):
            self.lr: float | None = float(factory([], **settings).learning_rate_init)

    def start(self, params: list[Array]) -> None:
        self.params = [x.astype(float) for x in params]
        with refusals(self.name):
            self.optimizer = self.factory(self.params, **self.settings)

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`update_params`; the number of rows seen, which only other learning-rate schedules look at, is left out."""
        with refusals(self.name):
            self.optimizer.update_params(self.params, grads)
        return [x.copy() for x in self.params]

    def set_lr(self, lr: float) -> None:
        """The learning rate, under both names that scikit-learn reads."""
        self.optimizer.learning_rate_init = self.optimizer.learning_rate = lr

    def state(self) -> dict[str, Any]:
        """The optimizer's attributes: velocities or moments, the step's number."""
        return copy.deepcopy(vars(self.optimizer))

    def load(self, state: dict[str, Any]) -> None:
        vars(self.optimizer).update(copy.deepcopy(state))
