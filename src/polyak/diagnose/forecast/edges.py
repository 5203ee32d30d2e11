"""Which settings lie past their own edge at a batch size: the mean-square edge, on the rows in the directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.linearised import Linearised
from polyak.diagnose.forecast.outputs_loss import OutputsLoss
from polyak.diagnose.forecast.settings import Settings
from polyak.diagnose.forecast.steps import Steps
from polyak.theory.model_subspace import FLAT, Subspace
from polyak.theory.motion import times

MOST = 12  # directions whose noise is told jointly: the steepest


def past_edges(
    near: Linearised, all_steps: Steps, settings: Settings, batch_size: int, rows: int
) -> NDArray[np.bool_]:
    """Whether each setting's learning rate is past its edge; one edge a momentum, the curvature of the loss alone."""
    space = in_space(near, rows)
    if space is None:
        return np.zeros(len(settings), dtype=bool)
    edges: dict[float, float] = {}
    past = []
    for k in range(len(settings)):
        key = float(settings.momentum[k])
        if key not in edges:
            step, lr = all_steps.step_map(k), float(settings.lr[k])
            factor = space.edge(lambda f, step=step: times(step, f), min(batch_size, rows), replace=False)  # type: ignore[misc]
            edges[key] = factor * lr
        past.append(settings.lr[k] > edges[key])
    return np.array(past)


def in_space(near: Linearised, rows: int) -> Subspace | None:
    """The rows' own curvatures in the steepest directions; None where there is none."""
    H = _curvatures(near.loss, near.outputs, near.moves)
    values, U = np.linalg.eigh(H.mean(0))
    kept = np.flatnonzero(values > FLAT * max(float(values[-1]), 0.0))[-MOST:]
    if not len(kept):
        return None
    turned = np.einsum("nab,aw,bx->nwx", H, U[:, kept], U[:, kept], optimize=True)
    mean = turned.mean(0)
    k = len(kept)
    flat = turned.reshape(-1, k * k)
    fourth = (flat.T @ flat / len(flat)).reshape(k, k, k, k) - np.einsum("ab,cd->abcd", mean, mean)
    return Subspace(values[kept], fourth.transpose(0, 3, 1, 2), rows, len(flat))


def _curvatures(loss: OutputsLoss, z: NDArray[np.float32], moves: NDArray[np.float32]) -> NDArray[np.float64]:
    """H_i = M_i^T S_i M_i of each row, shape (rows, K, K)."""
    weights = np.broadcast_to(np.asarray(loss.weights, np.float32), z.shape)
    if loss.kind == "softmax":
        p = np.exp(z - z.max(0))
        p /= p.sum(0)
        mean = (p[..., None] * moves).sum(0, keepdims=True)
        found = np.einsum("cnb,cnbk,cnbl->nkl", weights * p, moves - mean, moves - mean, optimize=True)
        return np.asarray(found, np.float64)
    slope = weights if loss.kind == "squared" else weights / (2 + 2 * np.cosh(z))
    return np.asarray(np.einsum("cnb,cnbk,cnbl->nkl", slope, moves, moves, optimize=True), np.float64)
