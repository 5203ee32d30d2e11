"""The landscapes that Polyak brings: each a formula, its start, its minimisers and its window."""

from __future__ import annotations

import math

from array_api_compat import array_namespace

from polyak.ground.types import Array
from polyak.landscapes.catalogue import landscape


@landscape(
    start=(-5.0, -2.0),
    minimisers=((0.0, 0.0),),
    window=((-5.5, 1.0), (-3.0, 2.0)),
    formula=r"f(x_1, x_2) = 0.1\, x_1^2 + 2\, x_2^2",
)
def ravine(x: Array) -> Array:
    """The chapter on momentum of Dive into Deep Learning, first edition."""
    return 0.1 * x[0] ** 2 + 2 * x[1] ** 2


@landscape(
    start=(-5.0, -2.0),
    minimisers=((0.0, 0.0),),
    window=((-5.5, 2.0), (-3.0, 2.0)),
    formula=r"f(x_1, x_2) = x_1^2 + 2\, x_2^2",
)
def bowl(x: Array) -> Array:
    """The ravine's rounder neighbour: the chapter on gradient descent, Dive into Deep Learning, first edition."""
    return x[0] ** 2 + 2 * x[1] ** 2


@landscape(
    start=(-1.2, 1.0),
    minimisers=((1.0, 1.0),),
    window=((-2.0, 2.0), (-1.0, 3.0)),
    formula=r"f(x_1, x_2) = (1 - x_1)^2 + 100\, (x_2 - x_1^2)^2",
)
def rosenbrock(x: Array) -> Array:
    """Rosenbrock, H. H. (1960). An automatic method for finding the greatest or least value of a function."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@landscape(
    start=(1.0, 1.5),
    minimisers=((3.0, 0.5),),
    window=((-1.0, 4.0), (-1.5, 2.0)),
    formula=r"f(x_1, x_2) = (1.5 - x_1 + x_1 x_2)^2 + (2.25 - x_1 + x_1 x_2^2)^2 + (2.625 - x_1 + x_1 x_2^3)^2",
)
def beale(x: Array) -> Array:
    """Beale, E. M. L. (1958). On an iterative method for finding a local minimum of a function."""
    x1, x2 = x[0], x[1]
    return (1.5 - x1 + x1 * x2) ** 2 + (2.25 - x1 + x1 * x2**2) ** 2 + (2.625 - x1 + x1 * x2**3) ** 2


@landscape(
    start=(-0.5, -1.0),
    minimisers=(
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    ),
    window=((-5.0, 5.0), (-5.0, 5.0)),
    formula=r"f(x_1, x_2) = (x_1^2 + x_2 - 11)^2 + (x_1 + x_2^2 - 7)^2",
)
def himmelblau(x: Array) -> Array:
    """Himmelblau, D. M. (1972). Applied nonlinear programming."""
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


@landscape(
    start=(-2.0, 0.001),
    minimisers=(),
    window=((-2.5, 2.5), (-2.0, 2.0)),
    formula=r"f(x_1, x_2) = x_1^2 - x_2^2",
)
def saddle(x: Array) -> Array:
    """The standard saddle, started just off its ridge; unbounded below."""
    return x[0] ** 2 - x[1] ** 2


@landscape(
    start=(-2.2, 1.7),
    minimisers=((0.0, 0.0),),
    window=((-3.0, 3.0), (-3.0, 3.0)),
    formula=r"f(x_1, x_2) = 20 + x_1^2 + x_2^2 - 10\, (\cos 2 \pi x_1 + \cos 2 \pi x_2)",
)
def rastrigin(x: Array) -> Array:
    """Rastrigin, L. A. (1974). Systems of extremal control."""
    cos = array_namespace(x).cos
    waves: Array = cos(2 * math.pi * x[0]) + cos(2 * math.pi * x[1])
    return 20 + x[0] ** 2 + x[1] ** 2 - 10 * waves


@landscape(
    start=(-2.5, 1.5),
    minimisers=((0.0, 0.0),),
    window=((-3.0, 3.0), (-2.0, 2.0)),
    formula=r"f(x_1, x_2) = 0.1\, (x_1^2 + x_2^2) + 4 \tanh x_1^8",
)
def cliff(x: Array) -> Array:
    """A valley behind a wall, after Pascanu, R., Mikolov, T. & Bengio, Y. (2013), figure 6."""
    wall: Array = array_namespace(x).tanh(x[0] ** 8)
    return 0.1 * (x[0] ** 2 + x[1] ** 2) + 4 * wall
