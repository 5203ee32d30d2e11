"""`pk.stability` of an optimizer on the user's own model: its rule today, the model's curvature, and both edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing

import numpy as np

from polyak.frameworks.bridge import Batch, Bridge, Local, Vector
from polyak.frameworks.classify import reading_of
from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.theory.basis import as_numpy, at_home
from polyak.theory.enough_rows import Rows
from polyak.theory.extremes import extremes
from polyak.theory.model_hessian import Kind, ModelHessian
from polyak.theory.model_stability import ModelStability
from polyak.theory.model_subspace import DIRECTIONS, Preconditioned, Subspace, roots_and_pulls, subspace
from polyak.theory.motion import Motion, motion

ROWS = 1024  # over which curvatures are read, where no other number is named
ACCURACY = 1e-3  # of the largest curvature, relative
QUADRATIC_TO = (
    1e-3  # relative, in float32: how far a quadratic's gradient may be from its own second derivative
)


def model_stability(
    optimizer: object,
    model: Model,
    *,
    state: Pytree = None,
    batch_size: int | None = None,
    replace: bool = True,
    kind: Kind = "hessian",
    rows: int | None = None,
    directions: int = DIRECTIONS,
    seed: int = 0,
    progress: Progress = silent,
) -> ModelStability:
    """The edges of an optimizer on a model; `polyak.stability` says what the arguments are.

    >>> import jax.numpy as jnp
    >>> import polyak as pk
    >>> def loss(w, batch):
    ...     return 0.5 * (batch * w**2).sum(1).mean()
    >>> model = pk.model(loss, jnp.ones(2), [jnp.array([[1.0, 9.0], [3.0, 11.0]])])
    >>> found = model_stability(pk.HeavyBall(lr=0.1, momentum=0.9), model)
    >>> round(found.sharpness, 3), round(found.max_lr, 3)  # 3.8/10
    (10.0, 0.38)
    """
    bridge = model.bridge
    if kind not in ("hessian", "gauss_newton"):
        raise unknown("kind of curvature", kind, ("hessian", "gauss_newton"))
    if batch_size is not None:
        batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=bridge.total_rows)
    moved = motion(reading_of(optimizer, bridge, state))
    with closing(Rows(bridge)) as read:
        read.use(ROWS if rows is None else whole_number("rows", rows, at_least=1))
        batches, count = tuple(read.used), read.count
        a, error, unseen, products = _largest(read, moved, kind, seed, progress)
        of = count if read.all else bridge.total_rows
    squared = _is_squared(bridge, batches[0])
    near, without = None, ""
    if batch_size is not None:
        near, without = _in_batches(bridge, batches, moved, of or count, directions, seed, progress)
    mean_square = math.nan
    if near is not None and batch_size is not None:
        mean_square = near.edge(moved.step_at, batch_size, replace=replace)
    return ModelStability(
        optimizer=moved.reading.label,
        model=bridge.name,
        mode=bridge.mode,
        kind=kind,
        rows=count,
        of=of,
        a=a,
        error=error,
        unseen=unseen,
        full_batch=moved.factor_of(a),
        mean_square=mean_square,
        without=without,
        batch_size=batch_size,
        replace=replace,
        squared=squared,
        products=products + (0 if near is None else 2 * directions),
        motion=moved,
        subspace=near,
    )


def _largest(
    read: Rows, moved: Motion, kind: Kind, seed: int, progress: Progress
) -> tuple[float, float, float, int]:
    """The largest a, its relative error, the same on rows that it was not read over, and the products spent."""
    root, pull = map(at_home, roots_and_pulls(read.bridge, moved))
    with ModelHessian(read.bridge, read.used, kind) as H:
        found = extremes(
            Preconditioned(H, root, pull), top=1, accuracy=ACCURACY, seed=seed, progress=progress
        )
    at = found.top[0]
    a, error = float(found.ritz.values[at]), float(found.ritz.errors[at])
    w: Vector = root * found.vector(at)
    unseen = read.unseen(w, kind).value + float(as_numpy(w) @ as_numpy(pull * w))
    return a, error / max(abs(a), np.finfo(float).tiny), unseen, found.krylov.products


def _in_batches(
    bridge: Bridge,
    batches: tuple[Batch, ...],
    moved: Motion,
    rows: int,
    directions: int,
    seed: int,
    progress: Progress,
) -> tuple[Subspace | None, str]:
    """The rows in a few directions, or why there are none."""
    with bridge.on(batches[0]) as local:
        reason = "" if local.splits else _why_not(local.outputs)
    if reason:
        return None, reason
    return subspace(
        bridge, batches, moved, rows=rows, directions=directions, seed=seed, progress=progress
    ), ""


def _why_not(ask: Callable[[], object]) -> str:
    try:
        ask()
    except PolyakError as error:
        return str(error)
    return "the outputs cannot be told from the loss"


def _is_squared(bridge: Bridge, batch: Batch) -> bool | None:
    """Whether the loss is quadratic in the outputs: whether its gradient moves as its second derivative says."""
    with bridge.on(batch) as local:
        return _quadratic(local) if local.splits else None


def _quadratic(local: Local) -> bool:
    outputs = local.outputs()
    move = outputs * 0 + 1 + abs(outputs)
    half = as_numpy(local.loss_gradient(outputs + move)) - as_numpy(local.loss_gradient(outputs))
    said = as_numpy(local.loss_hessian(move))
    return bool(np.abs(half - said).max() <= QUADRATIC_TO * np.abs(said).max(initial=0.0))
