"""The old names held against MXNet 1.9.1 and gluonbook 0.8.10 themselves: `make book-peers`, its second half.

    python scripts/book_peers_mxnet.py

Their environment (Python 3.11 with the NumPy of their time) is built under .peers/, as the benchmarks' is; where it
cannot be, one line says why and nothing is compared. What has no chance in it is compared number for number, to
float32's rounding; the losses of training by twelve runs a side, whose means must lie within three standard errors.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
RUNS = 12
CLOSE = 2e-5  # of the largest number of a list: sums of float32 in two orders

HEAD = """
import warnings; warnings.simplefilter("ignore")
import matplotlib; matplotlib.use("Agg")
import json, sys
import numpy as onp
for name, kind in (("bool", bool), ("int", int), ("float", float), ("object", object)):
    if name not in onp.__dict__: setattr(onp, name, kind)
if {ours}:
    from polyak.book.gluonbook import aliases
    aliases.install()
import mxnet as mx
from mxnet import autograd, gluon, init, lr_scheduler, nd
from mxnet.gluon import loss as gloss, nn
draw = onp.random.RandomState(0)
def normal(*shape): return nd.array(draw.normal(size=shape))
said = {{}}
def say(name, *arrays):
    said[name] = [float(x) for a in arrays for x in onp.ravel(a.asnumpy() if hasattr(a, "asnumpy") else a)]
def gradients(name, make, *inputs):
    for each in inputs: each.attach_grad()
    with autograd.record():
        y = make(*inputs)
        value = (y * y).sum()
    value.backward()
    say(name, y, *(each.grad for each in inputs))
"""
CASES = {
    "operations and their way back": """
x, z = nd.array(draw.uniform(.3, 2, (3, 4))), nd.array(draw.uniform(.3, 2, (3, 4)))
for name in "exp log sqrt tanh sigmoid relu square".split(): gradients(name, getattr(nd, name), x)
for name in "sum mean max prod norm".split(): gradients(name, lambda a: getattr(nd, name)(a, axis=1), x)
for name in ("softmax", "log_softmax"): gradients(name, getattr(nd, name), x)
gradients("dot", lambda a, b: nd.dot(a, b, transpose_b=True), x, z)
""",
    "convolutions": """
x = normal(2, 4, 9, 8)
plain = {"kernel": (3, 2), "num_filter": 6}
gradients("plain", lambda x, w, b: nd.Convolution(x, w, b, **plain), x, normal(6, 4, 3, 2), normal(6))
options = {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 2), "dilate": (1, 2), "num_group": 2, "num_filter": 6}
gradients("all", lambda x, w, b: nd.Convolution(x, w, b, **options), x, normal(6, 2, 3, 2), normal(6))
""",
    "pooling": """
x = normal(2, 3, 9, 8)
for kind in ("max", "avg"):
    for how in ("valid", "full"):
        for pad in ((0, 0), (1, 1)):
            options = {"kernel": (3, 3), "stride": (2, 2), "pad": pad, "pool_type": kind, "pooling_convention": how}
            # There MXNet's gradient (oneDNN's) is of means over whole windows, and its means are over what is there.
            values_alone = (kind, how, pad) == ("avg", "full", (1, 1))
            if values_alone: say(f"{kind} {how} {pad}", nd.Pooling(x, **options))
            else: gradients(f"{kind} {how} {pad}", lambda x: nd.Pooling(x, **options), x)
    gradients(f"{kind} of all", lambda x: nd.Pooling(x, kernel=(1, 1), global_pool=True, pool_type=kind), x)
gradients("ties", lambda x: nd.Pooling(x, kernel=(2, 2), pool_type="max"), nd.ones((1, 1, 2, 2)))
""",
    "batch normalisation": """
layer = nn.BatchNorm(momentum=.8)
layer.initialize()
x = normal(5, 3, 4, 4)
for k in range(3): gradients(f"pass {k}", layer, x)
say("afterwards", layer(x), layer.running_mean.data(), layer.running_var.data())
""",
    "a network of convolutions, trained": """
net = nn.Sequential()
net.add(nn.Conv2D(channels=3, kernel_size=3, activation="sigmoid"), nn.MaxPool2D(pool_size=2, strides=2),
        nn.Conv2D(channels=4, kernel_size=3, padding=1), nn.BatchNorm(), nn.Activation("relu"),
        nn.AvgPool2D(pool_size=2, strides=2), nn.Dense(8, activation="relu"), nn.Dense(4))
net.initialize()
x, y = normal(16, 1, 14, 14), nd.array(onp.arange(16) % 4)
net(x)
for parameter in net.collect_params().values():
    if parameter.grad_req != "null" and len(parameter.shape) > 1: parameter.set_data(normal(*parameter.shape) * .3)
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": .1, "momentum": .9})
losses = []
for _ in range(8):
    with autograd.record():
        value = gloss.SoftmaxCrossEntropyLoss()(net(x), y)
    value.backward()
    trainer.step(16)
    losses.append(value.mean().asscalar())
say("losses", losses)
say("predictions", net(x))
""",
    "learning-rate schedulers": """
say("several", [lr_scheduler.MultiFactorScheduler(step=[15, 30], factor=.5, base_lr=.5)(k) for k in range(40)])
one = lr_scheduler.MultiFactorScheduler(step=[5, 9], factor=.5, base_lr=.5, warmup_steps=3)
say("warm", [one(k) for k in range(15)])
one = lr_scheduler.FactorScheduler(4, factor=.3, stop_factor_lr=.01, base_lr=1.)
say("factor", [one(k) for k in range(30)])
one = lr_scheduler.CosineScheduler(20, warmup_steps=5, base_lr=.3, final_lr=.01)
say("cosine", [one(k) for k in range(30)])
one = lr_scheduler.PolyScheduler(20, base_lr=.3, pwr=2, final_lr=.01)
say("power", [one(k) for k in range(30)])
layer = nn.Dense(1, use_bias=False, in_units=1)
layer.initialize(init.One())
trainer = gluon.Trainer(layer.collect_params(), "sgd", {"lr_scheduler": lambda k: .5 / (k + 1)})
for k in range(4):
    with autograd.record():
        value = layer(nd.array([[2.]]))
    value.backward()
    trainer.step(1)
    say(f"step {k}", layer.weight.data())
""",
    "descents of the plane": """
import gluonbook as gb
def momentum(a, b, v, w):
    v, w = .5 * v + .08 * a, .5 * w + 1.6 * b
    return a - v, b - w, v, w
say("momentum", gb.train_2d(momentum))
""",
}
TRAINED = """
import contextlib, io, re
import gluonbook as gb
from matplotlib import pyplot
features, labels = gb.get_data_ch7()
losses = []
for seed in range({runs}):
    mx.random.seed(seed); onp.random.seed(seed)
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        gb.train_gluon_ch7("sgd", {{"learning_rate": .02, "momentum": .5}}, features, labels)
    pyplot.close("all")
    losses.append(float(re.search(r"loss: ([0-9.]+)", text.getvalue())[1]))
say("losses", losses)
"""


def main() -> int:
    """Hold every case; 1 where one differs, 2 where MXNet cannot be had here."""
    from peers.environments import MXNET, NoEnvironmentError, environment

    from polyak.book.d2l.downloads import download

    try:
        theirs = str(environment(MXNET))
    except NoEnvironmentError as error:
        print(f"MXNet cannot be had here, and nothing was compared: {error}")
        return 2
    apart = 0
    with tempfile.TemporaryDirectory() as temporary:
        data, beside = Path(temporary) / "data", Path(temporary) / "chapter"
        data.mkdir()
        beside.mkdir()
        (data / "airfoil_self_noise.dat").write_bytes(Path(download("airfoil")).read_bytes())
        for name, case in CASES.items():
            found = [
                _run(program, case, beside, ours)
                for program, ours in ((theirs, False), (sys.executable, True))
            ]
            differs = _difference(*found)
            apart += bool(differs)
            print(f"{name:36} {differs or 'the same'}", flush=True)
        case = TRAINED.format(runs=RUNS)
        losses = [
            _run(program, case, beside, ours).get("losses", [math.nan])
            for program, ours in ((theirs, False), (sys.executable, True))
        ]
        means = [statistics.fmean(each) for each in losses]
        error = math.sqrt(sum(statistics.variance(each) / len(each) for each in losses if len(each) > 1))
        same = abs(means[0] - means[1]) <= 3 * error
        apart += not same
        print(
            f"{f'losses of {RUNS} trainings':36} {means[0]:.5f} and {means[1]:.5f}, standard error {error:.5f}"
        )
    print(f"{len(CASES) + 1 - apart} of {len(CASES) + 1} as MXNet 1.9.1 with gluonbook 0.8.10 has them")
    return 1 if apart else 0


def _difference(theirs: dict[str, list[float]], ours: dict[str, list[float]]) -> str:
    if "failed" in theirs or "failed" in ours:
        return f"FAILED: theirs {theirs.get('failed', 'ran')}, ours {ours.get('failed', 'ran')}"
    for name, expected in theirs.items():
        found = ours.get(name, [])
        size = max(map(abs, expected), default=0.0) or 1.0
        if len(found) != len(expected):
            return f"ANOTHER: {name} has {len(found)} numbers, theirs {len(expected)}"
        most = max((abs(a - b) for a, b in zip(found, expected, strict=True)), default=0.0)
        if not most <= CLOSE * size:
            return f"ANOTHER: {name} is apart by {most:.1e} of {size:.3g}"
    return ""


def _run(program: str, case: str, folder: Path, ours: bool) -> dict[str, list[float]]:
    """What a side says, by name; or why it failed."""
    code = HEAD.format(ours=ours) + case + "\nprint('SAID' + json.dumps(said))"
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if ours:
        known |= {"PYTHONPATH": str(ROOT / "src"), "POLYAK_DATA": str(folder.parent / "data")}
    done = subprocess.run(
        [program, "-c", code], capture_output=True, text=True, check=False, env=known, cwd=folder
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SAID")]
    if not lines:
        return {"failed": done.stderr.strip().splitlines()[-1:] or ["no word"]}  # type: ignore[dict-item]
    found: dict[str, list[float]] = json.loads(lines[-1].removeprefix("SAID"))
    return found


if __name__ == "__main__":
    sys.exit(main())
