"""The positions of one descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.extras import need
from polyak.ground.numbers import readable
from polyak.ground.version import __version__
from polyak.landscapes import Landscape
from polyak.rules import Optimizer
from polyak.run.result import Result, first_not_finite

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Trace(Result):
    """Where a rule went on a landscape.

    Attributes:
        rule: the rule with its settings.
        landscape: what was descended.
        positions: x at steps 0, 1, 2 ..., shape (steps + 1, n).
        values: f there, shape (steps + 1,).

    >>> import polyak as pk
    >>> trace = pk.descend(pk.GradientDescent(lr=0.6), "ravine", steps=20)
    >>> print(trace)
    gradient_descent(lr=0.6) on ravine, 20 steps: x1 -0.387814, x2 -1673.365109
    """

    rule: Optimizer
    landscape: Landscape
    positions: NDArray[np.floating[Any]]
    values: NDArray[np.floating[Any]]

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.positions) - 1

    @property
    def end(self) -> NDArray[np.floating[Any]]:
        """The last position, shape (n,)."""
        return np.asarray(self.positions[-1])

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """The distance to the nearest known minimiser at each step; nan where none is known."""
        return self.landscape.distance(self.positions)

    def steps_to(self, fraction: float) -> float:
        """The first step from which on the distance stays at or below `fraction`, in (0, 1), of the first distance.

        inf where that does not come in this trace, nan where no minimiser is known.
        """
        if not 0 < fraction < 1:
            raise PolyakError(f"fraction is {fraction}, expected a number in (0, 1)")
        if np.isnan(self.distances[0]):
            return math.nan
        above = np.flatnonzero(~(self.distances <= fraction * self.distances[0]))
        last = int(above[-1]) if len(above) else -1
        return math.inf if last == self.steps else float(last + 1)

    @property
    def diverged_at(self) -> int | None:
        """The first step whose position or value is not finite; None if all are."""
        return first_not_finite(np.column_stack([self.positions, self.values]))

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with dimensions step and coordinate."""
        need("xarray", what="to_xarray", extra="sweep")
        import xarray as xr

        names = [f"x{k + 1}" for k in range(self.landscape.dimension)]
        attrs = {
            "rule": str(self.rule),
            "target": self.landscape.name,
            "dtype": str(self.positions.dtype),
            "version": __version__,
            "diverged_at": -1 if self.diverged_at is None else self.diverged_at,
        }
        return xr.Dataset(
            {
                "position": (("step", "coordinate"), self.positions, {"long_name": "x"}),
                "value": ("step", self.values, {"long_name": "f(x)"}),
                "distance": ("step", self.distances, {"long_name": "distance to the minimiser"}),
            },
            {"step": np.arange(self.steps + 1), "coordinate": names},
            attrs,
        )

    def __str__(self) -> str:
        end = ", ".join(f"x{k + 1} {readable(value, 6, places=6)}" for k, value in enumerate(self.end))
        diverged = f", diverged at step {self.diverged_at}" if self.diverged_at is not None else ""
        return f"{self.rule} on {self.landscape.name}, {self.steps} steps: {end}{diverged}"
