"""The numbers of the panels, without a page: closed forms, a second path, what they cost in compilations."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyak as pk
from polyak.lab.checking import checked
from polyak.lab.computing import descents, memories, planes, trainings
from polyak.lab.computing.spellings import python_line, shell_line
from polyak.lab.computing.trainings import Wanted
from polyak.lab.kinds import kind_like
from polyak.lab.offer import offer
from polyak.lab.scales import scale
from polyak.lab.state import Chosen, State
from polyak.rules.pages.first_settings import page_rule

OFFER = offer()
BALL = OFFER.kind("heavy_ball")
RAVINE = OFFER.landscapes["ravine"]
SETTINGS = {"lr": 0.6, "momentum": 0.5}


@given(st.floats(1e-6, 1e3))
def test_learning_rate_comes_back_to_three_digits(value):
    made = scale("lr", 0.0, math.inf, value)
    assert made.value(made.position(value)) == pytest.approx(value, rel=5.1e-3)


@given(st.floats(0, 0.999))
def test_momentum_comes_back_by_its_memory(value):
    made = scale("momentum", 0.0, 1.0, value)
    assert 1 - made.value(made.position(value)) == pytest.approx(1 - value, rel=5.1e-3)
    # The middle of the slider's way is the middle of the memories, 1 to 1000, by their logarithm.
    assert 1 / (1 - made.value((made.low + made.high) / 2)) == pytest.approx(1000**0.5, rel=5.1e-3)


@given(st.floats(allow_nan=False))
def test_any_position_is_a_value_within_the_range(position):
    assert 0 <= scale("momentum", 0.0, 1.0, 0.5).value(position) < 1
    assert 0 < scale("lr", 0.0, math.inf, 0.5).value(position) < math.inf


def test_every_rule_begins_where_it_comes_down():
    for name, kind in OFFER.rules.items():
        trace = pk.descend(kind.rule({}), RAVINE, 20)
        assert trace.values[-1] < trace.values[0], name


def test_changing_a_number_compiles_nothing():
    planes.plane_of(BALL, SETTINGS)
    planes.prediction(BALL, SETTINGS, RAVINE, (-5.0, -2.0), 20)
    memories.memory_of(BALL.rule(SETTINGS), "noisy")
    descents.trace_of(BALL.rule(SETTINGS), RAVINE, (-5.0, -2.0), 20)
    with jax.log_compiles(False), _no_compilation():
        for lr in (0.31, 0.32):
            rule = BALL.rule({"lr": lr, "momentum": 0.7})
            descents.trace_of(rule, RAVINE, (-4.0, lr), 19)
            planes.prediction(BALL, {"lr": lr, "momentum": 0.7}, RAVINE, (-4.0, lr), 19)
            memories.memory_of(rule, "step")


class _no_compilation:
    """Inside, XLA is not asked to compile."""

    def __enter__(self) -> None:
        from jax import monitoring

        self.events: list[str] = []
        monitoring.register_event_duration_secs_listener(self._heard)

    def _heard(self, event: str, duration: float, **_: object) -> None:
        if "backend_compile" in event:
            self.events.append(event)

    def __exit__(self, *_: object) -> None:
        from jax._src import monitoring

        monitoring.unregister_event_duration_listener(self._heard)
        assert self.events == []


def test_plane_is_the_phase_diagram():
    plane = planes.plane_of(BALL, SETTINGS)
    found = pk.phase_diagram(pk.HeavyBall, lr_curvature=plane.lr_curvature, values=plane.values)
    assert np.array_equal(plane.rates, found.rate.values.T)
    assert (plane.lr, plane.over) == ("lr", "momentum")
    assert plane.at(3.5, 0.2)[1] == "diverging"
    assert {name for _, _, name in plane.names} == {"over-damped", "under-damped", "oscillating", "diverging"}


def test_rule_without_another_number_has_a_line():
    plane = planes.plane_of(OFFER.kind("gradient_descent"), {"lr": 0.4})
    assert plane.over is None
    # |1 - a| for gradient descent.
    assert plane.rates[0] == pytest.approx(np.abs(1 - plane.lr_curvature), abs=1e-12)


@given(st.floats(0.02, 3.0))
def test_critical_damping_where_two_eigenvalues_meet(lr):
    if 0.2 * lr < 1:
        found = planes.critical(BALL, {"lr": lr, "momentum": 0.3}, RAVINE)
        assert found["momentum"] == pytest.approx((1 - math.sqrt(0.2 * lr)) ** 2, abs=1e-7)


def test_what_no_button_can_do(refused):
    with refused("no critical damping"):
        planes.critical(OFFER.kind("gradient_descent"), {"lr": 0.4}, RAVINE)
    with refused("not linear"):
        planes.plane_of(OFFER.kind("adam"), {"lr": 0.4})
    with refused("negative"):
        planes.best(BALL, SETTINGS, OFFER.landscapes["saddle"])


def test_where_the_curvature_changes_along_a_trace_is_told_from_where_it_does_not():
    ball = pk.HeavyBall(lr=0.0005, momentum=0.5)
    assert not planes.changes(ball, RAVINE, (-5.0, -2.0), 20)
    assert not planes.changes(
        pk.GradientDescent(lr=50.0), RAVINE, (-5.0, -2.0), 400
    )  # to where nothing is finite
    rosenbrock = OFFER.landscapes["rosenbrock"]
    assert planes.changes(ball, rosenbrock, (-1.2, 1.0), 20)
    assert not planes.changes(ball, rosenbrock, (1.0, 1.0), 20)  # it stays at the minimiser


def test_path_is_cut_on_the_border():
    ends = ((0.0, 10.0), (0.0, 10.0))
    x = np.array([[1.0, 1.0], [5.0, 5.0], [9.0, 13.0], [5.0, 5.0]])
    # From (5, 5) towards (9, 13): the border at 10 is met after 5/8 of the step.
    assert descents.cut(x, ends)[:3].tolist() == [[1.0, 1.0], [5.0, 5.0], [7.5, 10.0]]
    assert np.isnan(descents.cut(x, ends)[3]).all()


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=8),
)
def test_cut_path_stays_inside(points):
    ends = ((-5.0, 5.0), (-5.0, 5.0))
    path = descents.cut(np.array(points), ends)
    shown = path[np.isfinite(path).all(axis=1)]
    if np.abs(points[0]).max() <= 5:
        assert (np.abs(shown) <= 5 + 1e-9).all()


@given(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_window_holds_the_start(start):
    ends = descents.window(RAVINE, start)
    assert all(low <= at <= high for (low, high), at in zip(ends, start))


def test_divergence_is_no_error_and_is_drawn_as_far_as_it_goes():
    trace = descents.trace_of(BALL.rule({"lr": 50.0, "momentum": 0.99}), RAVINE, (-5.0, -2.0), 1000)
    columns = descents.columns(trace, descents.window(RAVINE, (-5.0, -2.0), [trace.positions]), 0.0)
    assert trace.diverged_at is not None
    assert all(np.isnan(values[-1]) for name, values in columns.items() if name != "step")


def test_average_is_the_rule_s_own_velocity():
    found = memories.memory_of(BALL.rule({"lr": 0.3, "momentum": 0.8}), "alternating")
    v, by_hand = 0.0, []
    for g in found.signal:
        v = 0.8 * v + 0.3 * g
        by_hand.append(v * (1 - 0.8) / 0.3)
    assert found.average == pytest.approx(by_hand, rel=1e-9)


def test_memory_of_a_rule_that_is_not_linear_averages_nothing():
    found = memories.memory_of(OFFER.rule(Chosen("adam", {"lr": 0.1})), "noisy")
    assert np.isnan(found.average).all()


def test_too_much_work_is_refused(refused):
    digits = OFFER.problems["digits"]()
    with refused("at once"):
        trainings.check_work(digits, Wanted(10, 20, 32))
    with refused("batch_size is 500", "442 rows"):
        trainings.check_work(OFFER.problems["diabetes"](), Wanted(500, 1, 1))


def test_python_line_draws_the_same(offered):
    state = checked(
        State(rules=(Chosen("heavy_ball", {"lr": 0.61, "momentum": 0.5}),), start=(-4.5, 1.25), steps=33),
        offered,
    )
    line = python_line(state, offered).removesuffix(".plot()")
    trace = eval(line, {"pk": pk})
    assert np.array_equal(
        trace.positions,
        pk.descend(pk.HeavyBall(lr=0.61, momentum=0.5), "ravine", 33, start=(-4.5, 1.25)).positions,
    )


def test_shell_line_draws_the_same(offered, folder, monkeypatch, capsys):
    import shlex

    import polyak.cli

    chosen = Chosen("nesterov", {"lr": 0.21, "momentum": 0.5, "lr_in_velocity": False})
    state = checked(State(rules=(chosen,), start=(-4.5, 1.25), steps=7), offered)
    with pytest.raises(SystemExit):
        polyak.cli.main(shlex.split(shell_line(state, offered))[1:])
    expected = pk.descend(
        pk.Nesterov(lr=0.21, momentum=0.5, lr_in_velocity=False), "ravine", 7, start=(-4.5, 1.25)
    )
    assert str(expected) in capsys.readouterr().out
    assert (folder / "trace.svg").exists()


def test_page_s_function_begins_with_what_it_asks_for():
    def sgd_momentum(params, states, hyperparams):
        for p, v in zip(params, states):
            v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
            p[:] -= v

    kind = kind_like(page_rule(sgd_momentum, {}))
    assert kind.begin == {"lr": 0.1, "momentum": 0.5}
    trace = pk.descend(kind.rule({"lr": 0.6}), RAVINE, 20)
    assert trace.positions == pytest.approx(
        pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), RAVINE, 20).positions, rel=1e-12
    )
    assert planes.plane_of(kind, {"lr": 0.6}).over == "momentum"
