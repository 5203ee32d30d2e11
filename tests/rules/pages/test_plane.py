"""A page's function of the plane as a rule: the chapter's four positions, names read at each run, what cannot trace."""

import math

import numpy as np
import pytest

import polyak as pk

eta, gamma = 0.4, 0.5
settings = {"eta": 0.4, "decay": [0.9, 0.1]}
repeats = 1


def gd_2d(x1, x2, s1, s2):
    return (x1 - eta * 0.2 * x1, x2 - eta * 4 * x2, 0, 0)


def momentum_2d(x1, x2, v1, v2):
    v1 = gamma * v1 + eta * 0.2 * x1
    v2 = gamma * v2 + eta * 4 * x2
    return x1 - v1, x2 - v2, v1, v2


def adagrad_2d(x1, x2, s1, s2):
    g1, g2, eps = 0.2 * x1, 4 * x2, 1e-6
    s1 += g1**2
    s2 += g2**2
    x1 -= eta / math.sqrt(s1 + eps) * g1
    x2 -= eta / math.sqrt(s2 + eps) * g2
    return x1, x2, s1, s2


def slope(x, curvature):
    return settings["eta"] * curvature * x


def helped(x1, x2, s1, s2):
    return x1 - slope(x1, 0.2), x2 - slope(x2, 4.0), 0.0, 0.0


def branching(x1, x2, s1, s2):
    if x1 > -1e9:
        return gd_2d(x1, x2, s1, s2)
    return x1, x2, s1, s2


def talkative(x1, x2, s1, s2):
    print("step")
    return gd_2d(x1, x2, s1, s2)


def counting(x1, x2, s1, s2):
    for _ in range(repeats):
        x1, x2, s1, s2 = gd_2d(x1, x2, s1, s2)
    return x1, x2, s1, s2


def by_hand(page, steps=20):
    point = (-5.0, -2.0, 0.0, 0.0)
    positions = [point[:2]]
    for _ in range(steps):
        point = page(*point)
        positions.append(point[:2])
    return np.array(positions)


@pytest.mark.parametrize(
    ("page", "lr", "end"),
    [
        (gd_2d, 0.4, "x1 -0.943467, x2 -0.000073"),
        (gd_2d, 0.6, "x1 -0.387814, x2 -1673.365109"),
        (momentum_2d, 0.4, "x1 -0.062843, x2 0.001202"),
        (momentum_2d, 0.6, "x1 0.007188, x2 0.002553"),
    ],
)
def test_the_chapters_positions_to_the_digit(page, lr, end, monkeypatch):
    monkeypatch.setitem(globals(), "eta", lr)
    trace = pk.descend(pk.from_plane(page), "ravine", 20)
    assert str(trace).endswith(end)
    np.testing.assert_allclose(trace.positions, by_hand(page), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("page", [adagrad_2d, helped, counting])
def test_math_helpers_containers_and_counts_compile(page):
    trace = pk.descend(pk.from_plane(page), "ravine", 20)  # a warning that it runs eagerly would be an error
    np.testing.assert_allclose(trace.positions, by_hand(page), rtol=1e-12, atol=1e-12)


def test_every_name_is_read_at_call_time(monkeypatch):
    for page, name, values in (
        (momentum_2d, "gamma", (0.1, 0.9)),
        (helped, "settings", ({"eta": 0.1, "decay": [1.0, 1.0]}, {"eta": 0.2, "decay": [1.0, 1.0]})),
        (counting, "repeats", (2, 3)),
    ):
        rule = pk.from_plane(page)
        for value in values:
            monkeypatch.setitem(globals(), name, value)
            trace = pk.descend(rule, "ravine", 20)
            np.testing.assert_allclose(trace.positions, by_hand(page), rtol=1e-12, atol=1e-12)


def test_names_around_a_nested_function_are_read_at_call_time():
    step = 0.1

    def nested(x1, x2, s1, s2):
        return x1 - step * x1, x2 - step * x2, 0, 0

    rule = pk.from_plane(nested)
    first = pk.descend(rule, "ravine", 5).end
    step = 0.3
    second = pk.descend(rule, "ravine", 5).end
    np.testing.assert_allclose(first, np.array([-5, -2]) * 0.9**5, rtol=1e-13)
    np.testing.assert_allclose(second, np.array([-5, -2]) * 0.7**5, rtol=1e-13)


@pytest.mark.parametrize(
    ("page", "reason"), [(branching, "looks at a number"), (talkative, "prints")], ids=["branch", "print"]
)
def test_what_cannot_be_traced_runs_step_by_step_and_says_why(page, reason, capsys):
    with pytest.warns(UserWarning, match=f"{page.__name__} runs step by step.*{reason}"):
        trace = pk.descend(pk.from_plane(page), "ravine", 20)
    np.testing.assert_allclose(trace.positions, by_hand(gd_2d), rtol=1e-13, atol=1e-13)
    if page is talkative:
        assert capsys.readouterr().out.count("step") >= 20


def test_argument_stands_for_a_name_of_the_page_and_may_be_a_schedule():
    fixed = pk.descend(pk.from_plane(momentum_2d, eta=0.6), "ravine", 20)
    assert str(fixed).endswith("x1 0.007188, x2 0.002553")
    scheduled = pk.descend(
        pk.from_plane(momentum_2d, eta=lambda step: 0.6 if step < 10 else 0.06), "ravine", 20
    )
    ours = pk.descend(pk.HeavyBall(lr=lambda step: 0.6 if step < 10 else 0.06, momentum=0.5), "ravine", 20)
    np.testing.assert_allclose(scheduled.positions, ours.positions, rtol=1e-12, atol=1e-12)
