"""Record where MXNet's own optimizers go, for the tests of `polyak.book.gluonbook`.

Run with a Python that has MXNet 1.9.1 (which needs NumPy below 1.24):

    python scripts/record_mxnet.py tests/book/gluonbook/recorded/optimizers.json

Two arrays, the gradients a formula of NumPy alone, thirty steps of a Gluon Trainer with batch_size 10, and a
learning rate that falls to a tenth after the fifteenth step.
"""

import itertools
import json
import sys
import warnings

import numpy as np

STEPS, DROP_AFTER, BATCH_SIZE = 30, 15, 10
KEPT = (0, 1, 2, 3, 5, 10, 15, 16, 17, 20, 30)
START = {"weight": [[1.5], [-0.75]], "bias": [0.5]}
CURVATURE = {"weight": [[3.0], [0.5]], "bias": [2.0]}
TARGET = {"weight": [[-0.5], [0.25]], "bias": [-1.0]}

CASES = [
    ("sgd", {}),
    ("sgd", {"learning_rate": 0.3, "momentum": 0.9}),
    ("sgd", {"learning_rate": 0.3, "momentum": 0.5, "wd": 0.2, "clip_gradient": 0.4}),
    ("sgd", {"learning_rate": 0.3, "wd": 0.2, "rescale_grad": 0.5}),
    ("ccsgd", {"learning_rate": 0.3, "momentum": 0.9}),
    ("nag", {"learning_rate": 0.3, "momentum": 0.9}),
    ("nag", {"learning_rate": 0.3, "momentum": 0.5, "wd": 0.2, "clip_gradient": 0.4}),
    ("nag", {"learning_rate": 0.3, "wd": 0.2}),
    ("signum", {"learning_rate": 0.05}),
    ("signum", {"learning_rate": 0.05, "momentum": 0.5, "wd": 0.2, "wd_lh": 0.3, "clip_gradient": 0.4}),
    ("signum", {"learning_rate": 0.05, "momentum": 0.0, "wd": 0.2, "clip_gradient": 0.4}),
    ("adagrad", {}),
    ("adagrad", {"learning_rate": 0.2, "eps": 0.05, "wd": 0.2, "clip_gradient": 0.4}),
    ("rmsprop", {}),
    ("rmsprop", {"learning_rate": 0.05, "gamma1": 0.8, "epsilon": 0.05, "wd": 0.2, "clip_gradient": 0.4}),
    ("rmsprop", {"learning_rate": 0.02, "gamma1": 0.8, "gamma2": 0.5, "epsilon": 0.05, "centered": True}),
    ("rmsprop", {"learning_rate": 0.02, "centered": True, "wd": 0.2, "clip_gradient": 0.4}),
    ("adadelta", {}),
    ("adadelta", {"learning_rate": 7.0, "rho": 0.8, "epsilon": 0.01, "wd": 0.02, "clip_gradient": 0.4}),
    ("adam", {}),
    (
        "adam",
        {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.1, "wd": 0.2, "clip_gradient": 0.4},
    ),
    ("nadam", {}),
    ("nadam", {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.1, "schedule_decay": 0.5}),
    ("nadam", {"learning_rate": 0.1, "wd": 0.2, "clip_gradient": 0.4}),
]


def slope(name, x):
    """The gradient of one array, a sum over the batch: BATCH_SIZE times that of a bowl with ripples."""
    bowl = np.array(CURVATURE[name]) * (x - np.array(TARGET[name]))
    return BATCH_SIZE * (bowl + 0.3 * np.sin(3 * x))


def path(optimizer, arguments, dtype, names):
    """The positions at the kept steps, each array's numbers one after another."""
    import mxnet as mx

    params = {name: mx.gluon.Parameter(name, shape=np.shape(START[name]), dtype=dtype) for name in names}
    for name, param in params.items():
        param.initialize(mx.init.Zero())
        param.set_data(mx.nd.array(START[name], dtype=dtype))
    trainer = mx.gluon.Trainer(params, optimizer, dict(arguments))
    rows = []
    for step in range(STEPS + 1):
        if step in KEPT:
            rows.append([float(x) for param in params.values() for x in param.data().asnumpy().ravel()])
        if step == DROP_AFTER:
            trainer.set_learning_rate(trainer.learning_rate / 10)
        slopes = {
            name: slope(name, param.data().asnumpy().astype("float64")) for name, param in params.items()
        }
        with mx.autograd.record():
            # Linear in the parameters: its gradient is what was computed above.
            parts = [
                (param.data() * mx.nd.array(slopes[name], dtype=dtype)).sum()
                for name, param in params.items()
            ]
        mx.autograd.backward(parts)
        trainer.step(BATCH_SIZE)
    return rows


def main(file):
    """Record every case in both dtypes, where MXNet runs it."""
    import mxnet as mx

    warnings.simplefilter("ignore")
    cases = []
    for optimizer, arguments in CASES:
        # MXNet's nadam lets all arrays of a Trainer advance one schedule: it is recorded with one array as well.
        chosen = [("weight", "bias"), ("weight",)][: 1 + (optimizer == "nadam")]
        for dtype, names in itertools.product(("float32", "float64"), chosen):
            case = {"optimizer": optimizer, "arguments": arguments, "dtype": dtype, "arrays": names}
            try:
                rows = path(optimizer, arguments, dtype, names)
            except Exception as error:
                print(f"{optimizer} {arguments} in {dtype}: {str(error).splitlines()[-1][:100]}")
                continue
            cases.append({**case, "path": rows})
    recording = {
        "made": f"by scripts/record_mxnet.py with mxnet {mx.__version__}, a Gluon Trainer's own steps",
        "start": START,
        "curvature": CURVATURE,
        "target": TARGET,
        "steps": KEPT,
        "drop_after": DROP_AFTER,
        "batch_size": BATCH_SIZE,
        "gradient": "batch_size * (curvature * (x - target) + 0.3 * sin(3 * x))",
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in recording.items())
    with open(file, "w") as stream:
        stream.write(f'{{\n{head},\n"cases": [\n{lines}\n]\n}}\n')


if __name__ == "__main__":
    main(sys.argv[1])
