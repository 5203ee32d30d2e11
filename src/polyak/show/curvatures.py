"""A model's curvatures: how its spectrum lies, the largest marked, and the largest of each layer as bars."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.scale import SymmetricalLogTransform
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.show.drawn import draws
from polyak.show.style import COLORS, heading, legend_below, new_figure, series, styled
from polyak.theory import Curvature

BINS = 40
LINEAR = 1e-2  # of the largest in size: nearer to 0 a few vectors see one heap, and the axis is straight
MOST_LAYERS = 24  # of more, the sharpest
NAME = 28  # letters of a layer's name


@draws(Curvature)
@styled
def curvature_figure(curvature: Curvature) -> Figure:
    """How many eigenvalues lie where, the largest marked; and each layer's own largest, where they were asked for.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> figure = curvature_figure(pk.curvature(problem, top=3))
    """
    layers = len(curvature.layers)
    figure = new_figure(9.2 if layers else 6.4, 3.9 if layers or curvature.density is not None else 2.4)
    spectrum, *others = figure.subplots(1, 2 if layers else 1, squeeze=False)[0]
    draw_spectrum(spectrum, curvature)
    if others:
        draw_layers(others[0], curvature)
    legend_below(figure, *spectrum.get_legend_handles_labels())
    return figure


def draw_spectrum(axes: Axes, curvature: Curvature) -> None:
    """Eigenvalues per bin of the axis, where vectors were spent on it, and what was found of them by itself."""
    found = np.concatenate([curvature.bottom, curvature.values])
    density = curvature.density
    reach = max(float(np.abs(found).max()), abs(np.nan_to_num(curvature.unseen)))
    if density is not None:
        reach = max(reach, float(np.abs(density.nodes).max()))
    threshold = LINEAR * reach or 1.0
    if density is not None:
        edges, counts = per_bin(density.nodes, density.weights * curvature.size, threshold)
        axes.stairs(
            counts, edges, fill=True, color=COLORS[4], alpha=0.6, label="eigenvalues per bin, estimated"
        )
        axes.set_yscale("symlog", linthresh=1.0)
        axes.set_xscale("symlog", linthresh=threshold)
        axes.set_ylabel("eigenvalues")
    else:
        axes.set_yticks([])
        axes.set_ylim(top=2)
        if math.isfinite(curvature.highest):
            unseen = "99 times of 100 none above its right end"
            axes.axvspan(
                curvature.top, curvature.highest, color=COLORS[1], alpha=0.15, linewidth=0, label=unseen
            )
    for values, index, name in ((curvature.values, 1, "largest"), (curvature.bottom, 2, "smallest")):
        style = series(index)
        if len(values):
            axes.plot(
                values,
                np.ones(len(values)),
                linestyle="",
                marker=style["marker"],
                color=style["color"],
                label=name,
            )
    if math.isfinite(curvature.unseen):
        rows = f"the largest's direction, over {curvature.unseen_rows:,} rows that it was not read from"
        axes.axvline(curvature.unseen, color="black", linewidth=0.9, linestyle=":", label=rows)
    axes.axvline(0, color="#999999", linewidth=0.5)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True)
    axes.set_xlabel(r"curvature $\lambda$")
    heading(axes, curvature.scope)


def draw_layers(axes: Axes, curvature: Curvature) -> None:
    """The largest eigenvalue of each layer's own block, in the layers' order, the sharpest of all in another colour."""
    names = list(curvature.layers)
    if len(names) > MOST_LAYERS:
        sharp = sorted(names, key=curvature.layers.__getitem__)[-MOST_LAYERS:]
        names = [name for name in names if name in sharp]
    values = np.array([curvature.layers[name] for name in names])
    colors = [COLORS[1] if name == curvature.sharpest else COLORS[0] for name in names]
    places = np.arange(len(names))
    axes.barh(places, values, color=colors, xerr=[curvature.layer_errors[name] for name in names])
    axes.set_yticks(places, [name if len(name) <= NAME else "..." + name[3 - NAME :] for name in names])
    axes.invert_yaxis()
    axes.axvline(0, color="#999999", linewidth=0.5)
    axes.grid(visible=True, axis="x")
    axes.set(xlabel=r"largest $\lambda$ of the layer's own block")
    left_out = len(curvature.layers) - len(names)
    more = f", {left_out} less sharp left out" if left_out else ""
    heading(axes, f"by layer: {curvature.sharpest} has {readable(float(values.max()))}{more}")


def per_bin(
    nodes: NDArray[np.float64], counts: NDArray[np.float64], threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bins that are equally wide on a symlog axis, and how many of the nodes' counts are in each.

    >>> edges, found = per_bin(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 7.0, 2.0]), 0.01)
    >>> float(found.sum()), len(edges)
    (10.0, 41)
    """
    axis = SymmetricalLogTransform(10, threshold, 1)
    places = np.asarray(axis.transform_non_affine(nodes), dtype=np.float64)
    reach = max(float(np.ptp(places)), 1e-12)
    edges = np.linspace(places.min() - 0.02 * reach, places.max() + 0.02 * reach, BINS + 1)
    back = np.asarray(axis.inverted().transform_non_affine(edges), dtype=np.float64)
    return back, np.histogram(places, edges, weights=counts)[0]
