"""A few rows that stand for all, where a loss asks only for means and products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from polyak.data import Data


def sigma_points(data: Data) -> Data:
    r"""Rows with the mean and the covariance of all of them: the mean of the rows z, plus and minus those of R.

    With Z the rows less their mean, one column for the label, and Z^T Z / n = R^T R / m for R of m columns, the 2 m
    rows \bar z \pm R_i have the mean of any quadratic function of a row that all rows have; least squares for one.
    Nothing is squared on the way, so that nothing cancels. Data of no more rows than that is returned as it is.

    Source: Julier, S. & Uhlmann, J. (1997). A new extension of the Kalman filter to nonlinear systems, section 3.

    >>> data = Data.from_arrays([[1.0], [2.0], [4.0], [8.0], [9.0]], [2.0, 1.0, 5.0, 7.0, 8.0])
    >>> few = sigma_points(data)
    >>> few.rows, bool(np.isclose(few.labels.var(), data.labels.var(), rtol=1e-14))
    (4, True)
    """
    rows = np.column_stack([data.features, data.labels])
    count, columns = rows.shape
    if count <= 2 * columns:
        return data
    mean = rows.mean(axis=0)
    spread = np.linalg.qr((rows - mean) * np.sqrt(columns / count), mode="r")
    points = np.concatenate([mean + spread, mean - spread])
    return replace(data, features=points[:, :-1], labels=points[:, -1])
