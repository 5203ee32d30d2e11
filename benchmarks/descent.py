"""A descent on the chapter's ravine, f(x1, x2) = 0.1 x1^2 + 2 x2^2 from (-5, -2), every position kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from report import Row, Section
from rich.progress import Progress
from timing import per_call, side_by_side

import polyak as pk

LR, MOMENTUM = 0.6, 0.5
START = (-5.0, -2.0)
# Where 20 steps end, as the original stack has it.
END = (0.007188, 0.002553)
POLYAK = "polyak, `pk.descend`"

Descend = Callable[[int], np.ndarray]


def polyak(steps: int) -> np.ndarray:
    return pk.descend(pk.HeavyBall(lr=LR, momentum=MOMENTUM), pk.landscapes.ravine, steps=steps).positions


def plain_python(steps: int) -> np.ndarray:
    (x1, x2), v1, v2 = START, 0.0, 0.0
    positions = [(x1, x2)]
    for _ in range(steps):
        v1 = MOMENTUM * v1 + LR * 0.2 * x1
        v2 = MOMENTUM * v2 + LR * 4 * x2
        x1, x2 = x1 - v1, x2 - v2
        positions.append((x1, x2))
    return np.array(positions)


def plain_numpy(steps: int) -> np.ndarray:
    x, v, curvatures = np.array(START), np.zeros(2), np.array([0.2, 4.0])
    positions = [x]
    for _ in range(steps):
        v = MOMENTUM * v + LR * curvatures * x
        x = x - v
        positions.append(x)
    return np.array(positions)


CONTENDERS: dict[str, Descend] = {
    POLYAK: polyak,
    "a plain Python loop": plain_python,
    "a plain NumPy loop": plain_numpy,
}


def measure(progress: Progress, steps: int, rounds: int = 10) -> Section:
    """One call of `steps` steps by each contender."""
    for name, descend in CONTENDERS.items():
        np.testing.assert_allclose(descend(20)[-1], END, atol=1e-6, err_msg=name)
    samples = {name: per_call(lambda descend=descend: descend(steps)) for name, descend in CONTENDERS.items()}
    timings = side_by_side(f"descent, {steps} steps", samples, rounds, progress)
    return Section(
        f"Descent: {steps} steps of heavy ball on the ravine, a call",
        "ms" if steps > 1000 else "µs",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=POLYAK,
    )
