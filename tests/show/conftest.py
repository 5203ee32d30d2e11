"""Results made by hand, so that what a figure must show is known to the last number."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import polyak as pk
from polyak.run import History, Trace


def made_trace(positions: Any, rule: Any = None, landscape: Any = pk.landscapes.ravine) -> Trace:
    positions = np.asarray(positions, dtype=np.float64)
    rule = rule or pk.HeavyBall(lr=0.6, momentum=0.5)
    return Trace(rule=rule, landscape=landscape, positions=positions, values=landscape(positions))


def made_history(losses: Any, rule: Any = None, name: str = "table", epochs: int = 2) -> History:
    losses = np.atleast_2d(np.asarray(losses, dtype=np.float32))
    records = losses.shape[1]
    data = dataclasses.replace(trained().problem.data, name=name)
    return dataclasses.replace(
        trained(),
        rule=rule or pk.HeavyBall(lr=0.01, momentum=0.5),
        problem=pk.linear_regression(data),
        seeds=tuple(range(len(losses))),
        rows_seen=np.linspace(0, 20 * epochs, records).astype(np.int64),
        steps_taken=np.linspace(0, 5 * epochs, records).astype(np.int64),
        losses=losses,
    )


@functools.cache
def trained() -> History:
    """A training of 20 rows in batches of 4, for what a History holds besides its losses."""
    table = pk.data.Data.from_arrays(np.arange(20.0)[:, None], np.arange(20.0) % 7)
    return pk.train(pk.GradientDescent(lr=0.001), pk.linear_regression(table), batch_size=4, epochs=1)


@pytest.fixture(scope="session")
def trace() -> Callable[..., Trace]:
    """`trace(positions, rule, landscape)`: a Trace through these positions."""
    return made_trace


@pytest.fixture(scope="session")
def history() -> Callable[..., History]:
    """`history(losses, rule)`: a History of these losses, a row for each seed, over two epochs of 20 rows."""
    return made_history


@pytest.fixture(scope="session")
def seven_rules() -> list[Any]:
    """As many rules as there are colours, with short labels and long ones."""
    import optax

    return [
        pk.GradientDescent(lr=0.4),
        pk.HeavyBall(lr=0.6, momentum=0.5),
        pk.Nesterov(lr=0.3, momentum=0.7),
        pk.AveragedGradient(lr=0.4, momentum=0.9),
        pk.Adam(lr=0.3, beta1=0.8, eps_position="inside"),
        pk.QuasiHyperbolic(lr=optax.cosine_decay_schedule(0.5, 20)),
        pk.from_optax(optax.sgd, learning_rate=0.1, momentum=0.9, nesterov=True),
    ]


@pytest.fixture(scope="session")
def line_of() -> Callable[[Any, str], Any]:
    """`line_of(axes, label)`: the one line that has this label."""

    def find(axes: Any, label: str) -> Any:
        (line,) = [line for line in axes.lines if line.get_label() == label]
        return line

    return find


@pytest.fixture(scope="session")
def texts() -> Callable[[Any], list[str]]:
    """`texts(axes)`: what is written into axes, apart from titles and ticks."""
    return lambda axes: [text.get_text() for text in axes.texts]


@pytest.fixture(scope="session")
def within() -> Callable[[Any], None]:
    """`within(figure)`: titles, labels and legends all lie inside the picture."""

    def check(figure: Any) -> None:
        with pk.show.style.in_style():
            figure.draw_without_rendering()
        edge = figure.bbox
        shown: Sequence[Any] = [
            *(axes.title for axes in figure.axes),
            *(axes._left_title for axes in figure.axes),
            *(axes.xaxis.label for axes in figure.axes),
            *(axes.yaxis.label for axes in figure.axes),
            *figure.legends,
        ]
        for artist in shown:
            box = artist.get_window_extent()
            if box.width > 0:
                assert box.x0 >= edge.x0 - 1, artist
                assert box.x1 <= edge.x1 + 1, artist
                assert box.y0 >= edge.y0 - 1, artist
                assert box.y1 <= edge.y1 + 1, artist

    return check
