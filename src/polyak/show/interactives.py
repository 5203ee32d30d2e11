r"""Traces as a figure that a reader touches: what a page needs to step them by itself, in numbers.

A rule of the linear family is its row, v <- m v + c g, x <- x - (p v + q g), and each of m, c, p, q is a polynomial in
the learning rate eta and the momentum gamma, of first degree in each:

    m = m_0 + m_1 eta + m_2 gamma + m_3 eta gamma, and c, p, q likewise

A quadratic is its Hessian: f = k + (x - x*)^T H (x - x*) / 2, and g = H (x - x*). So the figure is a few numbers, and
the page that shows it needs no rule and no landscape of ours, nor a script that a document brings along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.shown import Shown

if TYPE_CHECKING:
    from polyak.landscapes import Landscape
    from polyak.rules import Optimizer
    from polyak.rules.linear import LinearRule
    from polyak.run import Trace

KIND = "application/vnd.polyak.interactive+json"  # of the numbers, among what a notebook's cell shows
MOST_RULES = 4
MOST_STEPS = 1000
LR, MOMENTUM = (1.0, 2.0), (0.0, 0.5)  # where a row is looked at: what it is between and beyond follows
HELD_AT = ((0.3, 0.9), (1.7, 0.25))  # and where that is held against the rule itself
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Interactive(Shown):
    """Traces that `polyak read` makes a figure of, whose learning rates, momenta and start a reader moves.

    Anywhere else it is its picture.

    Attributes:
        traces: as they were run; the figure begins with them.
        numbers: what the page steps with.
    """

    traces: tuple[Trace, ...]
    numbers: dict[str, Any]

    def __str__(self) -> str:
        return "\n".join(map(str, self.traces))

    def _png(self) -> bytes | None:
        import io

        from polyak.show.traces import trace_figure

        buffer = io.BytesIO()
        trace_figure(self.traces).savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {KIND: self.numbers, "text/html": self._repr_html_(), "text/plain": repr(self)}


def interactive(traces: Trace | Sequence[Trace]) -> Interactive:
    """A figure that a reader touches, in a page that `polyak read` makes: no server, and nothing is asked of a network.

    Sliders move each rule's learning rate and momentum, and a touch the start; the page steps the rule's own row
    (m, c, p, q) along the quadratic's own gradient, in double precision.

    Args:
        traces: one to four, of rules of the linear family with no schedule, on one quadratic of the plane (and from one
            start): a figure steps what its numbers say exactly, and nothing else.

    Raises PolyakError for other rules, landscapes and traces.

    >>> import polyak as pk
    >>> shown = interactive(pk.descend(pk.HeavyBall(lr=0.4, momentum=0.5), "ravine", steps=20))
    >>> shown.numbers["rules"][0]["row"]["c"]
    [0.0, 1.0, 0.0, 0.0]
    >>> interactive(pk.descend(pk.Adam(lr=0.4), "ravine", steps=20))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: adam is not of the linear family, expected rules whose step is a row (m, c, p, q)
    """
    several = tuple(traces) if isinstance(traces, Sequence) else (traces,)
    if not 1 <= len(several) <= MOST_RULES:
        raise PolyakError(f"{len(several)} traces are given, expected 1 to {MOST_RULES}")
    first = several[0]
    alike = [
        (trace.landscape.name, tuple(trace.positions[0].tolist()), trace.steps) == _begun(first)
        for trace in several
    ]
    if not all(alike):
        raise PolyakError(
            "the traces are of several landscapes, starts or numbers of steps, expected one of each"
        )
    if first.steps > MOST_STEPS:
        raise PolyakError(f"the traces have {first.steps:,} steps, expected at most {MOST_STEPS:,}")
    ground = _quadratic(first.landscape)
    numbers = {
        "landscape": ground,
        "start": [float(x) for x in first.positions[0]],
        "steps": first.steps,
        "rules": [_rule(trace.rule, max(ground["curvatures"])) for trace in several],
    }
    return Interactive(several, numbers)


def _begun(trace: Trace) -> tuple[str, tuple[float, ...], int]:
    return trace.landscape.name, tuple(trace.positions[0].tolist()), trace.steps


def _quadratic(landscape: Landscape) -> dict[str, Any]:
    """H, x* and k of a quadratic of the plane that has one stationary point."""
    from polyak.theory.curvatures import hessians
    from polyak.theory.departure import is_quadratic

    what = f"{landscape.name} is no quadratic of the plane"
    if landscape.dimension != 2:
        raise PolyakError(f"{what}: it has {landscape.dimension} coordinates, expected 2")
    if not is_quadratic(landscape):
        raise PolyakError(f"{what}: its curvature changes, and the page steps one Hessian")
    origin = np.asarray(landscape.start)
    H = hessians(landscape, origin[None])[0]
    curvatures = np.linalg.eigvalsh(H)
    if np.abs(curvatures).min() <= 1e-9 * np.abs(curvatures).max():
        raise PolyakError(f"{what} with one stationary point: it is flat in a direction")
    point = landscape.minimisers[0] if landscape.minimisers else None
    centre = (
        np.asarray(point) if point is not None else origin - np.linalg.solve(H, landscape.gradient(origin))
    )
    return {
        "name": landscape.name,
        "hessian": H.tolist(),
        "curvatures": curvatures.tolist(),
        "centre": centre.tolist(),
        "value": float(np.asarray(landscape(centre))),
        "window": [list(map(float, ends)) for ends in landscape.window],
    }


def _rule(rule: Optimizer, curvature: float) -> dict[str, Any]:
    """A rule's row as polynomials, and its settings as they begin."""
    rule = _linear(rule)
    settings = rule.settings()
    lr, momentum = float(settings["lr"]), settings.get("momentum")
    values = {
        (a, b): _row(rule, a, b, momentum) for a in LR for b in (MOMENTUM if momentum is not None else (0.0,))
    }
    table = _polynomials(values)
    for a, b in (*HELD_AT, (lr, momentum or 0.0)):
        said = table @ np.array([1.0, a, b, a * b])
        if np.abs(said - _row(rule, a, b, momentum)).max() > ROUNDING:
            raise PolyakError(f"{rule.name()}'s row is no polynomial in its learning rate and momentum")
    return {
        "name": rule.name(),
        "lr": lr,
        "momentum": None if momentum is None else float(momentum),
        "most": max(2.0 * lr, 4.0 / curvature) if curvature > 0 else 2.0 * lr,
        "row": dict(zip("mcpq", table.tolist(), strict=True)),
    }


def _linear(rule: Optimizer) -> LinearRule:
    """The rule, where one row of numbers steps it. Raises PolyakError for another."""
    from polyak.rules.linear import LinearRule

    if not isinstance(rule, LinearRule):
        raise PolyakError(
            f"{rule.name()} is not of the linear family, expected rules whose step is a row (m, c, p, q)"
        )
    if rule.schedules():
        raise PolyakError(f"{rule.name()} has a schedule, expected one learning rate")
    if rule.first_coefficients() != rule.coefficients():
        raise PolyakError(f"{rule.name()} has another first step, expected one row (m, c, p, q)")
    if not isinstance(rule.settings().get("lr"), int | float):
        raise PolyakError(f"{rule.name()} has no number lr, expected a rule with a learning rate")
    return rule


def _row(rule: LinearRule, lr: float, momentum: float, has_momentum: object) -> np.ndarray[Any, Any]:
    changed = {"lr": lr} | ({"momentum": momentum} if has_momentum is not None else {})
    member: Any = rule.replace(**changed)
    return np.array([float(value) for value in member.coefficients()])


def _polynomials(values: dict[tuple[float, float], np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """The coefficients of 1, eta, gamma and eta gamma of each of a row's four numbers, shape (4, 4)."""
    low, high = LR
    flat = {b: (values[high, b] - values[low, b]) / (high - low) for _, b in values}
    level = {b: values[low, b] - low * flat[b] for b in flat}
    if len(flat) == 1:
        return np.stack([level[0.0], flat[0.0], 0 * flat[0.0], 0 * flat[0.0]], axis=1)
    span = MOMENTUM[1]
    return np.stack(
        [level[0.0], flat[0.0], (level[span] - level[0.0]) / span, (flat[span] - flat[0.0]) / span], axis=1
    )
