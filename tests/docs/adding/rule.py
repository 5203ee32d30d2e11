"""Where a new rule is seen."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.cli import main
from polyak.frameworks import stepper
from polyak.lab.offer import offer
from polyak.sweeps.tuning_space import tuning_space


def seen(module, told):
    cls, name = module.PlainAdagrad, "plain_adagrad"
    assert pk.rules.CATALOGUE[name] is pk.rules.find("Plain-Adagrad") is cls
    assert pk.PlainAdagrad is pk.rules.PlainAdagrad is cls
    with pytest.raises(SystemExit):
        main(["rules"])
    assert name in told()
    assert {key: axis.spelled() for key, axis in tuning_space(cls).axes.items()} == {"lr": "log:0.001:10"}
    kind = offer().rules[name]
    assert kind.begin["lr"] == 1.0
    assert {control.name for control in kind.controls} == {"lr", "eps"}
    runner = stepper(f"polyak:{name}", {"lr": 0.5, "eps": 0.0})
    runner.start([np.array([4.0])])
    assert runner.step([np.array([-3.0])])[0] == [4.5]
    trace = pk.descend(name, "ravine", 5, lr=0.4)
    np.testing.assert_allclose(trace.end, pk.descend(pk.Adagrad(lr=0.4), "ravine", 5).end, rtol=1e-12)
