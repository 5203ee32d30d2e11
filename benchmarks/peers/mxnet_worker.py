"""Runs in MXNet's environment: for each line {"trainer", "seed", "epochs"} one line of what it took.

The trainings are gluonbook's own functions, called as the chapter calls them. The time is the one
that they print: the last epoch's loop, without the figure they draw.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys

import gluonbook as gb
import matplotlib.pyplot as plt
import mxnet as mx
import numpy as np
from mxnet import nd

LR, MOMENTUM = 0.004, 0.9


# The next two as they stand on the chapter's page.
def init_momentum_states():
    v_w = nd.zeros((features.shape[1], 1))
    v_b = nd.zeros(1)
    return (v_w, v_b)


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):  # noqa: B905
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def by_hand(epochs):
    hyperparams = {"lr": LR, "momentum": MOMENTUM}
    gb.train_ch7(sgd_momentum, init_momentum_states(), hyperparams, features, labels, num_epochs=epochs)


def by_trainer(epochs):
    hyperparams = {"learning_rate": LR, "momentum": MOMENTUM}
    gb.train_gluon_ch7("sgd", hyperparams, features, labels, num_epochs=epochs)


def measure(trainer, seed, epochs):
    mx.random.seed(seed)
    np.random.seed(seed)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        {"train_ch7": by_hand, "train_gluon_ch7": by_trainer}[trainer](epochs)
    seconds = float(re.search(r"([\d.]+) sec per epoch", printed.getvalue())[1])
    losses = [float(loss) for loss in plt.gca().lines[-1].get_ydata()]
    plt.close("all")
    return {"seconds": seconds, "losses": losses}


features, labels = gb.get_data_ch7()
for line in sys.stdin:
    print(json.dumps(measure(**json.loads(line))), flush=True)
