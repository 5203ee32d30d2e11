"""Sixty faults planted in twenty optimizers of PyTorch's and Optax's, each beside the words that name it.

What is planted is done by the frameworks' own means (a wrapped step, a chain, another argument), and never by Polyak's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import optax
import optax.contrib
import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

Given = Mapping[str, Any]
Planted = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A fault.

    Attributes:
        where: the optimizer, as it is named to `verify`.
        fault: what is wrong with it.
        candidate: makes the faulty one.
        named: words of which the verdict or the cause must have one.
        settings: of the reference, and of a candidate that takes them.
    """

    where: str
    fault: str
    candidate: Any
    named: tuple[str, ...]
    settings: Given = field(default_factory=dict)


# PyTorch: a class of its own whose step has something done around it.


def around(
    base: type[torch.optim.Optimizer], before: Planted | None = None, after: Planted | None = None, **own: Any
) -> type[torch.optim.Optimizer]:
    """The class with something done before and after each step, and other defaults."""

    class Faulty(base):  # type: ignore[misc, valid-type]
        def __init__(self, params: Any, **given: Any) -> None:
            super().__init__(params, **{**given, **own})
            self.taken = 0

        def arrays(self) -> list[Any]:
            return [x for group in self.param_groups for x in group["params"] if x.grad is not None]

        @torch.no_grad()
        def step(self, closure: Any = None) -> None:
            old = [x.clone() for x in self.arrays()]
            rates = [group["lr"] for group in self.param_groups]
            if before is not None and before(self) == "wait":
                self.taken += 1
                return
            super().step(closure)
            for group, lr in zip(self.param_groups, rates, strict=True):
                group["lr"] = lr
            if after is not None:
                for x, was in zip(self.arrays(), old, strict=True):
                    after(self, x, was)
            self.taken += 1

    Faulty.__signature__ = inspect.signature(base)  # type: ignore[attr-defined]
    return Faulty


def by_value(most: float) -> Planted:
    return lambda self: clip_grad_value_(self.arrays(), most)


def by_norm(most: float) -> Planted:
    return lambda self: clip_grad_norm_(self.arrays(), most)


def each_norm(most: float) -> Planted:
    def clip(self: Any) -> None:
        for x in self.arrays():
            x.grad.mul_((most / x.grad.norm()).clamp(max=1.0))

    return clip


def rate(course: Callable[[int], float]) -> Planted:
    def scheduled(self: Any) -> None:
        for group in self.param_groups:
            group["lr"] = group["lr"] * course(self.taken)

    return scheduled


def gathered(every: int) -> Planted:
    def gather(self: Any) -> str:
        kept = self.__dict__.setdefault("kept", {})
        for x in self.arrays():
            kept[x] = kept.get(x, 0.0) + x.grad / every
        if (self.taken + 1) % every:
            return "wait"
        for x in self.arrays():
            x.grad.copy_(kept.pop(x))
        return ""

    return gather


def copied(name: str) -> Planted:
    """The first velocity is a copy of the parameters."""

    def begin(self: Any) -> None:
        for x in self.arrays():
            if not self.state[x]:
                self.state[x].update({name: x.clone()})
                if name == "exp_avg":
                    self.state[x].update({"exp_avg_sq": torch.zeros_like(x), "step": torch.tensor(0.0)})

    return begin


def counted(self: Any) -> None:
    """One count for all arrays, which goes up at each."""
    if self.taken:
        for k, x in enumerate(self.arrays()):
            self.state[x]["step"].fill_(self.taken * len(self.arrays()) + k)
    else:
        for k, x in enumerate(self.arrays()):
            self.state[x].update({name: torch.zeros_like(x) for name in ("exp_avg", "exp_avg_sq")})
            self.state[x]["step"] = torch.tensor(float(k))


def larger(coefficient: float) -> Planted:
    def scaled(self: Any) -> None:
        for x in self.arrays():
            x.grad.mul_(coefficient * x.norm() / x.grad.norm())

    return scaled


def uphill(_: Any, x: Any, was: Any) -> None:
    x.copy_(2 * was - x)


def per_number(_: Any, x: Any, was: Any) -> None:
    x.copy_(was + (x - was) / x.numel() ** 0.5)


def decayed(amount: float) -> Planted:
    def pulled(self: Any, x: Any, was: Any) -> None:
        x.sub_(self.param_groups[0]["lr"] * amount * was)

    return pulled


def pulled(amount: float) -> Planted:
    def add(self: Any) -> None:
        for x in self.arrays():
            x.grad.add_(amount * x)

    return add


def both(*parts: Planted) -> Planted:
    def all_of(self: Any) -> None:
        for part in parts:
            part(self)

    return all_of


optim = torch.optim
SGD = {"lr": 0.02, "momentum": 0.9}
ADAM, RATE = {"lr": 0.02}, {"learning_rate": 0.02}
CLIP, INSIDE, GATHERED = ("cut",), ("learning rate",), ("one step in",)
TORCH = [
    Case("torch:SGD", "uphill", around(optim.SGD, None, uphill), ("wrong sign",), ADAM),
    Case("torch:SGD", "an extra decay", around(optim.SGD, None, decayed(0.01)), ("decay of 0.01",), ADAM),
    Case("torch:SGD", "clipped by norm", around(optim.SGD, by_norm(1.0)), CLIP, ADAM),
    Case("torch:SGD", "momentum, looking ahead", around(optim.SGD, nesterov=True), ("look",), SGD),
    Case("torch:SGD", "momentum, clipped by value", around(optim.SGD, by_value(0.5)), CLIP, SGD),
    Case(
        "torch:SGD",
        "begins as x",
        around(optim.SGD, copied("momentum_buffer")),
        ("copy of the parameters",),
        SGD,
    ),
    Case("torch:SGD", "momentum, two at once", around(optim.SGD, by_norm(1.0), nesterov=True), CLIP, SGD),
    Case(
        "torch:SGD", "nesterov, gathered", around(optim.SGD, gathered(2)), GATHERED, {**SGD, "nesterov": True}
    ),
    Case(
        "torch:SGD",
        "nesterov, 1/sqrt(t)",
        around(optim.SGD, rate(lambda t: (t + 1) ** -0.5)),
        INSIDE,
        {**SGD, "nesterov": True},
    ),
    Case(
        "torch:SGD",
        "nesterov, no look-ahead",
        around(optim.SGD, nesterov=False),
        ("look",),
        {**SGD, "nesterov": True},
    ),
    Case(
        "torch:SGD",
        "dampened, not at first",
        around(optim.SGD, each_norm(1.0)),
        CLIP,
        {**SGD, "dampening": 0.5},
    ),
    Case(
        "torch:SGD",
        "dampened, warming up",
        around(optim.SGD, rate(lambda t: min(1.0, (t + 1) / 10))),
        INSIDE,
        {**SGD, "dampening": 0.5},
    ),
    Case("torch:SGD", "as LARS", around(optim.SGD, larger(0.001)), ("LARS",), SGD),
    Case("torch:Adam", "another eps", around(optim.Adam, eps=1e-6), ("eps 1e-06, not 1e-08",), ADAM),
    Case(
        "torch:Adam", "another beta2", around(optim.Adam, betas=(0.9, 0.98)), ("beta2 0.98, not 0.999",), ADAM
    ),
    Case(
        "torch:Adam",
        "three settings",
        around(optim.Adam, betas=(0.85, 0.98), eps=1e-5),
        ("beta1 0.85, not 0.9; beta2 0.98, not 0.999; eps 1e-05",),
        ADAM,
    ),
    Case("torch:Adam", "counted per array", around(optim.Adam, counted), ("at every array",), ADAM),
    Case("torch:Adam", "clipped by norm", around(optim.Adam, by_norm(1.0)), CLIP, ADAM),
    Case(
        "torch:Adam", "coupled decay", around(optim.Adam, weight_decay=0.05), ("weight decay of 0.05",), ADAM
    ),
    Case(
        "torch:Adam", "begins as x", around(optim.Adam, copied("exp_avg")), ("copy of the parameters",), ADAM
    ),
    Case(
        "torch:Adam", "eps, and decay", around(optim.Adam, None, decayed(0.1), eps=1e-5), ("eps 1e-05",), ADAM
    ),
    Case("torch:AdamW", "other decay", around(optim.AdamW, weight_decay=0.1), ("0.1",), ADAM),
    Case(
        "torch:AdamW",
        "no decay",
        around(optim.AdamW, weight_decay=0.0),
        ("no effect", "weight_decay 0", "decay, 0"),
        {**ADAM, "weight_decay": 0.05},
    ),
    Case("torch:AdamW", "gathered", around(optim.AdamW, gathered(4)), GATHERED, ADAM),
    Case("torch:AdamW", "1/sqrt(t)", around(optim.AdamW, rate(lambda t: (t + 1) ** -0.5)), INSIDE, ADAM),
    Case(
        "torch:AdamW",
        "another beta1",
        around(optim.AdamW, betas=(0.95, 0.999)),
        ("beta1 0.95, not 0.9",),
        ADAM,
    ),
    Case("torch:NAdam", "another eps", around(optim.NAdam, eps=1e-4), ("eps 0.0001, not 1e-08",), ADAM),
    Case(
        "torch:NAdam",
        "another warm-up",
        around(optim.NAdam, momentum_decay=0.01),
        ("momentum_decay 0.01",),
        ADAM,
    ),
    Case("torch:NAdam", "clipped by value", around(optim.NAdam, by_value(0.5)), CLIP, ADAM),
    Case("torch:RMSprop", "another alpha", around(optim.RMSprop, alpha=0.9), ("decay 0.9, not 0.99",), ADAM),
    Case(
        "torch:RMSprop",
        "alpha and eps",
        around(optim.RMSprop, alpha=0.95, eps=1e-5),
        ("decay 0.95, not 0.99; eps 1e-05",),
        ADAM,
    ),
    Case("torch:RMSprop", "fading lr", around(optim.RMSprop, rate(lambda t: 0.99**t)), INSIDE, ADAM),
    Case(
        "torch:RMSprop",
        "with momentum, another",
        around(optim.RMSprop, momentum=0.8),
        ("momentum 0.8, not 0.9",),
        SGD,
    ),
    Case(
        "torch:RMSprop",
        "with momentum, centered",
        around(optim.RMSprop, centered=True),
        ("squared mean",),
        SGD,
    ),
    Case("torch:RMSprop", "with momentum, uphill", around(optim.RMSprop, None, uphill), ("wrong sign",), SGD),
    Case(
        "torch:Adagrad",
        "another start",
        around(optim.Adagrad, initial_accumulator_value=0.1),
        ("begin at 0.1", "initial_accumulator 0.1"),
        {"lr": 0.1},
    ),
    Case("torch:Adagrad", "another eps", around(optim.Adagrad, eps=1e-5), ("eps 1e-05",), {"lr": 0.1}),
    Case(
        "torch:Adagrad",
        "divided by its size",
        around(optim.Adagrad, None, per_number),
        ("how many numbers",),
        {"lr": 0.1},
    ),
    Case(
        "torch:Adadelta",
        "another rho",
        around(optim.Adadelta, rho=0.95),
        ("decay 0.95, not 0.9",),
        {"lr": 1.0},
    ),
    Case("torch:Adadelta", "another eps", around(optim.Adadelta, eps=1e-3), ("eps 0.001",), {"lr": 1.0}),
    Case(
        "torch:Adadelta",
        "an extra decay",
        around(optim.Adadelta, None, decayed(0.02)),
        ("decay of 0.02",),
        {"lr": 1.0},
    ),
    Case("torch:Adafactor", "another threshold", around(optim.Adafactor, d=2.0), ("clip 2, not 1",), ADAM),
    Case("torch:Adafactor", "uphill", around(optim.Adafactor, None, uphill), ("wrong sign",), ADAM),
]


def chain(make: Planted, *links: Any, last: bool = False) -> Planted:
    """An Optax factory with links before the optimizer, or after it."""

    def made(learning_rate: float) -> Any:
        inner = make(learning_rate)
        return optax.chain(inner, *links) if last else optax.chain(*links, inner)

    return made


def wise(make: Planted, **own: Any) -> Planted:
    """An Optax factory with other arguments."""
    return lambda learning_rate: make(learning_rate, **own)


OPTAX = [
    Case("optax:adam", "another eps", wise(optax.adam, eps=1e-5), ("eps 1e-05",), RATE),
    Case("optax:adam", "clipped together", chain(optax.adam, optax.clip_by_global_norm(0.5)), CLIP, RATE),
    Case("optax:lion", "another b2", wise(optax.lion, b2=0.95, weight_decay=1e-3), ("beta2 0.95",), RATE),
    Case("optax:lion", "more decay", wise(optax.lion, weight_decay=0.05), ("0.05",), RATE),
    Case(
        "optax:adabelief", "another eps_root", wise(optax.adabelief, eps_root=1e-8), ("eps_root 1e-08",), RATE
    ),
    Case("optax:adabelief", "another b2", wise(optax.adabelief, b2=0.99), ("beta2 0.99,",), RATE),
    Case("optax:adan", "another b3", wise(optax.adan, b3=0.95), ("beta3 0.95",), RATE),
    Case(
        "optax:adan",
        "coupled decay",
        chain(optax.adan, optax.add_decayed_weights(0.05)),
        ("decay of 0.05",),
        RATE,
    ),
    Case(
        "optax:ademamix", "another alpha", wise(optax.contrib.ademamix, alpha=8.0), ("alpha 8, not 5",), RATE
    ),
    Case("optax:ademamix", "another b1", wise(optax.contrib.ademamix, b1=0.95), ("beta1 0.95",), RATE),
    Case("optax:lamb", "more decay", wise(optax.lamb, weight_decay=0.1), ("inner_decay 0.1",), RATE),
    Case("optax:lamb", "another b1", wise(optax.lamb, b1=0.95), ("beta1 0.95",), RATE),
    Case(
        "optax:lars",
        "another share",
        wise(optax.lars, trust_coefficient=0.002),
        ("trust_coefficient 0.002", "lr 0.04"),
        {"learning_rate": 1.0},
    ),
    Case(
        "optax:lars", "looking ahead", wise(optax.lars, nesterov=True), ("nesterov",), {"learning_rate": 1.0}
    ),
    Case("optax:nadamw", "another b1", wise(optax.nadamw, b1=0.8), ("beta1 0.8",), RATE),
    Case(
        "optax:schedule_free_sgd",
        "another b1",
        wise(optax.contrib.schedule_free_sgd, b1=0.95),
        ("momentum 0.95",),
        RATE,
    ),
    Case("optax:rmsprop", "another decay", wise(optax.rmsprop, decay=0.95), ("decay 0.95",), RATE),
]
CASES = (*TORCH, *OPTAX)
