"""A page's own function as a rule, with numbers to begin with for what its hyper-parameters are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.rules.pages import MissingHyperparameterError, PageRule, arity, from_page, from_plane

MOST_NAMES = 12
BEGIN = (("lr", 0.1), ("rate", 0.1), ("eta", 0.1), ("alpha", 0.1), ("eps", 1e-8))


def page_rule(function: Callable[..., object], numbers: Mapping[str, float]) -> PageRule:
    """The rule of f(params, states, hyperparams) or f(x1, x2, s1, s2).

    What it reads from its hyper-parameters is found by calling it: each name that it asks for and was not given begins
    at a number of its kind, 0.1 for a learning rate, 0.5 for a momentum. Raises PolyakError where it fails otherwise.
    """
    takes = arity(function)
    if takes == 4:
        return from_plane(function, **numbers)
    if takes != 3:
        raise PolyakError(
            f"{function.__name__} takes {takes} arguments, expected f(params, states, hyperparams), "
            "f(x1, x2, s1, s2), or f(x1, x2) for a landscape"
        )
    numbers = dict(numbers)
    for _ in range(MOST_NAMES):
        rule, x = from_page(function, **numbers), np.zeros(2)
        try:
            rule.update(x, rule.init(x), x)
        except MissingHyperparameterError as error:
            numbers[error.name] = _begin(error.name)
        except PolyakError:
            raise
        except Exception as error:
            raise PolyakError(f"{function.__name__} fails: {type(error).__name__}: {error}") from error
        else:
            return rule
    raise PolyakError(f"{function.__name__} asks for more than {MOST_NAMES} hyper-parameters")


def _begin(name: str) -> float:
    if name == "t":
        return 1.0
    return next((value for part, value in BEGIN if part in name and "beta" not in name), 0.5)
