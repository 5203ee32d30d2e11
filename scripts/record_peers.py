"""Record where TensorFlow 1's, MXNet's and timm's own optimizers go, for the tests of `polyak.translate`.

    python scripts/record_peers.py              builds two environments under .peers/ and records TensorFlow 1 and MXNet
    python scripts/record_peers.py mxnet FILE   one, run with a Python that has it; timm so too

A thousand steps in float64 on a coupled bowl that is never at rest; in every second case the learning rate falls to
a quarter after five hundred. All numbers are sums of few powers of two: both frameworks keep them in float32.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "frameworks" / "recorded"
STEPS, DROP_AFTER, DROP = 1000, 500, 0.25
KEPT = (0, 1, 2, 3, 5, 10, 30, 100, 300, 500, 501, 502, 503, 505, 510, 530, 600, 800, 1000)
START = [1.5, -0.75, 0.5]
TARGET = [-0.5, 0.25, -1.0]
CURVATURE = [[3.0, 0.5, 0.0], [0.5, 0.75, -0.25], [0.0, -0.25, 2.0]]

LR = {"learning_rate": 0.0625}
MOMENTUM = {**LR, "momentum": 0.875}
MOMENTS = {**LR, "beta1": 0.875, "beta2": 0.96875, "epsilon": 0.0078125}
SQUARES = {"learning_rate": 0.015625, "epsilon": 0.0078125}
CASES = {
    "tf1": [
        ("GradientDescentOptimizer", LR),
        ("MomentumOptimizer", MOMENTUM),
        ("MomentumOptimizer", {**MOMENTUM, "use_nesterov": True}),
        ("AdagradOptimizer", {"learning_rate": 0.5, "initial_accumulator_value": 0.25}),
        ("RMSPropOptimizer", {**SQUARES, "decay": 0.875}),
        ("RMSPropOptimizer", {**SQUARES, "decay": 0.875, "momentum": 0.5}),
        ("RMSPropOptimizer", {**SQUARES, "decay": 0.875, "momentum": 0.5, "centered": True}),
        ("AdadeltaOptimizer", {"learning_rate": 1.0, "rho": 0.875, "epsilon": 0.0078125}),
        ("AdamOptimizer", MOMENTS),
    ],
    "mxnet": [
        ("sgd", LR),
        ("sgd", MOMENTUM),
        ("sgd", {**MOMENTUM, "wd": 0.125}),
        ("nag", MOMENTUM),
        ("adagrad", {"learning_rate": 0.5, "eps": 0.0078125}),
        ("rmsprop", {**SQUARES, "gamma1": 0.875}),
        ("rmsprop", {**SQUARES, "gamma1": 0.875, "gamma2": 0.5, "centered": True}),
        ("adadelta", {"rho": 0.875, "epsilon": 0.0078125}),
        ("adam", MOMENTS),
        ("nadam", {**MOMENTS, "schedule_decay": 0.5}),
        ("signum", {"learning_rate": 0.00390625, "momentum": 0.875}),
    ],
    "timm": [
        ("RMSpropTF", {"lr": 0.015625, "eps": 0.0078125, "alpha": 0.875}),
        (
            "RMSpropTF",
            {"lr": 0.015625, "eps": 0.0078125, "alpha": 0.875, "momentum": 0.5, "weight_decay": 0.125},
        ),
        (
            "RMSpropTF",
            {
                "lr": 0.015625,
                "eps": 0.0078125,
                "momentum": 0.5,
                "lr_in_momentum": False,
                "decoupled_decay": True,
                "weight_decay": 0.125,
                "centered": True,
            },
        ),
    ],
}


def gradient(x, step):
    """The gradient at x in a step, by NumPy alone."""
    return np.array(CURVATURE) @ (x - np.array(TARGET)) + np.sin(0.7 * step + np.arange(3.0))


def rates(lr, drop):
    return [lr * DROP if drop and step >= DROP_AFTER else lr for step in range(STEPS)]


def walk(step_of, lr, drop):
    """The positions at the kept steps; `step_of(g, lr)` takes a step and gives x after it."""
    x, rows = np.array(START), []
    for step, rate in enumerate(rates(lr, drop)):
        if step in KEPT:
            rows.append(x.tolist())
        x = step_of(gradient(x, step), rate)
    return [*rows, x.tolist()]


def in_tensorflow(name, arguments, drop, dtype):
    """A graph with one variable, its optimizer's learning rate fed at every step."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.get_variable("x", initializer=tf.constant(START, dtype))
        g, lr = v1.placeholder(dtype, [3]), v1.placeholder(dtype, [])
        optimizer = getattr(v1.train, name)(**{**arguments, "learning_rate": lr})
        move = optimizer.apply_gradients([(g, x)])
        session.run(v1.global_variables_initializer())

        def step_of(slope, rate):
            session.run(move, {g: slope, lr: rate})
            return session.run(x)

        return walk(step_of, arguments["learning_rate"], drop)


def in_mxnet(name, arguments, drop, dtype):
    """A Gluon Trainer with one parameter, whose gradient is given by a loss that is linear in it."""
    import mxnet as mx

    param = mx.gluon.Parameter("x", shape=(3,), dtype=dtype)
    param.initialize(mx.init.Zero())
    param.set_data(mx.nd.array(START, dtype=dtype))
    trainer = mx.gluon.Trainer({"x": param}, name, dict(arguments))

    def step_of(slope, rate):
        trainer.set_learning_rate(rate)
        with mx.autograd.record():
            loss = (param.data() * mx.nd.array(slope, dtype=dtype)).sum()
        loss.backward()
        trainer.step(1)
        return param.data().asnumpy().astype(float)

    return walk(step_of, arguments.get("learning_rate", 0.01), drop)


def in_timm(name, arguments, drop, dtype):
    """A parameter of torch, its gradient put beside it."""
    import timm.optim
    import torch

    x = torch.nn.Parameter(torch.tensor(START, dtype=getattr(torch, dtype)))
    optimizer = getattr(timm.optim, name)([x], **arguments)

    def step_of(slope, rate):
        optimizer.param_groups[0]["lr"] = rate
        x.grad = torch.tensor(slope, dtype=x.dtype)
        optimizer.step()
        return x.detach().numpy().copy()

    return walk(step_of, arguments["lr"], drop)


def defaults(framework, name):
    """An optimizer's arguments with their defaults, MXNet's common ones among them; None for what has none."""
    if framework == "tf1":
        import tensorflow as tf

        kinds = [getattr(tf.compat.v1.train, name)]
    elif framework == "timm":
        import timm.optim

        kinds = [getattr(timm.optim, name)]
    else:
        import mxnet as mx

        kinds = [mx.optimizer.Optimizer, mx.optimizer.Optimizer.opt_registry[name]]
    found = {}
    for kind in kinds:
        for argument in list(inspect.signature(kind.__init__).parameters.values())[1:]:
            if argument.kind is not argument.VAR_KEYWORD:
                found[argument.name] = None if argument.default is argument.empty else argument.default
    if framework == "mxnet":  # an lr of None stands for the one that the object then has
        found["learning_rate"] = mx.optimizer.create(name).lr
    return found


def version(framework):
    return __import__({"tf1": "tensorflow"}.get(framework, framework)).__version__


def record(framework, file):
    """Every case, at a constant learning rate and through a drop."""
    warnings.simplefilter("ignore")
    path = {"tf1": in_tensorflow, "mxnet": in_mxnet, "timm": in_timm}[framework]
    cases = []
    for name, arguments in CASES[framework]:
        for drop in (False, True):
            dtype = "float64"
            try:
                rows = path(name, arguments, drop, dtype)
            except Exception:  # some of MXNet's run in float32 alone
                dtype = "float32"
                rows = path(name, arguments, drop, dtype)
            case = {"optimizer": f"{framework}:{name}", "arguments": arguments, "drop": drop, "dtype": dtype}
            cases.append({**case, "path": rows})
    recording = {
        "made": f"by scripts/record_peers.py with version {version(framework)} of {framework}",
        "version": version(framework),
        "start": START,
        "target": TARGET,
        "curvature": CURVATURE,
        "gradient": "curvature @ (x - target) + sin(0.7 step + [0, 1, 2])",
        "steps": KEPT,
        "drop_after": DROP_AFTER,
        "drop": DROP,
        "defaults": {name: defaults(framework, name) for name, _ in CASES[framework]},
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in recording.items())
    Path(file).write_text(f'{{\n{head},\n"cases": [\n{lines}\n]\n}}\n')
    print(f"{framework} {version(framework)}: {len(cases)} trajectories in {file}")


def main():
    """Both frameworks, each in its environment; exit code 1 where one cannot be had."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from peers.environments import MXNET, TENSORFLOW, NoEnvironmentError, environment

    RECORDED.mkdir(parents=True, exist_ok=True)
    failed = False
    for framework, peer, file in (
        ("tf1", TENSORFLOW, "tensorflow1.json"),
        ("mxnet", MXNET, "mxnet.json"),
    ):
        try:
            print(f"{peer.name}: its environment, built at the first use, about a minute")
            python = environment(peer)
        except NoEnvironmentError as error:
            print(f"{peer.name}: not recorded, {error}")
            failed = True
            continue
        subprocess.run([str(python), __file__, framework, str(RECORDED / file)], check=True)
    sys.exit(failed)


if __name__ == "__main__":
    record(*sys.argv[1:]) if len(sys.argv) == 3 else main()
