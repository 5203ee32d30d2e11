"""`pk.curvature`: how curved a model's loss is at its parameters of the day, over as many rows as it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from polyak.frameworks.bridge import Bridge
from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Pytree
from polyak.models import Model
from polyak.models import model as model_of
from polyak.problems import Problem
from polyak.problems.on_device import on_device
from polyak.run.batches import parameter_generator
from polyak.theory.curvature_result import NAMED, Curvature
from polyak.theory.enough_rows import Rows
from polyak.theory.extremes import MOST_PRODUCTS, ROOM, Extremes, extremes
from polyak.theory.hessian import require_shapes
from polyak.theory.model_hessian import Block, Kind, ModelHessian, layers
from polyak.theory.spectral_density import density

VECTORS = 4  # for the density and the trace, where more than the top is asked for


def curvature(
    model: Model | Problem,
    *,
    top: int = 1,
    bottom: int = 0,
    kind: Kind = "hessian",
    by: Literal["layer"] | None = None,
    rows: int | None = None,
    bias: float = 0.1,
    accuracy: float = 0.05,
    vectors: int | None = None,
    params: Pytree = None,
    seed: int = 0,
    room: int = ROOM,
    most_products: int = MOST_PRODUCTS,
    progress: Progress = silent,
) -> Curvature:
    """The largest and smallest curvatures of a model's loss, their density and their sum.

    Args:
        model: from `pk.model`; or a Problem, of which all rows are read, in float64.
        top: how many of the largest eigenvalues; bottom: how many of the smallest. All, where there are fewer.
        kind: "hessian", of the loss; or "gauss_newton", J^T (grad^2 l) J, of the linearised model's loss, which has
            no negative curvature where the loss of the outputs is convex.
        by: "layer" for the largest eigenvalue of each layer's own block as well, at about 8 products a layer.
        rows: over how many rows at least, in the loader's order; by default as many as the bias asked for takes.
        bias: how much too large the top may be, of itself, for want of rows: between 0 and 1.
        accuracy: of each value over the rows that are read, relative (of the bottom: to the largest in size).
        vectors: random ones, 8 products each, for the density and the trace; 4 by default, none for the top alone.
        params: where a Problem's Hessian is taken; its first parameters of seed 0 by default.
        seed: of the random vectors.
        room: bytes that the vectors of the method may take; of larger models they are fewer, and products more.
        most_products: after which the search ends with the errors that it then has.
        progress: called with (products done, products at most).

    Returns a Curvature. Ctrl-C ends it, and the model is as it was. Raises PolyakError for what is no model, for
    numbers out of range and for a product that is not finite.

    >>> import jax.numpy as jnp
    >>> def loss(params, batch):
    ...     return 0.5 * (jnp.array([21.6, 1.0, -38.8]) * params["x"] ** 2).sum() + 0 * batch.sum()
    >>> from polyak.models import model
    >>> found = curvature(model(loss, {"x": jnp.ones(3)}, [jnp.ones(1)]))
    >>> round(found.top, 4), round(found.lowest_seen, 4)
    (21.6, -38.8)
    """
    top, bottom = whole_number("top", top, 1), whole_number("bottom", bottom, 0)
    _check(kind, by, bias, accuracy)
    vectors = (VECTORS if top > 1 else 0) if vectors is None else whole_number("vectors", vectors, 0)
    search = partial(
        extremes,
        top=top,
        bottom=bottom,
        accuracy=accuracy,
        seed=seed,
        most_products=whole_number("most_products", most_products, 1),
        room=whole_number("room", room, 1),
        progress=progress,
    )
    at_least = 1 if rows is None else whole_number("rows", rows, 1)
    with jax.enable_x64(True) if isinstance(model, Problem) else nullcontext():
        bridge = _bridge(model, kind, params)
        with closing(Rows(bridge)) as read:
            read.use(at_least)
            result, H, found = _enough_rows(read, kind, search, None if rows else bias)
        if vectors:
            with H:
                result = replace(result, density=density(found, vectors, seed=seed, progress=progress))
        result = replace(result, products=found.krylov.products)
        return _with_layers(result, bridge, H, search) if by else result


Search: TypeAlias = Callable[..., Extremes]


def _enough_rows(
    read: Rows, kind: Kind, search: Search, allowed: float | None
) -> tuple[Curvature, ModelHessian, Extremes]:
    """The ends of the spectrum over as many rows as keep the bias to what is allowed, or over those that are used."""
    bridge = read.bridge
    while True:
        with ModelHessian(bridge, read.used, kind) as H:
            found = search(H)
        unseen = read.unseen(found.vector(found.top[0]), kind)
        values, errors = found.ritz.values, found.ritz.errors
        result = Curvature(
            model=bridge.name,
            mode=bridge.mode,
            kind=kind,
            size=bridge.size,
            values=values[found.top],
            errors=errors[found.top],
            highest=found.highest,
            bottom=values[found.bottom],
            bottom_errors=errors[found.bottom],
            lowest_seen=float(values[0]),
            met=found.met,
            rows=H.rows,
            all_rows=read.all,
            unseen=unseen.value,
            unseen_error=unseen.error,
            unseen_rows=unseen.rows,
        )
        # a lucky reading of the other rows must not end it: with its standard error, where that is known
        worst = result.bias + np.nan_to_num(unseen.error) / max(abs(result.top), np.finfo(float).tiny)
        if allowed is None or result.all_rows or not worst > allowed:
            return result, H, found
        read.use(read.enough(worst, allowed))


def _with_layers(result: Curvature, bridge: Bridge, H: ModelHessian, search: Search) -> Curvature:
    """The same, with the largest eigenvalue of each layer's own block."""
    values, errors = {}, {}
    for name, slices in layers(bridge.names, bridge.shapes).items():
        with H:
            found = search(Block(H, slices), top=1, bottom=0)
        values[name] = float(found.ritz.values[found.top[0]])
        errors[name] = float(found.ritz.errors[found.top[0]])
    return replace(result, layers=values, layer_errors=errors)


def _bridge(model: Model | Problem, kind: Kind, params: Pytree) -> Bridge:
    """To a model; of a problem, one of all its rows in one batch."""
    if not isinstance(model, Problem):
        if not isinstance(model, Model):
            raise PolyakError(
                f"curvature of a {type(model).__name__}, expected pk.model(...) or a problem such as"
                " linear_regression(data)"
            )
        if params is not None:
            raise PolyakError(
                "params are given, but a model's curvature is taken at its own, and only a problem's at others"
            )
        return model.bridge
    if kind != "hessian":
        raise PolyakError(
            f"kind is {kind}, but a problem's outputs are not told from its loss: expected hessian"
        )
    point = model.init(parameter_generator(0)) if params is None else params
    require_shapes(model, point)

    def loss(params: Pytree, batch: tuple[jax.Array, jax.Array]) -> jax.Array:
        return model.loss(params, *batch)

    loss.__name__ = model.name
    arrays = jax.tree.map(lambda x: jnp.asarray(x, dtype=jnp.float64), point)
    return model_of(loss, arrays, [on_device(model, "float64")[0]]).bridge


def _check(kind: str, by: str | None, bias: float, accuracy: float) -> None:
    if kind not in NAMED:
        raise unknown("kind of curvature", kind, NAMED)
    if by not in {None, "layer"}:
        raise PolyakError(f"by is {by!r}, expected 'layer' or None")
    for name, value in (("bias", bias), ("accuracy", accuracy)):
        if not 0 < value < 1:
            raise PolyakError(f"{name} is {readable(value)}, expected a number between 0 and 1")
