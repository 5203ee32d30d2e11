"""What is done around a rule: clipping, a schedule within, accumulation, one count for all arrays, scaling by size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from polyak.frameworks.steppers import Array
from polyak.ground.numbers import readable
from polyak.verify.change import Hypothesis
from polyak.verify.reference_model import Model, slots_of

NORMS = (1.0, 0.5, 0.1, 5.0, 2.0, 10.0, 0.25)
CLIPS = {
    "value": "cuts each number of the gradient at",
    "norm": "cuts each array's gradient to a norm of",
    "global norm": "cuts the gradients together to a norm of",
    "global norm, as PyTorch": "cuts the gradients together, as PyTorch's clip_grad_norm_ does, to a norm of",
}
EVERY = (2, 3, 4, 8)
FADING = (0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)
LONG = (5, 10, 20, 50, 100, 500, 1000, 10000)


def around(model: Model) -> Iterator[Hypothesis]:
    """Everything of this kind that the model does not do."""
    for kind in (_clipped, _scheduled, _gathered, _counted_per_array, _begun_as_x, _scaled):
        yield from kind(model)


def _clipped(model: Model) -> Iterator[Hypothesis]:
    if model.clip is None:
        for kind, does in CLIPS.items():
            for most in NORMS:
                words = f"it {does} {readable(most, 6)}"
                yield Hypothesis("clipping", words, model.but(clip=(kind, most)))


def _scheduled(model: Model) -> Iterator[Hypothesis]:
    if model.course is None:
        for words, course in COURSES:
            inside = model.but(course=course)
            yield Hypothesis("a schedule inside", f"its learning rate {words}", inside)
            anew = f"its learning rate {words}, and begins anew where its state is loaded"
            yield Hypothesis("a schedule inside", anew, inside.but(saves_course=False))


def _gathered(model: Model) -> Iterator[Hypothesis]:
    if model.every == 1:
        for every in EVERY:
            for summed in (False, True):
                what = "sum" if summed else "mean"
                words = f"it takes one step in {every}, with the {what} of their gradients"
                yield Hypothesis("accumulation", words, model.but(every=every, summed=summed))


def _counted_per_array(model: Model) -> Iterator[Hypothesis]:
    if not model.per_array and "t" in slots_of(model.rule):
        words = "its bias correction counts a step at every array, and not once for all"
        yield Hypothesis("bias correction counted per array", words, model.but(per_array=True))


def _begun_as_x(model: Model) -> Iterator[Hypothesis]:
    if not model.begins_as_x and ({"velocity", "mean"} & {*slots_of(model.rule)}):
        words = "its first velocity is a copy of the parameters, where the reference's is zero"
        yield Hypothesis("the velocity begins as the parameters", words, model.but(begins_as_x=True))


def _scaled(model: Model) -> Iterator[Hypothesis]:
    if model.scaled is None:
        for words, scaled in SCALED:
            yield Hypothesis("scaled by size or shape", f"each array's {words}", model.but(scaled=scaled))


# What the learning rate does by itself, counted from 0.


def _cosine(steps: int) -> Callable[[int], float]:
    return lambda t: 0.5 * (1 + math.cos(math.pi * min(t, steps) / steps))


def _warm(steps: int) -> Callable[[int], float]:
    return lambda t: min(1.0, (t + 1) / steps)


def _linear(steps: int) -> Callable[[int], float]:
    return lambda t: max(0.0, 1 - t / steps)


def _fading(share: float) -> Callable[[int], float]:
    return lambda t: share**t


COURSES: tuple[tuple[str, Callable[[int], float]], ...] = (
    ("falls by itself as 1/sqrt(t)", lambda t: (t + 1) ** -0.5),
    ("falls by itself as 1/t", lambda t: 1 / (t + 1)),
    *((f"is multiplied by {readable(share, 6)} at every step", _fading(share)) for share in FADING),
    *((f"warms up over {steps} steps by itself", _warm(steps)) for steps in LONG),
    *((f"falls to 0 along a cosine over {steps} steps", _cosine(steps)) for steps in LONG[1:]),
    *((f"falls to 0 along a line over {steps} steps", _linear(steps)) for steps in LONG[1:]),
)


# What a gradient or a step u of lr 1 becomes beside x.


def _trust(coefficient: float) -> Callable[[Array, Array], Array]:
    return lambda x, u: coefficient * _ratio(x, u) * u


def _ratio(x: Array, u: Array) -> float:
    of_x, of_u = float(np.linalg.norm(x)), float(np.linalg.norm(u))
    return of_x / of_u if of_x > 0 and of_u > 0 else 1.0


def _by_shape(factor: Callable[[int, int], float]) -> Callable[[Array, Array], Array]:
    def scaled(_x: Array, u: Array) -> Array:
        rows, columns = (u.shape[0], math.prod(u.shape[1:])) if u.ndim > 1 else (1, u.size)
        found: Array = factor(rows, columns) * u
        return found

    return scaled


SIZES = "the size of its parameters over that of its"
SCALED: tuple[tuple[str, tuple[str, Callable[[Array, Array], Array]]], ...] = (
    *(
        (
            f"gradient is multiplied by {readable(share, 6)} times {SIZES} gradient, as LARS does",
            ("gradient", _trust(share)),
        )
        for share in (1.0, 0.001, 0.01, 0.02)
    ),
    (f"step is multiplied by {SIZES} step, as LAMB does", ("step", _trust(1.0))),
    ("step is multiplied by the size of its parameters", ("step", lambda x, u: float(np.linalg.norm(x)) * u)),
    (
        "step is divided by the root of how many numbers it has",
        ("step", lambda x, u: u / math.sqrt(max(1, x.size))),
    ),
    (
        "step is multiplied by sqrt(max(1, rows/columns)), as in Muon",
        ("step", _by_shape(lambda rows, columns: math.sqrt(max(1.0, rows / columns)))),
    ),
    (
        "step is multiplied by 0.2 sqrt(max(rows, columns)), as in Moonlight",
        ("step", _by_shape(lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)))),
    ),
    ("step is divided by its columns", ("step", _by_shape(lambda _rows, columns: 1 / columns))),
)
