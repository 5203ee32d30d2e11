"""The range that each hyper-parameter is tuned over, where nobody says another."""

from __future__ import annotations

from collections.abc import Iterable

from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE
from polyak.rules.hyperparameters import TUNED_LR, TUNED_MOMENTUM
from polyak.sweeps.axes import axis_from
from polyak.sweeps.plane import Plane, known_settings, over

# As Optax and pages spell what our rules say of their own numbers.
LEARNING_RATES, MOMENTA = ("lr", "learning_rate"), ("momentum", "beta1", "b1", "rate")
# Optax's optimizers whose steps are of lr's own size, whatever the gradient, and that are none of our rules.
AS_OURS = {
    "sign_sgd": "signum",
    **dict.fromkeys(("adamax", "amsgrad", "nadamw", "radam", "lamb"), "adam"),
}


def sensible_plane(rule: object, **settings: object) -> Plane:
    """A rule on the ranges that it is tuned over: its learning rate, and its momentum where it has one.

    Args:
        rule: as for `over`.
        settings: numbers and axes that are to stand instead.

    Raises PolyakError for a rule that has no learning rate.

    >>> from polyak.rules import Adam
    >>> {name: axis.spelled() for name, axis in sensible_plane(Adam).axes.items()}
    {'lr': 'log:0.0001:1', 'beta1': 'memory:1:100'}
    """
    name, known = known_settings(rule)
    if not any(setting in known for setting in LEARNING_RATES):
        raise PolyakError(f"{name} has no learning rate to tune (it has: {', '.join(known) or 'nothing'})")
    ranges = {setting: axis_from(spelled) for setting, spelled in _tuned(name, known).items()}
    return over(rule, **{**ranges, **settings})


def _tuned(name: str, known: Iterable[str]) -> dict[str, str]:
    """The axes, spelled, as the rule itself says; of another's, as its namesake among ours, or by the names."""
    ours = name.rpartition(":")[2]
    cls = CATALOGUE.get(AS_OURS.get(ours, ours))
    said = (
        {}
        if cls is None
        else {key: about.tuned for key, about in cls.hyperparameters().items() if about.tuned}
    )
    by_name = (
        dict.fromkeys(LEARNING_RATES, said.get("lr", TUNED_LR))
        | dict.fromkeys(MOMENTA, TUNED_MOMENTUM)
        | said
    )
    return {setting: by_name[setting] for setting in known if setting in by_name}
