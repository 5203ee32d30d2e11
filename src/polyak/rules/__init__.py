"""Update rules: what an optimizer is. Nothing here knows what it is run on.

A new rule is one file of this folder: its class is in the catalogue, and `polyak.rules` and `polyak` have it.
"""

from typing import TYPE_CHECKING

from polyak.rules import ours
from polyak.rules.as_rule import as_rule
from polyak.rules.base import CATALOGUE, Rule, RuleState
from polyak.rules.from_optax import FromOptax, from_optax
from polyak.rules.linear import Coefficients
from polyak.rules.ours import *  # noqa: F403
from polyak.rules.pages import FromPage, FromPlane, PageRule, arity, from_page, from_plane
from polyak.rules.protocol import Optimizer, Transformation
from polyak.rules.restarts import Restarted
from polyak.rules.schedules import Tabulated, tabulated
from polyak.rules.wrappers import Clipped, CoupledDecay, DecoupledDecay, Scaled, Wrapper, unwrapped

find = CATALOGUE.find

__all__ = [
    "CATALOGUE",
    "Clipped",
    "Coefficients",
    "CoupledDecay",
    "DecoupledDecay",
    "FromOptax",
    "FromPage",
    "FromPlane",
    "Optimizer",
    "PageRule",
    "Restarted",
    "Rule",
    "RuleState",
    "Scaled",
    "Tabulated",
    "Transformation",
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
__all__ += ours.__all__

if not TYPE_CHECKING:  # which would take any name for one that is there
    __getattr__ = CATALOGUE.attribute
