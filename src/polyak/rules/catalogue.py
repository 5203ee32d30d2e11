"""The rules that Polyak brings, by name."""

from __future__ import annotations

from polyak.ground.errors import plain, unknown
from polyak.rules.adadelta import Adadelta
from polyak.rules.adagrad import Adagrad
from polyak.rules.adam import Adam
from polyak.rules.adamw import AdamW
from polyak.rules.base import Rule
from polyak.rules.linear import (
    AveragedGradient,
    Dampening,
    GradientDescent,
    HeavyBall,
    Nesterov,
    QuasiHyperbolic,
    TripleMomentum,
)
from polyak.rules.lion import Lion
from polyak.rules.nadam import NAdam
from polyak.rules.rmsprop import RMSProp
from polyak.rules.signum import Signum

LINEAR = (GradientDescent, HeavyBall, Nesterov, AveragedGradient, Dampening, QuasiHyperbolic, TripleMomentum)
ADAPTIVE = (Adagrad, RMSProp, Adadelta, Adam, AdamW, NAdam, Lion, Signum)

CATALOGUE: dict[str, type[Rule]] = {rule.name(): rule for rule in (*LINEAR, *ADAPTIVE)}


def find(name: str) -> type[Rule]:
    """The rule of that name.

    >>> find("heavy_ball").__name__
    'HeavyBall'
    >>> find("heavy_bal")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown rule 'heavy_bal', did you mean 'heavy_ball'? (there are: gradient_descent, ...
    """
    if plain(name) not in CATALOGUE:
        raise unknown("rule", name, CATALOGUE)
    return CATALOGUE[plain(name)]
