"""A data set: features, what is to be told from them, and where both come from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.shown import Shown


@dataclass(frozen=True, eq=False)
class Data(Shown):
    """Rows of features and their labels.

    Attributes:
        name: what it is called at the terminal.
        features: shape (rows, columns), float64.
        labels: shape (rows,), float64; class numbers 0, 1, 2 ... where there are classes.
        feature_names: one for each column.
        target_name: what the labels are, with their unit.
        classes: the classes' names; empty where the labels are numbers.
        source: who measured it, and where it is to be had.

    >>> Data.from_arrays([[1.0], [2.0], [3.0]], [2.0, 4.0, 7.0]).standardized().features.ravel().round(6)
    array([-1.224745,  0.      ,  1.224745])
    """

    name: str
    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.labels.shape != self.features.shape[:1]:
            raise PolyakError(
                f"{self.name}: features have shape {self.features.shape} and labels {self.labels.shape}, "
                "expected (rows, columns) and (rows,)"
            )
        rows, columns = self.features.shape
        if rows < 2 or columns < 1:
            raise PolyakError(
                f"{self.name} has {rows} rows of {columns} features, expected 2 rows or more of 1"
            )
        bad = np.argwhere(~np.isfinite(np.column_stack([self.features, self.labels])))
        if len(bad):
            row, column = (int(index) for index in bad[0])
            where = (*self.feature_names, self.target_name)[column]
            raise PolyakError(f"{self.name}: row {row + 1}, column {where}: no finite number")

    @classmethod
    def from_arrays(cls, features: ArrayLike, labels: ArrayLike, *, name: str = "arrays") -> Data:
        """A data set from arrays of shape (rows, columns) and (rows,), or (rows, 1)."""
        try:
            # Copies, so that what happens to the caller's arrays later changes nothing here.
            X = np.array(features, dtype=np.float64)
            y = np.array(labels, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise PolyakError(f"{name}: features and labels must be numbers ({error})") from None
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        columns = X.shape[1] if X.ndim == 2 else 0
        return cls(name, X, y, tuple(f"feature {k + 1}" for k in range(columns)), "label")

    def standardized(self) -> Data:
        """Each feature, and a label that is a number, less its mean and over its standard deviation.

        A column that never changes has no standard deviation: it becomes zeros.
        """
        labels = self.labels if self.classes else _standardized(self.labels)
        return replace(self, features=_standardized(self.features), labels=labels)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    def __repr__(self) -> str:
        kind = f"{len(self.classes)} classes" if self.classes else self.target_name
        return f"Data({self.name}: {self.rows} rows, {self.features.shape[1]} features -> {kind})"


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # By the range: the standard deviation of equal numbers may round to a little more than 0.
    constant = np.ptp(values, axis=0) == 0
    spread = np.where(constant, 1.0, values.std(axis=0))
    return np.asarray(np.where(constant, 0.0, (values - values.mean(axis=0)) / spread))
