"""Make docs/conventions.md: the tables as run here, and each pitfall with what the program says of it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

from polyak.cli import main as polyak
from polyak.frameworks import FRAMEWORKS, SPELLINGS
from polyak.translate.conventions_table import HEADER, OTHERS_HEADER, others, table
from polyak.translate.schedules import table as schedules

PAGE = Path(__file__).resolve().parent.parent / "docs" / "conventions.md"
VERSION = re.compile(r"\b(torch|keras|optax|jax|scikit-learn|polyak) \d[\w.+]*")

TITLE = """# What each framework means by momentum

Made by `make docs` from what was run; do not edit. The same for what is installed with you: `polyak conventions`.
"""
MOMENTUM = """
## Momentum

With a the learning rate, m the momentum, d the dampening, g the gradient at x. Keras, MXNet and scikit-learn keep the
velocity with the other sign and add it. Every row is v <- m v + c g, x <- x - (p v + q g), and a unit gradient takes
p c + q off x in the step that sees it, then p c m, p c m^2 ...: two rows with the same weights are the same optimizer
while the learning rate is constant, and translating is solving for the coefficients.

Each was run on one number at learning rate 0.5 and momentum 0.5 (dampening 0.25). *First steps* is what a unit gradient
at the first step takes off x; *velocity holds lr* was found by dropping the learning rate; *weight decay* by letting it
work alone; *edge* is the learning rate times curvature at which it turns unstable, here (gradient descent: 2).
"""
CHANGES = r"""
## When the learning rate changes

A velocity that holds the learning rate carries on at the old one; one that does not is scaled by new/old at once. At
a change the two part by (1 - new/old) m/(1-m) times the velocity's part of the last step, unless a gradient calls them
back: at momentum 0.9 and a drop to a tenth, 8.1 times. To make one follow the other, multiply its velocity then:

| the velocity | is to act as one that | multiply it by |
|---|---|---|
| does not hold the learning rate (torch, TensorFlow 1, Optax, jax.example_libraries) | does | old/new |
| holds it (Keras, MXNet, scikit-learn, the chapter) | does not | new/old |

In PyTorch, `pk.to_torch(pk.HeavyBall(lr=..., momentum=..., lr_in_velocity=True))` does it by itself. With the learning
rate inside, Nesterov's form is exactly the look-ahead under any schedule; outside, only while it is constant.
"""
SCHEDULES = """
## Schedules

What is read and written: the learning rate of each step, counted from 0, the first being that of the first step.
PyTorch's and Hugging Face's multiply the optimizer's own learning rate and are stepped by the user, after each
step or each epoch (`--steps-per-epoch`); Optax's and Keras's are the learning rate. PyTorch's cosine rises again
past its end, the others' stay. Keras's boundary is the last step of the old value. In float64 too Optax divides
its int32 count in float32, and Keras takes its cosines in float32 on JAX: both are within 2e-7 of the largest
learning rate. Hugging Face's, timm's and Detectron2's are formulas of their documentation, not run here. What has
no name elsewhere is a function of the step. A test runs every row beside the real schedule, to 1e-12.
"""
ADAPTIVE = """
## Adaptive optimizers

The rule of Polyak that each is, the choices that are fixed there (see `polyak rules adam` for what they mean), and its
true defaults.
"""
PITFALLS = {
    "The same `lr` and `momentum` in MXNet and in PyTorch part when the learning rate changes.": (
        "translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to torch"
    ),
    "TensorFlow's migration table maps TensorFlow 1 to Keras one to one; they part there too.": (
        "translate tf1:MomentumOptimizer learning_rate=0.1 momentum=0.9 --to keras"
    ),
    "PyTorch does not dampen the first gradient.": (
        "translate torch:SGD lr=0.1 momentum=0.9 dampening=0.5 --to keras"
    ),
    "Nesterov's form is on by default in scikit-learn, and its edge lies below gradient descent's.": (
        "translate sklearn:sgd learning_rate_init=0.001 --to torch --curvature 1200"
    ),
    "`weight_decay` is in the velocity in PyTorch and MXNet, beside the step in Keras.": (
        "translate torch:SGD lr=0.1 momentum=0.9 weight_decay=0.01 --to keras"
    ),
    "In MXNet and PyTorch it is the same, in Optax it is a link of a chain.": (
        "translate mxnet:sgd learning_rate=0.1 momentum=0.9 wd=0.01 --to optax"
    ),
    "Optax's `rmsprop` keeps the learning rate in the velocity, unlike its own `sgd`.": (
        "translate optax:rmsprop learning_rate=0.01 eps_in_sqrt=false momentum=0.9 --to torch"
    ),
    "A large `eps` means another thing where it stands before Adam's bias correction.": (
        "translate keras:Adam epsilon=0.1 --to torch"
    ),
    "RMSProp's `eps` stands inside the root in Optax and Keras, outside in PyTorch, where 1e-8 inside is 1e-4.": (
        "translate optax:rmsprop learning_rate=0.01 --to torch"
    ),
    "TensorFlow 1's RMSProp begins with an average of 1.": (
        "translate tf1:RMSPropOptimizer learning_rate=0.01 --to keras"
    ),
    "NAdam's momentum warms up in 50 steps in Keras, in thousands in PyTorch, and not at all in Optax.": (
        "translate torch:NAdam --to keras"
    ),
    "`AdamW()` decays by 1e-2 in PyTorch, 4e-3 in Keras, 1e-4 in Optax.": "translate torch:AdamW --to optax",
    "Maximizing turns the gradient's sign, not the weight decay's.": (
        "translate torch:SGD lr=0.1 momentum=0.9 weight_decay=0.01 maximize=true --to jax"
    ),
    "A schedule is said in the other framework's words, with what the velocity's convention makes of it.": (
        'translate "opt = torch.optim.SGD(p, lr=0.1, momentum=0.9);'
        ' torch.optim.lr_scheduler.MultiStepLR(opt, [60, 120])" --to keras'
    ),
    "Where the other side can keep the convention under a schedule, it does.": (
        'translate "keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 200), momentum=0.9)" --to optax'
    ),
    "Clipping is read with its optimizer, and PyTorch's is not quite the others'.": (
        'translate "optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(3e-4))" --to torch'
    ),
    "Keras's schedules count every gradient of an accumulated step; Optax's MultiSteps takes the mean in float32.": (
        'translate "optax.MultiSteps(optax.adamw(optax.linear_schedule(3e-4, 0, 1000)), 4)" --to keras'
    ),
    "Decay before the velocity is PyTorch's, decay behind it Keras's.": (
        'translate "optax.chain(optax.trace(0.9), optax.add_decayed_weights(1e-4),'
        ' optax.scale_by_learning_rate(0.1))" --to keras'
    ),
    "Groups of parameters, such as those without weight decay, go by a label in Optax.": (
        "translate \"torch.optim.AdamW([{'params': decay, 'weight_decay': 0.1},"
        " {'params': no_decay, 'weight_decay': 0.0}], lr=3e-4)\" --to optax"
    ),
    "`optax.adadelta()` without a learning rate climbs.": "translate optax:adadelta --to torch",
}


STATES = """
## Moving a training across

`pk.convert_state(state, frm="torch:SGD", to="keras:SGD", lr=...)` takes and gives, for momentum, Adam
(amsgrad too), NAdam, RMSprop, Adagrad, Adadelta and Lion:

{FORMATS}
It also reads the path of a file that holds one (`torch.save`, read with weights_only; safetensors; Keras's and Orbax's
checkpoints) or a list of parts, the shards of one, and writes into a file with `into=`; nothing is unpickled. Arrays
are copied once. A parameter that has taken no step has no state in torch; where all are counted as one, `frozen=True`
says that it gets no gradients. `pk.to_torch(...)` loads a state of torch's own, and `torch_state_dict()` gives one.

Arrays go by their names, wherever a state says them: torch's does if its optimizer was made of `named_parameters()`, a
tree by its paths, `optimizer.variables` of Keras. Two arrays of one shape that no names tell apart are refused;
`names=[...]` gives them. The number of steps goes wherever the other side counts: bias corrections, schedules,
iterations; what has no place there is refused. Arrays keep their layout: a weight of PyTorch's is (out, in), a kernel
(in, out).
"""


def page() -> str:
    """The whole page: tables, what changes with the learning rate, pitfalls, states, sources."""
    parts = [
        TITLE,
        MOMENTUM,
        markdown(HEADER, table()),
        CHANGES,
        SCHEDULES,
        markdown(schedules.HEADER, schedules.table()),
        "\n## Pitfalls, and the command that shows each\n",
    ]
    for sentence, line in PITFALLS.items():
        parts.append(f"\n{sentence}\n\n```\n$ polyak {line}\n{said(line)}```\n")
    parts.append("\nAlso:\n\n")
    parts += [f"- `{row.name}`: {pitfall}.\n" for row in SPELLINGS.values() for pitfall in row.pitfalls]
    formats = "".join(
        f"- `{name}`: {each.state_format().expected}\n"
        for name, each in FRAMEWORKS.items()
        if each.has("state")
    )
    parts.append(STATES.replace("{FORMATS}\n", f"{formats}\n"))
    parts += [ADAPTIVE, markdown(OTHERS_HEADER, others()), "\n## What was read\n\n"]
    parts += [f"- `{row.name}`: {row.source}\n" for row in SPELLINGS.values() if row.framework != "polyak"]
    return "".join(parts)


def without_versions(text: str) -> str:
    """The page with the versions of what is installed left out."""
    return VERSION.sub(r"\1", text)


def said(line: str) -> str:
    """What the program prints, on either stream; the proof is left to whoever types the line."""
    output = io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        contextlib.suppress(SystemExit),
    ):
        polyak([*shlex.split(line), "--no-check"])
    return output.getvalue()


def markdown(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write() -> None:
    PAGE.write_text(page(), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    write()
