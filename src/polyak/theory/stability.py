r"""Stability: what a rule does on each curvature, from the eigenvalues of its step.

z_{k+1} = (A + lambda B e_x^T) z_k,    stable where the spectral radius is below 1; its size is the rate
"""

from __future__ import annotations

import math
from dataclasses import replace as changed
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Pytree
from polyak.landscapes import Landscape, as_landscape
from polyak.models import Model
from polyak.rules import FromPlane, Optimizer, as_rule
from polyak.run import Trace
from polyak.theory import spectrum
from polyak.theory.batch_edges import BatchEdges, batch_edges
from polyak.theory.curvatures import Curvatures, On, curvatures
from polyak.theory.departure import departure
from polyak.theory.examination import Examination, examine, require_constant
from polyak.theory.held_stability import HeldThere, held_on
from polyak.theory.learning_rate import learning_rate
from polyak.theory.model_edges import model_stability
from polyak.theory.model_hessian import Kind
from polyak.theory.model_stability import ModelStability
from polyak.theory.pencil import Intervals
from polyak.theory.plane_rules import plane_maps
from polyak.theory.stability_result import Stability
from polyak.theory.stable_sets import stable_curvatures, stable_lrs
from polyak.theory.step_map import reduced


@overload
def stability(
    rule: object, on: Model, *, state: Pytree = ..., batch_size: int | None = ..., **more: Any
) -> ModelStability: ...
@overload
def stability(
    rule: object, on: On | None = ..., *, at: int | None = ..., params: Pytree = ..., **more: Any
) -> Stability: ...
def stability(
    rule: object,
    on: On | Model | None = None,
    *,
    at: int | None = None,
    params: Pytree = None,
    batch_size: int | None = None,
    replace: bool = True,
    state: Pytree = None,
    kind: Kind = "hessian",
    rows: int | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Stability | ModelStability:
    """What a rule does on each curvature: eigenvalues, rate, regime, period, and how large its learning rate may be.

    Of the user's own model (`pk.model`) and optimizer: how far today's learning rates are from the edges.

    Args:
        rule: a rule that is linear in the gradient: ours or its name, Optax's, a page's function. A page's function of
            the plane brings its own gradient, and is asked without `on`. One that is linear while its preconditioner
            stays, such as Adam, is asked on a trace, or on a landscape with `at`.
        on: a curvature or a list of them; a Landscape or its name, a Trace, a Problem: see `curvatures`. A trace by
            this rule is held against its curvatures: `follows` says whether it does what they predict. Or a Model, and
            for the rule the optimizer itself, in mid-training as it is: torch's, Keras's; Optax's with `state`.
        at: the step to look at where the rule changes from step to step; a schedule is refused without it. Of an
            adaptive rule: after how many steps, by default all those of a trace.
        params: where a Problem's Hessian is taken.
        batch_size: of least squares, for the edges of training in such batches (`in_batches`); all rows by default. Of
            a Model, for the edge of its linearised training in such batches.
        replace: whether a batch's rows are drawn with replacement.
        state: of a Model: what the `init` or `update` of a rule or an Optax optimizer returned.
        kind: of a Model: of which curvature, "hessian" or "gauss_newton".
        rows: of a Model: over how many rows at least it is read, 1,024 by default.
        progress: of a Model: called with (products done, products at most).
        settings: of a rule that is given by its name or its class.

    Returns a Stability; of an adaptive rule it is said of the curvatures of D^{-1/2} H D^{-1/2}, D its preconditioner
    there, and while that stays. Of a Model it returns a ModelStability. A negative curvature is answered: a saddle, on
    which every rule that works diverges.
    Raises PolyakError for a rule that is not linear, a schedule, curvatures that are 0, nan or of another shape.

    Source: Polyak, B. T. (1964), theorem 9; Goh, G. (2017). Why momentum really works, Distill (which prints
    2 sqrt(beta) where the under-damped rate is sqrt(beta)).

    >>> import polyak as pk
    >>> s = stability(pk.HeavyBall(lr=0.6, momentum=0.5), [0.2, 4])
    >>> s.rates.round(6), s.regimes
    (array([0.707107, 0.707107]), ('under-damped', 'under-damped'))
    >>> round(s.max_lr, 9), s.periods.round(3)
    (0.75, array([28.506,  2.779]))
    >>> print(stability("adam", "ravine", at=50, lr=0.1).origin)
    ravine after 50 steps, while the preconditioner stays
    """
    if isinstance(on, Model):
        _refuse_given(f"{on.bridge.name} is a model", at=at, params=params)
        named = isinstance(rule, str) or bool(settings)
        return model_stability(
            as_rule(rule, **settings) if named else rule,
            on,
            state=state,
            batch_size=batch_size,
            replace=replace,
            kind=kind,
            rows=rows,
            progress=progress,
        )
    given = {} if kind == "hessian" else {"kind": kind}
    _refuse_given("only a Model is asked so", state=state, rows=rows, **given)
    _refuse_on_others(rule)
    rule = as_rule(rule, **settings)
    if isinstance(rule, FromPlane):
        return _of_plane(rule, on, at)
    if on is None:
        raise PolyakError("stability needs curvatures: a list, a landscape, a trace or a problem")
    on = as_landscape(on) if isinstance(on, str) or callable(on) else on
    if isinstance(on, Trace | Landscape) and not Examination(rule).linear:
        _refuse_given("of an adaptive rule in a state", batch_size=batch_size, params=params)
        return _while_held(held_on(rule, on, at), rule)
    edges = None if batch_size is None else batch_edges(rule, on, batch_size=batch_size, replace=replace)
    return _of_linear(rule, on, curvatures(on, params=params), at, edges)


def _of_linear(
    rule: Optimizer, on: On, where: Curvatures, at: int | None, edges: BatchEdges | None
) -> Stability:
    if at is None:
        require_constant(rule)
    examination, state = examine(rule, at)
    step = reduced(*examination.matrices(state=state))
    lr, _ = learning_rate(examination, rule, at or 0)
    lrs = None if lr is None else stable_lrs(examination, rule, lr, state, where.values, at or 0)
    off = math.nan
    if at is None and isinstance(on, Trace) and str(on.rule) == str(rule):
        off = departure(on)
    return _on(rule, where, step.change_on(where.values), lr, lrs, stable_curvatures(step), off, edges)


def _refuse_on_others(rule: object) -> None:
    """Refuse an optimizer of another framework's, which holds parameters: it is asked on the model that they are of."""
    if hasattr(rule, "param_groups") or hasattr(rule, "apply_gradients"):
        raise PolyakError(
            f"{type(rule).__name__} holds parameters, expected stability(optimizer, pk.model(...)) of their model"
        )


def _refuse_given(why: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise PolyakError(f"stability takes no {name} here: {why}")


def _of_plane(rule: FromPlane, on: On | Model | None, at: int | None) -> Stability:
    if on is not None:
        raise PolyakError(f"{rule.name()} brings its own gradient: ask for its stability without curvatures")
    if at is None:
        require_constant(rule)
    maps = plane_maps(rule, at or 0)
    where = Curvatures(np.full(len(maps), np.nan), "the function's own gradient")
    return _on(rule, where, maps - np.eye(maps.shape[-1]), None, None, None)


def _while_held(there: HeldThere, rule: Optimizer) -> Stability:
    changes = there.step.change_on(there.where.values)
    found = _on(rule, there.where, changes, there.lr, there.lrs, there.curvatures)
    return changed(found, preconditioner=there.preconditioner)


def _on(
    rule: Optimizer,
    where: Curvatures,
    changes: NDArray[np.float64],
    lr: str | None,
    lrs: Intervals | None,
    curvatures: Intervals | None,
    off: float = math.nan,
    edges: BatchEdges | None = None,
) -> Stability:
    shifts, log_rates, codes = spectrum.spectrum(changes)
    return Stability(
        rule=rule,
        curvatures=where.values,
        origin=where.origin,
        places=where.places,
        flat=where.flat,
        changes=changes,
        shifts=shifts,
        log_rates=log_rates,
        regimes=tuple(spectrum.REGIMES[code] for code in codes),
        periods=spectrum.period(shifts),
        start=np.eye(changes.shape[-1])[0],
        lr=lr,
        stable_lrs=lrs,
        stable_curvatures=curvatures,
        departure=off,
        in_batches=edges,
    )
