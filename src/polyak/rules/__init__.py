"""Update rules: what an optimizer is. Nothing here knows what it is run on."""

from polyak.rules.adadelta import Adadelta
from polyak.rules.adagrad import Adagrad
from polyak.rules.adam import Adam
from polyak.rules.adamw import AdamW
from polyak.rules.base import Rule, RuleState
from polyak.rules.catalogue import CATALOGUE, find
from polyak.rules.from_optax import FromOptax, as_rule, from_optax
from polyak.rules.linear import (
    AveragedGradient,
    Coefficients,
    Dampening,
    GradientDescent,
    HeavyBall,
    LinearRule,
    Nesterov,
    QuasiHyperbolic,
    TripleMomentum,
)
from polyak.rules.lion import Lion
from polyak.rules.nadam import NAdam
from polyak.rules.pages import FromPage, FromPlane, PageRule, arity, from_page, from_plane
from polyak.rules.protocol import Optimizer
from polyak.rules.rmsprop import RMSProp
from polyak.rules.schedules import Tabulated, tabulated
from polyak.rules.signum import Signum
from polyak.rules.wrappers import Clipped, CoupledDecay, DecoupledDecay, Scaled, Wrapper, unwrapped

__all__ = [
    "CATALOGUE",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AveragedGradient",
    "Clipped",
    "Coefficients",
    "CoupledDecay",
    "Dampening",
    "DecoupledDecay",
    "FromOptax",
    "FromPage",
    "FromPlane",
    "GradientDescent",
    "HeavyBall",
    "LinearRule",
    "Lion",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "PageRule",
    "QuasiHyperbolic",
    "RMSProp",
    "Rule",
    "RuleState",
    "Scaled",
    "Signum",
    "Tabulated",
    "TripleMomentum",
    "Wrapper",
    "arity",
    "as_rule",
    "find",
    "from_optax",
    "from_page",
    "from_plane",
    "tabulated",
    "unwrapped",
]
