"""Where a model's curvatures lie in its optimizer's phase plane, at the setting of today and at the one suggested."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from polyak.diagnose import Diagnosis
from polyak.ground.errors import PolyakError
from polyak.show.drawn import draws
from polyak.show.phases import draw_regimes
from polyak.show.style import COLORS, heading, legend_below, new_figure, styled
from polyak.theory import REGIMES, spectrum
from polyak.theory.model_stability import ModelStability
from polyak.theory.suggest import momentum_of

ACROSS, UP = 160, 40  # cells
WIDE = 3.0  # the plane goes on to so many times the edge
NARROW = 1e-3  # and begins at so much of it
HIGHEST = 0.995  # momentum
BEYOND = {"diverging": "beyond the edge"}  # on a quadratic a step diverges there; a network may train on


@draws(Diagnosis)
@styled
def diagnosis_figure(diagnosis: Diagnosis) -> Figure:
    """The phase plane with what was measured in it; of a rule without one its edges, and without these the curvature.

    Raises PolyakError where neither was found.

    >>> import numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 1.0, (64, 2)).astype("float32")
    >>> forward, loss = lambda w, batch: batch @ w, lambda outputs, batch: ((outputs - 3) ** 2).mean()
    >>> model = pk.model(loss, np.zeros(2, "float32"), np.split(rows, 8), forward=forward)
    >>> figure = diagnosis_figure(pk.diagnose(model, pk.HeavyBall(lr=0.05, momentum=0.5), top=1))
    """
    if diagnosis.stability is not None:
        try:
            return model_plane_figure(diagnosis)
        except PolyakError:  # it has no momentum, or bends up nowhere
            return diagnosis.stability.plot()
    diagnosis.require("curvature")
    assert diagnosis.curvature is not None
    return diagnosis.curvature.plot()


@styled
def model_plane_figure(diagnosis: Diagnosis) -> Figure:
    """Regimes over curvature and momentum at today's learning rate, and each curvature that was measured in it.

    Raises PolyakError for a rule that has no momentum, and where the edges were refused.

    >>> import numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 1.0, (64, 2)).astype("float32")
    >>> forward, loss = lambda w, batch: batch @ w, lambda outputs, batch: ((outputs - 3) ** 2).mean()
    >>> model = pk.model(loss, np.zeros(2, "float32"), np.split(rows, 8), forward=forward)
    >>> figure = model_plane_figure(pk.diagnose(model, pk.HeavyBall(lr=0.05, momentum=0.5), top=1))
    """
    diagnosis.require("stability")
    edges = diagnosis.stability
    assert edges is not None
    motion = edges.motion
    called = momentum_of(motion)
    if called is None:
        raise PolyakError(f"{diagnosis.optimizer} has no one momentum: its phase plane is a line")
    now = float(motion.settings[called])
    figure = new_figure(7.2, 4.2)
    axes = figure.subplots()
    found = np.array([edges.a]) if edges.subspace is None else np.append(edges.subspace.curvatures, edges.a)
    measured = found[found > 0]
    if not len(measured):
        raise PolyakError(f"{edges.model} bends up nowhere: nothing lies in the phase plane")
    edge = float(measured.max()) * motion.factor_of(float(measured.max()))
    across = np.geomspace(NARROW * edge, WIDE * max(edge, float(measured.max())), ACROSS)
    up = np.linspace(0, max(HIGHEST, now), UP)
    _draw_plane(axes, edges, called, across, up)
    _draw_curvatures(axes, diagnosis, measured[measured >= across[0]], now)
    axes.set_xscale("log")
    axes.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    scaled = "preconditioned curvature" if motion.preconditioned else "curvature"
    axes.set(xlabel=f"{scaled} $\\times$ what a gradient of 1 moves in the end, today", ylabel=called)
    heading(axes, f"{diagnosis.optimizer}: regimes of its step on what was measured")
    legend_below(figure, *axes.get_legend_handles_labels())
    return figure


def _draw_plane(
    axes: Axes, edges: ModelStability, called: str, across: NDArray[np.float64], up: NDArray[np.float64]
) -> None:
    rows = [spectrum.spectrum(edges.motion.step(**{called: float(m)}).change_on(across)) for m in up]
    regimes, rates = np.array([codes for *_, codes in rows]), np.exp([log for _, log, _ in rows])
    draw_regimes(axes, across, up, regimes, rates, [BEYOND.get(name, name) for name in REGIMES])


def _draw_curvatures(
    axes: Axes, diagnosis: Diagnosis, curvatures: NDArray[np.float64], momentum: float
) -> None:
    """Today's setting, a mark for each curvature; where it is another, the suggested one beside it."""
    held: dict[str, Any] = {
        "linestyle": "",
        "markeredgecolor": "black",
        "markeredgewidth": 0.6,
        "clip_on": False,
        "zorder": 5,
    }
    axes.plot(
        curvatures, np.full(len(curvatures), momentum), marker="o", color=COLORS[0], label="today", **held
    )
    said = diagnosis.suggestion
    if said is not None and said.best is not None and said.best.momentum is not None:
        moved = curvatures * said.best.lr / said.today.lr
        axes.plot(
            moved,
            np.full(len(moved), said.best.momentum),
            marker="D",
            color=COLORS[1],
            label="as suggested (its learning rate moves every curvature)",
            **held,
        )
