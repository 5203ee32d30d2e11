"""The search space that a rule is tuned in where nobody says another: the ranges that the rules say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE
from polyak.rules.hyperparameters import TUNED_LR, TUNED_MOMENTUM, Hyperparameter
from polyak.sweeps.axes import axis_from
from polyak.sweeps.search_space import (
    SearchSpace,
    SettableRule,
    hyperparameters_of,
    known_settings,
    search_space,
    settable_of,
)

# As Optax and pages spell what our rules say of their own numbers.
LEARNING_RATES, MOMENTA = ("lr", "learning_rate"), ("momentum", "beta1", "b1", "rate")
# Optax's optimizers whose steps are of lr's own size, whatever the gradient, and that are none of our rules.
AS_OURS = {
    "sign_sgd": "signum",
    **dict.fromkeys(("adamax", "amsgrad", "nadamw", "radam", "lamb"), "adam"),
}


def tuning_space(rule: SettableRule, **settings: Any) -> SearchSpace:
    """A rule on the ranges that it is tuned over: its learning rate, and its momentum where it has one.

    Args:
        rule: as for `search_space`.
        settings: numbers and axes that are to stand instead.

    Raises PolyakError for a rule that has no learning rate.

    >>> {name: axis.spelled() for name, axis in tuning_space("adam").axes.items()}
    {'lr': 'log:0.0001:1', 'beta1': 'memory:1:100'}
    """
    rule = settable_of(rule)
    name, known = known_settings(rule)
    if not any(setting in known for setting in LEARNING_RATES):
        raise PolyakError(f"{name} has no learning rate to tune (it has: {', '.join(known) or 'nothing'})")
    ranges = {
        setting: axis_from(spelled)
        for setting, spelled in _tuned(name, known, hyperparameters_of(rule)).items()
    }
    return search_space(rule, **{**ranges, **settings})


def _tuned(name: str, known: Iterable[str], own: Mapping[str, Hyperparameter]) -> dict[str, str]:
    """The axes, spelled, as the rule itself says; of another's, as its namesake among ours, or by the names."""
    ours = name.rpartition(":")[2]
    namesake = CATALOGUE.get(AS_OURS.get(ours, ours))
    about = own or ({} if namesake is None else namesake.hyperparameters())
    of_its_own = {setting: one.tuned for setting, one in about.items() if one.tuned}
    ranges = {
        **dict.fromkeys(LEARNING_RATES, of_its_own.get("lr", TUNED_LR)),
        **dict.fromkeys(MOMENTA, TUNED_MOMENTUM),
        **of_its_own,
    }
    return {setting: ranges[setting] for setting in known if setting in ranges}
