# Written by scripts/make_stubs.py from what the files of this folder define.
from polyak.rules.adabelief import AdaBelief as AdaBelief
from polyak.rules.adadelta import Adadelta as Adadelta
from polyak.rules.adafactor import Adafactor as Adafactor
from polyak.rules.adagrad import Adagrad as Adagrad
from polyak.rules.adam import Adam as Adam
from polyak.rules.adamw import AdamW as AdamW
from polyak.rules.adan import Adan as Adan
from polyak.rules.ademamix import AdEMAMix as AdEMAMix
from polyak.rules.lamb import LAMB as LAMB
from polyak.rules.lars import LARS as LARS
from polyak.rules.linear import AveragedGradient as AveragedGradient
from polyak.rules.linear import Dampening as Dampening
from polyak.rules.linear import GradientDescent as GradientDescent
from polyak.rules.linear import HeavyBall as HeavyBall
from polyak.rules.linear import LinearRule as LinearRule
from polyak.rules.linear import Nesterov as Nesterov
from polyak.rules.linear import QuasiHyperbolic as QuasiHyperbolic
from polyak.rules.linear import TripleMomentum as TripleMomentum
from polyak.rules.lion import Lion as Lion
from polyak.rules.muon import Muon as Muon
from polyak.rules.nadam import NAdam as NAdam
from polyak.rules.rmsprop import RMSProp as RMSProp
from polyak.rules.schedule_free import ScheduleFree as ScheduleFree
from polyak.rules.schedule_free import ScheduleFreeAdam as ScheduleFreeAdam
from polyak.rules.signum import Signum as Signum

__all__ = [
    "LAMB",
    "LARS",
    "AdEMAMix",
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adan",
    "AveragedGradient",
    "Dampening",
    "GradientDescent",
    "HeavyBall",
    "LinearRule",
    "Lion",
    "Muon",
    "NAdam",
    "Nesterov",
    "QuasiHyperbolic",
    "RMSProp",
    "ScheduleFree",
    "ScheduleFreeAdam",
    "Signum",
    "TripleMomentum",
]
