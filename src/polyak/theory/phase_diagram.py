"""The phase diagram of a rule: its rate and its regime over learning rate times curvature, and momentum.

In mini-batches the edges of training on a problem are laid over it: see batch_phases.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.compiled import quickly
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.ground.types import Pytree
from polyak.problems import Problem
from polyak.rules import Optimizer
from polyak.theory import spectrum
from polyak.theory.batch_phases import edges_of
from polyak.theory.datasets import dataset
from polyak.theory.rule_family import WIDE, Family, family, steps_on

if TYPE_CHECKING:
    import xarray as xr

CELLS = 400  # along each axis, by default
TOP = 4.2  # a little over 2 + 2 gamma, the heavy ball's edge at a momentum of 1
AXIS = "lr_curvature"


def phase_diagram(
    rule: object,
    *,
    lr_curvature: Sequence[float] | NDArray[np.float64] | None = None,
    over: str | None = None,
    values: Sequence[float] | NDArray[np.float64] | None = None,
    curvature: float = 1.0,
    on: Problem | None = None,
    batch_size: int | None = None,
    replace: bool = True,
    typical: bool = True,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Rate and regime of a rule on a quadratic, over a = lr * curvature, and its momentum or another setting.

    Args:
        rule: a class of ours (`HeavyBall`) or its name, or a rule with its settings: what is not an axis keeps them.
        lr_curvature: the values of a, 0 or more, shape (n,); 400 from 0 to 4.2 by default.
        over: the setting along the other axis; `momentum` where there is one, else the first other than the lr.
        values: its values, shape (m,); 400 over its range by default.
        curvature: the one that the rule is run on; the eigenvalues of a rule without weight decay know only a.
        on: least squares, for the edges of training on it in batches of `batch_size`; then a is the learning rate times
            its largest curvature.
        batch_size: rows in a batch, each drawn anew.
        replace: whether a batch's rows are drawn with replacement.
        typical: whether a typical run's edge is simulated too: some seconds for each of some eight values.
        progress: called with (values done, values in all) of those.

    Returns an xarray.Dataset with dimensions (lr_curvature, <over>), or (lr_curvature,) where the rule has no other
    number: `rate`, the spectral radius; `regime`, int8 codes whose words are in its attribute `flag_meanings`
    (`polyak.theory.REGIMES`). A setting that is called `rate` is the dimension `rate_setting`. With a problem and a
    batch size also `full_batch`, `mean_square` and `typical` over `<over>_of_edges`, in learning rate times largest
    curvature: see `batch_edges`. Raises PolyakError for a rule that is not linear, for values out of range, and as
    `batch_edges` does.

    Source: Goh, G. (2017). Why momentum really works, Distill, the figure of the convergence rates of momentum.

    >>> import polyak as pk
    >>> p = phase_diagram(pk.HeavyBall, lr_curvature=[1.0, 2.9, 3.1], values=[0.5])
    >>> p.rate.values.ravel().round(6), p.regime.values.ravel()
    (array([0.707107, 0.707107, 1.174166]), array([2, 2, 4], dtype=int8))
    """
    free = family(rule)
    other = _other(free, over)
    if not (np.isfinite(curvature) and curvature > 0):
        raise PolyakError(f"curvature is {curvature}, expected a finite number over 0")
    a = _axis(AXIS, np.linspace(0, TOP, CELLS) if lr_curvature is None else lr_curvature, 0.0, np.inf)
    axes = {AXIS: a}
    if other is not None:
        low, high = free.others[other]
        top = np.nextafter(1, 0) if high == WIDE else high
        axes[other] = _axis(other, np.linspace(low, high, CELLS) if values is None else values, low, top)
    lines = edges_of(free, other, on, batch_size, replace=replace, typical=typical, progress=progress)
    with jax.enable_x64(True):
        names = (free.lr,) if other is None else (free.lr, other)
        grids = [jnp.asarray(a) / curvature, *(jnp.asarray(axis) for axis in list(axes.values())[1:])]
        kept = free.kept(names)
        rates, regimes = map(np.asarray, _cells(free.rule, free.state, kept, names, curvature, *grids))
    diagram = _dataset(free, axes, curvature, rates, regimes)
    return diagram if lines is None else diagram.merge(lines).assign_attrs(diagram.attrs | lines.attrs)


@partial(quickly, static=(2, 3))
def _cells(
    rule: Optimizer,
    state: Pytree,
    kept: tuple[int, ...],
    names: tuple[str, ...],
    curvature: float | jax.Array,
    *grids: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """Rate and regime of every cell: eigenvalues in closed form, all cells at once."""
    settings = dict(zip(names, jnp.meshgrid(*grids, indexing="ij"), strict=True))
    D = steps_on(rule, state, kept, settings, curvature)
    log_rates = spectrum.log_radius(D)
    return jnp.exp(log_rates), spectrum.regime(spectrum.shifts(D), log_rates)


def _other(free: Family, over: str | None) -> str | None:
    if over is not None:
        if over not in (free.lr, *free.others):
            raise unknown(f"setting of {free.name}", over, (free.lr, *free.others))
        if over == free.lr:
            raise PolyakError(f"{over} is the learning rate, which the axis lr_curvature is of")
        return over
    names = list(free.others)
    return "momentum" if "momentum" in names else (names[0] if names else None)


def _axis(name: str, values: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    try:
        axis = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        axis = np.empty((0, 0))
    if axis.ndim != 1 or not axis.size:
        raise PolyakError(f"{name} has shape {axis.shape}, expected a list of numbers")
    bad = axis[~((axis >= low) & (axis <= high)) | ~np.isfinite(axis)]
    if len(bad):
        most = f"below {readable(high, 6)}" if 0 < 1 - high < 1e-9 else f"to {readable(high, 6)}"
        raise PolyakError(
            f"{name} is {readable(bad[0], 6)}, expected finite numbers from {readable(low, 6)} {most}"
        )
    return axis


def _dataset(
    free: Family,
    axes: dict[str, NDArray[np.float64]],
    curvature: float,
    rates: NDArray[np.float64],
    regimes: NDArray[np.int8],
) -> xr.Dataset:
    names = {name: f"{name}_setting" if name in ("rate", "regime") else name for name in axes}
    dims = tuple(names.values())
    about = {"flag_values": list(range(len(spectrum.REGIMES))), "flag_meanings": ", ".join(spectrum.REGIMES)}
    coords = {
        names[name]: (
            names[name],
            values,
            {"long_name": name if name != AXIS else f"{free.lr} times curvature"},
        )
        for name, values in axes.items()
    }
    varied = {free.lr, *axes}
    fixed = {name: value for name, value in free.rule.settings().items() if name not in varied}
    return dataset(
        free.name,
        {
            "rate": (dims, rates, {"long_name": "spectral radius of a step", "units": "1"}),
            "regime": (dims, regimes, {"long_name": "regime", **about}),
        },
        coords,
        settings=", ".join(f"{name}={value}" for name, value in fixed.items()),
        curvature=curvature,
        true_of="quadratics",
    )
