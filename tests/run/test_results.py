"""Traces and histories as objects of the ecosystem: xarray, text, HTML."""

from __future__ import annotations

import base64
import pickle
from typing import Any

import numpy as np
import pytest

from polyak.ground.version import __version__
from polyak.landscapes import himmelblau, quadratic, ravine, saddle
from polyak.rules import GradientDescent, HeavyBall
from polyak.run import descend, train

RULE = HeavyBall(lr=0.6, momentum=0.5)


@pytest.fixture(scope="module")
def history(small: Any) -> Any:
    return train(HeavyBall(lr=0.02, momentum=0.5), small, epochs=3, seeds=[4, 9], every=20, dtype="float64")


def test_a_trace() -> None:
    trace = descend(RULE, ravine, 20)
    assert (trace.rule, trace.landscape, trace.steps) == (RULE, ravine, 20)
    assert trace.positions.shape == (21, 2)
    assert trace.end.tolist() == trace.positions[-1].tolist()
    np.testing.assert_allclose(trace.values, ravine(trace.positions), rtol=8 * 2**-52)
    np.testing.assert_allclose(trace.distances, np.hypot(*trace.positions.T), rtol=4 * 2**-52)
    assert str(trace) == (
        "heavy_ball(lr=0.6, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 0.007188, x2 0.002553"
    )


def test_distances_are_to_the_nearest_minimiser() -> None:
    trace = descend(GradientDescent(0.01), himmelblau, 60)
    assert trace.distances[-1] < 0.01 < trace.distances[0]
    assert np.isnan(descend(GradientDescent(0.01), saddle, 3).distances).all()


def test_a_trace_in_xarray() -> None:
    trace = descend(RULE, quadratic([1.0, 2.0, 3.0]), 5, dtype="float32")
    data = trace.to_xarray()
    assert dict(data.sizes) == {"step": 6, "coordinate": 3}
    assert data["step"].values.tolist() == list(range(6))
    assert data["coordinate"].values.tolist() == ["x1", "x2", "x3"]
    np.testing.assert_array_equal(data["position"].values, trace.positions)
    np.testing.assert_array_equal(data["value"].values, trace.values)
    np.testing.assert_array_equal(data["distance"].values, trace.distances)
    assert data.attrs == {
        "rule": str(RULE),
        "target": "quadratic:1,2,3",
        "dtype": "float32",
        "version": __version__,
        "diverged_at": -1,
    }
    assert float(data["position"].sel(step=2, coordinate="x3")) == trace.positions[2, 2]
    assert data["value"].dims == data["distance"].dims == ("step",)


def test_a_history(history: Any, small: Any) -> None:
    # 53 rows: five batches of ten and one of three; a record every two batches, and at the end.
    assert history.rows_seen.tolist() == [0, 20, 40, 53, 73, 93, 106, 126, 146, 159]
    assert history.steps_taken.tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert history.epochs[[0, 3, 9]].tolist() == [0, 1, 3]
    assert history.losses.shape == (2, 10)
    assert history.final_losses.tolist() == history.losses[:, -1].tolist()
    assert history.diverged_at == (None, None)
    assert {name: x.shape for name, x in history.params.items()} == {"weight": (2, 3), "bias": (2,)}
    assert all(type(x) is np.ndarray for x in history.params.values())
    assert history.seconds > 0
    # The last parameters are those of the last losses.
    for k in range(2):
        X, y = small.data.features, small.data.labels
        off = X @ history.params["weight"][k] + history.params["bias"][k] - y
        assert history.final_losses[k] == pytest.approx((off**2).mean() / 2, rel=1e-13)


def test_a_history_in_xarray(history: Any) -> None:
    data = history.to_xarray()
    assert dict(data.sizes) == {"seed": 2, "record": 10}
    assert data["seed"].values.tolist() == [4, 9]
    np.testing.assert_array_equal(data["loss"].values, history.losses)
    np.testing.assert_array_equal(data["epoch"].values, history.epochs)
    np.testing.assert_array_equal(data["step"].values, history.steps_taken)
    assert data["epoch"].attrs["units"] == "epochs"
    assert data["epoch"].dims == data["step"].dims == ("record",)
    assert data["diverged_at"].values.tolist() == [-1, -1]
    assert data.attrs == {
        "rule": "heavy_ball(lr=0.02, momentum=0.5, lr_in_velocity=True)",
        "target": "linear regression",
        "data": "small",
        "batch_size": 10,
        "dtype": "float64",
        "version": __version__,
    }
    assert float(data["loss"].sel(seed=9)[0]) == history.losses[1, 0]


def test_a_history_in_words(history: Any, small: Any) -> None:
    low, middle, high = np.quantile(history.final_losses, [0, 0.5, 1])
    assert str(history) == (
        "heavy_ball(lr=0.02, momentum=0.5, lr_in_velocity=True) on small, linear regression, batch 10, 3 epochs: "
        f"median loss {middle:f} ({low:f} to {high:f} over 2 seeds)"
    )
    alone = train(HeavyBall(lr=0.02, momentum=0.5), small, epochs=3, seed=4, dtype="float64")
    assert str(alone).endswith(f"3 epochs: loss {history.final_losses[0]:f}")


@pytest.mark.parametrize("result", ["trace", "history", "diverged trace"])
def test_html_is_the_words_and_a_picture(result: str, history: Any) -> None:
    made = {
        "trace": lambda: descend(RULE, ravine, 20),
        "history": lambda: history,
        "diverged trace": lambda: descend(GradientDescent(3.0), ravine, 2000),
    }[result]()
    html = made._repr_html_()
    words, _, rest = html.partition("</p>")
    assert words.startswith("<p>")
    assert str(made).split(" on ")[0] in words
    picture = base64.b64decode(rest.split("base64,")[1].split('"')[0])
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) > 5_000


def test_html_escapes_names() -> None:
    rule = GradientDescent(0.1)
    from polyak.landscapes import from_function

    trace = descend(rule, from_function(lambda x1, x2: x1**2 + x2**2), 3)
    assert "&lt;lambda&gt;" in trace._repr_html_()
    assert "<lambda>" not in trace._repr_html_()


def test_plot_draws_a_figure(history: Any) -> None:
    import matplotlib.figure

    assert isinstance(descend(RULE, ravine, 5).plot(), matplotlib.figure.Figure)
    assert isinstance(history.plot(), matplotlib.figure.Figure)


def test_results_can_be_pickled(history: Any) -> None:
    trace = descend(RULE, ravine, 5)
    same = pickle.loads(pickle.dumps(trace))
    np.testing.assert_array_equal(same.positions, trace.positions)
    assert str(same) == str(trace)
    again = pickle.loads(pickle.dumps(history))
    np.testing.assert_array_equal(again.losses, history.losses)
    assert str(again) == str(history)
