"""What is known of the curvature of a model's loss: numbers, how far they are known, and over which rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.run.result import Result
from polyak.theory.spectral_density import Density

FEW = 0.05  # relative: from here on the bias of few rows is said as one
NAMED = {"hessian": "the Hessian", "gauss_newton": "the Gauss-Newton matrix"}


@dataclass(frozen=True, eq=False, repr=False)
class Curvature(Result):
    """The curvatures of a model's loss at its parameters of the day, over some of its rows.

    Attributes:
        model: what the model is called.
        mode: "train mode" or "eval mode"; empty where it has none.
        kind: "hessian" or "gauss_newton".
        size: how many parameters there are.
        values: the largest eigenvalues, falling, shape (top,).
        errors: how far an eigenvalue is from each at most, shape (top,); of the matrix over these very rows.
        highest: 99 times of 100 no eigenvalue lies above it; nan where the search was too long to say so.
        bottom: the smallest eigenvalues, rising, shape (bottom,); bottom_errors: theirs.
        lowest_seen: some direction is as low as that: no smaller one was met.
        met: whether the errors are as small as was asked.
        rows: over how many rows all of this is.
        all_rows: whether these are all that the batches have.
        unseen: the curvature of the top's direction over rows that the top was not read from; nan where there were
            none. unseen_error: its standard error, nan of one batch; unseen_rows: how many rows.
        density: the spectrum as a measure, with the trace and its interval; None where no vectors were spent on it.
        layers: the largest eigenvalue of each layer's own block, by the layer's name; layer_errors: theirs.
        products: how many products with the matrix over these rows this took, those for rows and layers beside.
    """

    model: str
    mode: str
    kind: str
    size: int
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    highest: float
    bottom: NDArray[np.float64]
    bottom_errors: NDArray[np.float64]
    lowest_seen: float
    met: bool
    rows: int
    all_rows: bool
    unseen: float
    unseen_error: float
    unseen_rows: int
    density: Density | None = None
    products: int = 0
    layers: dict[str, float] = field(default_factory=dict)
    layer_errors: dict[str, float] = field(default_factory=dict)

    @property
    def top(self) -> float:
        """The largest eigenvalue: the sharpness."""
        return float(self.values[0])

    @property
    def bias(self) -> float:
        """By how much of itself the top is too large at most, on average, for want of rows; 0 over all, nan unknown.

        A direction that is chosen on some rows is steeper there than anywhere: over rows that it was not chosen on
        the same direction is no steeper than the top of all rows, on average, and the top of some rows no less so.
        """
        if self.all_rows:
            return 0.0
        return (self.top - self.unseen) / abs(self.top) if self.top else 0.0

    @property
    def trace(self) -> float:
        """The sum of all eigenvalues, as estimated; nan where it was not asked for."""
        return math.nan if self.density is None else self.density.trace

    @property
    def trace_interval(self) -> tuple[float, float]:
        """Where the trace lies, 95 times of 100."""
        return (math.nan, math.nan) if self.density is None else self.density.trace_interval

    @property
    def sharpest(self) -> str | None:
        """The layer whose own block has the largest eigenvalue; None where they were not asked for."""
        return max(self.layers, key=self.layers.__getitem__) if self.layers else None

    @property
    def scope(self) -> str:
        """What all of this is true of."""
        rows = f"all {self.rows:,} rows" if self.all_rows else f"{self.rows:,} rows"
        mode = f", {self.mode}" if self.mode else ""
        return f"{NAMED[self.kind]} of {self.model} at today's parameters, over {rows}{mode}"

    def words(self) -> tuple[str, ...]:
        """What is known, a sentence each."""
        values = ", ".join(readable(value) for value in self.values)
        said = [
            f"{_capital(self.scope)}: largest curvature{'s' * (len(self.values) > 1)} {values}{self._within()}."
        ]
        if math.isfinite(self.highest) and self.highest > self.top + self.errors[0]:
            said.append(f"Above {readable(self.highest)} there is none, 99 times of 100.")
        if not self.met:
            said.append("The error asked for was not reached.")
        return (*said, *self._of_rows(), *self._of_the_rest(), f"{self.products} products with it.")

    def _of_the_rest(self) -> list[str]:
        said = []
        if len(self.bottom):
            values = ", ".join(readable(value) for value in self.bottom)
            error = readable(self.bottom_errors.max(), 2)
            said.append(f"Smallest: {values}, within {error}.")
        elif self.lowest_seen < -self.errors[0]:
            said.append(f"Some direction bends down, by {readable(self.lowest_seen)} at least.")
        if self.density is not None:
            low, high = (readable(end) for end in self.density.trace_interval)
            said.append(f"Trace {readable(self.trace)}, 95 times of 100 between {low} and {high}.")
        if self.sharpest is not None:
            named = ", ".join(f"{name} {readable(value)}" for name, value in self.layers.items())
            said.append(f"Of each layer's own block the largest: {named}; {self.sharpest} is the sharpest.")
        return said

    def _within(self) -> str:
        each = "each " if len(self.values) > 1 else ""
        return f", {each}within {readable(float(self.errors.max()), 2)}"

    def _of_rows(self) -> list[str]:
        if self.all_rows:
            return []
        if math.isnan(self.bias):
            return [
                "A reading of these rows alone is too large, nobody knows by how much: there were no others."
            ]
        there = f"over {self.unseen_rows:,} rows that it was not read from"
        said = f"The direction of the largest has {readable(self.unseen)} {there}"
        if self.bias > FEW:
            return [
                f"{said}: on average the largest of all rows lies between the two, so this is a reading of few rows."
            ]
        return [f"{said}."]

    def __str__(self) -> str:
        return " ".join(self.words())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
