"""Momentum as the chapter has it."""

from __future__ import annotations

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import HeavyBall

SGD_MOMENTUM = Spelling(
    name="chapter:sgd_momentum",
    line="train_ch7(sgd_momentum, init_momentum_states(), {{{}}}, features, labels)",
    arguments=(Argument("lr", REQUIRED, "lr"), Argument("momentum", REQUIRED, "momentum")),
    forms=(Form(HeavyBall, {"lr_in_velocity": True}),),
    source="Zhang, A. et al. Dive into Deep Learning, first edition, section 7.4, sgd_momentum",
    pitfalls=("the second edition takes the learning rate out of the velocity",),
    mapping=True,
)

SPELLINGS = (SGD_MOMENTUM,)
WITHOUT_RULE = ()
