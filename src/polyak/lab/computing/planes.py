"""The numbers of the phase plane: regimes, rates and marks, and the settings that its buttons ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.lab.kinds import Kind
from polyak.lab.state import Value
from polyak.landscapes import Landscape, quadratic
from polyak.rules.protocol import Optimizer
from polyak.run import descend
from polyak.theory import REGIMES, Stability, curvatures, optimal, phase_diagram, stability
from polyak.theory.departure import CHANGES, curvature_change
from polyak.theory.rule_family import family

CELLS = (240, 200)  # along lr times curvature, and along the other setting
FINE = 2001  # values of the other setting, where critical damping is looked for
ROUNDS = 3  # each looks between two neighbours of the last: about 1e-10 in the end
TOP = 4.2
SMALL_STEPS = 30  # of the trajectory under the pointer
REAL, COMPLEX = (0, 1, 3), REGIMES.index("under-damped")
UNIT = quadratic([1.0], start=[1.0])


@dataclass(frozen=True, eq=False)
class Plane:
    """The phase diagram of a rule whose other settings stand still.

    Attributes:
        lr: the name of the learning rate.
        over: the name of the setting along the other axis; None where the rule has no other number.
        lr_curvature: shape (n,); values: of `over`, shape (m,), or (0, 1) where there is none.
        rates, regimes: shape (m, n).
        names: a place for each regime's name, as (lr_curvature, value, name).
    """

    lr: str
    over: str | None
    lr_curvature: NDArray[np.float64]
    values: NDArray[np.float64]
    rates: NDArray[np.float64]
    regimes: NDArray[np.int8]
    names: tuple[tuple[float, float, str], ...]

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest value of `over`."""
        return float(self.values[0]), float(self.values[-1])

    def inside(self, value: float) -> float:
        """The value, or the nearest on the plane."""
        return min(max(value, self.ends[0]), self.ends[1])

    def at(self, a: float, value: float) -> tuple[float, str]:
        """Rate and regime of the cell nearest to a place."""
        column = int(np.abs(self.lr_curvature - a).argmin())
        row = int(np.abs(self.values - value).argmin())
        return float(self.rates[row, column]), REGIMES[self.regimes[row, column]]


def plane_of(kind: Kind, settings: Mapping[str, Value]) -> Plane:
    """The phase plane of a rule; a PolyakError says why there is none (it is not linear)."""
    rule = kind.rule(settings)
    names = _axes(kind)
    kept = tuple((name, value) for name, value in rule.settings().items() if name not in names)
    return _plane(kind, kept, *names)


def _axes(kind: Kind) -> tuple[str, str | None]:
    lr, over = _names(kind) if kind.begin else ("", None)
    if not lr:
        raise PolyakError(f"{kind.name} shows no learning rate to turn")
    return lr, over


@lru_cache(maxsize=64)
def _names(kind: Kind) -> tuple[str, str | None]:
    member = family(kind.make(**kind.begin))
    others = list(member.others)
    return member.lr, "momentum" if "momentum" in others else (others[0] if others else None)


@lru_cache(maxsize=32)
def _plane(kind: Kind, kept: tuple[tuple[str, Value], ...], lr: str, over: str | None) -> Plane:
    rule = kind.rule(dict(kept))
    a = np.linspace(0, TOP, CELLS[0])
    if over is None:
        diagram = phase_diagram(rule, lr_curvature=a)
        rates, regimes = (np.tile(part.values, (2, 1)) for part in (diagram.rate, diagram.regime))
        values = np.array([0.0, 1.0])
    else:
        values = _range(kind, over)
        diagram = phase_diagram(rule, lr_curvature=a, over=over, values=values)
        rates, regimes = diagram.rate.values.T, diagram.regime.values.T
    return Plane(lr, over, a, values, rates, regimes, _names_in(a, values, regimes))


def _range(kind: Kind, over: str) -> NDArray[np.float64]:
    control = next(control for control in kind.controls if control.name == over)
    high = 0.999 if control.high == 1.0 else min(control.high, 1.0)
    return np.linspace(control.low, high, CELLS[1])


def _names_in(
    a: NDArray[np.float64], values: NDArray[np.float64], regimes: NDArray[np.int8]
) -> tuple[tuple[float, float, str], ...]:
    """Each regime's name, in the cell of its region that is nearest to the region's middle."""
    places = []
    for code, name in enumerate(REGIMES):
        where = np.argwhere(regimes == code)
        if name != "critically damped" and len(where) > 0.012 * regimes.size:
            middle = where[int(((where - where.mean(axis=0)) ** 2).sum(axis=1).argmin())]
            left = max(a[middle[1]], 0.11 * a[-1]) if regimes.shape[0] > 2 else a[middle[1]]
            places.append((float(left), float(values[middle[0]]), name))
    if regimes.shape[0] == 2:
        places = [(left, 0.5, name) for left, _, name in places]
    return tuple(places)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the plane and the words beside it show of a rule on a landscape.

    Attributes:
        kind: the rule.
        plane: None where there is none.
        stability: rates and regimes on the landscape's curvatures; None where nothing is predicted.
        changes: whether the curvature changes along the rule's trace, so that the prediction is not of it.
        why_not: why something is missing; empty where nothing is.
    """

    kind: Kind
    plane: Plane | None = None
    stability: Stability | None = None
    changes: bool = False
    why_not: str = ""


def prediction(
    kind: Kind,
    settings: Mapping[str, Value],
    landscape: Landscape,
    start: tuple[float, float],
    steps: int,
) -> Prediction:
    """As much as there is: `polyak.phase_diagram` and `polyak.stability`."""
    rule, plane = kind.rule(settings), None
    try:
        plane = plane_of(kind, settings)
        path_at(kind, settings, plane, 1.0, float(plane.values[0]))  # compiled here, not under the pointer
        stable = stability(rule, landscape)
        return Prediction(kind, plane, stable, changes(rule, landscape, start, steps))
    except PolyakError as error:
        return Prediction(kind, plane, why_not=str(error))


def changes(rule: Optimizer, landscape: Landscape, start: tuple[float, float], steps: int) -> bool:
    """Whether the curvature changes along the rule's trace, so that the prediction is not of it."""
    trace = descend(rule, landscape, steps, start=start)
    return curvature_change(landscape, trace.positions) > CHANGES


@lru_cache(maxsize=64)
def curvatures_of(landscape: Landscape) -> NDArray[np.float64]:
    """The landscape's curvatures at its minimiser, or at its start where none is known; none where it is flat."""
    try:
        return curvatures(landscape).values
    except PolyakError:
        return np.empty(0)


def path_at(
    kind: Kind, settings: Mapping[str, Value], plane: Plane, a: float, value: float
) -> NDArray[np.float64]:
    """x at steps 0, 1, 2 ... on a curvature of 1 from 1, at a place of the plane."""
    there = {plane.lr: a} | ({} if plane.over is None else {plane.over: value})
    positions = descend(kind.rule({**settings, **there}), UNIT, SMALL_STEPS).positions
    return np.asarray(positions[:, 0], dtype=np.float64)


def best(kind: Kind, settings: Mapping[str, Value], landscape: Landscape) -> dict[str, float]:
    """The setting with the best worst rate on the landscape's curvatures: `polyak.optimal`."""
    return dict(optimal(kind.rule(settings), landscape).settings)


def edge(kind: Kind, settings: Mapping[str, Value], landscape: Landscape) -> dict[str, float]:
    """The largest stable learning rate, everything else as it is: `polyak.stability`'s `max_lr`."""
    stable = stability(kind.rule(settings), landscape)
    if stable.lr is None or not 0 < stable.max_lr < np.inf:
        raise PolyakError(f"{kind.name} has no edge of stability on {landscape.name}")
    return {stable.lr: stable.max_lr}


def critical(kind: Kind, settings: Mapping[str, Value], landscape: Landscape) -> dict[str, float]:
    """The other setting at which the smallest curvature is critically damped, the learning rate as it is.

    It is where two real eigenvalues meet and leave the real line: found on the phase diagram's line of that learning
    rate, each round between two neighbours of the last.
    """
    rule = kind.rule(settings)
    lr, over = _axes(kind)
    known = curvatures_of(landscape)
    positive = known[known > 0]
    if over is None or not len(positive):
        missing = "no curvature that pulls back" if over else f"{kind.name} has nothing to damp with"
        raise PolyakError(f"no critical damping here: {missing}")
    a = float(rule.settings()[lr]) * float(positive[0])
    ends = _range(kind, over)
    values = np.linspace(ends[0], ends[-1], FINE)
    for _ in range(ROUNDS):
        codes = phase_diagram(rule, lr_curvature=[a], over=over, values=values).regime.values[0]
        turns = np.flatnonzero(np.isin(codes[:-1], REAL) & (codes[1:] == COMPLEX))
        if not len(turns):
            raise PolyakError(
                f"no critical damping here: at {lr} {readable(rule.settings()[lr], 6)} no {over} brings it about"
            )
        values = np.linspace(values[turns[0]], values[turns[0] + 1], FINE)
    return {over: float(values[0])}
