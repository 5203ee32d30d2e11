"""The figure of a model's curvatures: what is drawn is what was found."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from matrices import Batch, matrix_model
from polyak.show import curvature_figure
from polyak.show.curvatures import per_bin

VALUES = np.r_[-2.0, np.linspace(-0.1, 0.1, 56), 1.0, 3.0, 5.0]


@pytest.fixture(scope="module")
def curvature():
    model = matrix_model(Batch(VALUES, 4), names=["0.weight", "0.bias", "1.weight"], sizes=[30, 10, 20])
    return pk.curvature(model, top=3, bottom=1, by="layer", accuracy=1e-4)


def test_every_eigenvalue_is_in_a_bin(curvature):
    spectrum, _ = curvature_figure(curvature).axes
    (stairs,) = [patch for patch in spectrum.patches if hasattr(patch, "get_data")]
    counts, edges, _ = stairs.get_data()
    assert counts.sum() == pytest.approx(len(VALUES))
    assert counts[edges[1:] > 0.5].sum() == pytest.approx(3)
    assert counts[edges[:-1] < -1].sum() == pytest.approx(1)
    assert spectrum.get_xscale() == "symlog"
    assert "over all 4 rows" in " ".join(spectrum.get_title(loc="left").split())


def test_the_largest_and_the_smallest_are_marked(curvature):
    spectrum, _ = curvature_figure(curvature).axes
    drawn = {line.get_label(): line.get_xdata() for line in spectrum.get_lines()}
    np.testing.assert_allclose(drawn["largest"], [5, 3, 1], rtol=1e-2)
    np.testing.assert_allclose(drawn["smallest"], [-2], rtol=0.03)


def test_a_bar_for_each_layer_is_its_own_largest(curvature):
    _, bars = curvature_figure(curvature).axes
    widths = [bar.get_width() for bar in bars.patches]
    np.testing.assert_allclose(widths, [VALUES[:40].max(), 5], rtol=1e-2)
    assert [label.get_text() for label in bars.get_yticklabels()] == ["0", "1"]


def test_few_rows_show_the_other_reading():
    batches = [Batch(np.r_[4.0, np.ones(30)], 2), Batch(np.r_[1.0, np.ones(30)], 2)]
    c = pk.curvature(matrix_model(*batches), rows=2)
    (axes,) = curvature_figure(c).axes
    dotted = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert dotted == [pytest.approx(1.0)]


def test_bins_are_equally_wide_on_the_axis_and_lose_nothing():
    nodes = np.r_[-10.0, -0.01, 0.0, 1e-3, 7.0]
    edges, counts = per_bin(nodes, np.arange(1.0, 6.0), 0.1)
    assert counts.sum() == 15
    assert (np.diff(edges) > 0).all()
    assert counts[(edges[:-1] <= 7) & (edges[1:] > 7)].sum() == 5
