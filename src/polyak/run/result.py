"""What every result can do: be drawn and be shown, without knowing who draws it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# By name, as pandas and xarray name their plotting backends: results know nothing of the floors above.
PLOTTING_BACKEND = "polyak.show"


class Result(Shown):
    """The base of traces and histories."""

    def plot(self, **options: Any) -> Figure:
        """A matplotlib Figure of this result; the options are those of `polyak.show`'s figure for it."""
        figure: Figure = importlib.import_module(PLOTTING_BACKEND).plot(self, **options)
        return figure

    def _png(self) -> bytes | None:
        import io

        buffer = io.BytesIO()
        self.plot().savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def first_not_finite(values: NDArray[np.floating[Any]]) -> int | None:
    """The first index at which not all of the values are finite; None if all are."""
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    return None if finite.all() else int(np.argmin(finite))
