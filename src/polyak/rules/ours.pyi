# Written by scripts/make_stubs.py from what the files of this folder define.
from polyak.rules.adadelta import Adadelta as Adadelta
from polyak.rules.adagrad import Adagrad as Adagrad
from polyak.rules.adam import Adam as Adam
from polyak.rules.adamw import AdamW as AdamW
from polyak.rules.linear import AveragedGradient as AveragedGradient
from polyak.rules.linear import Dampening as Dampening
from polyak.rules.linear import GradientDescent as GradientDescent
from polyak.rules.linear import HeavyBall as HeavyBall
from polyak.rules.linear import LinearRule as LinearRule
from polyak.rules.linear import Nesterov as Nesterov
from polyak.rules.linear import QuasiHyperbolic as QuasiHyperbolic
from polyak.rules.linear import TripleMomentum as TripleMomentum
from polyak.rules.lion import Lion as Lion
from polyak.rules.nadam import NAdam as NAdam
from polyak.rules.rmsprop import RMSProp as RMSProp
from polyak.rules.signum import Signum as Signum

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AveragedGradient",
    "Dampening",
    "GradientDescent",
    "HeavyBall",
    "LinearRule",
    "Lion",
    "NAdam",
    "Nesterov",
    "QuasiHyperbolic",
    "RMSProp",
    "Signum",
    "TripleMomentum",
]
