"""Epochs of mini-batches over every seed: compiled and side by side, or one by one where a rule cannot be traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyak.run.compiled import jitted
from polyak.run.loop import Carry, eager_loop, loop, start, unstacked

Loss = Callable[[Any, Any, Any], Any]
Rows = tuple[Any, Any]  # features and labels

# XLA's newer emitters of fused loops take half of a training's compilation, on a CPU, and their code runs no faster.
COMPILER_OPTIONS = {"xla_cpu_use_fusion_emitters": False}
QUICK_OPTIONS = {**COMPILER_OPTIONS, "xla_backend_optimization_level": 0}


@cache
def engine(*, quick: bool = False) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`begin` and `advance`, compiled at their first call for each rule, problem and shape.

    If `quick`, in about a third of the time, for code that runs about three times slower.
    """
    options = QUICK_OPTIONS if quick else COMPILER_OPTIONS
    return jitted(begin, options), jitted(advance, options)


def begin(loss: Loss, rule: Any, params: Any, whole: Rows) -> tuple[Carry, Any]:
    """The carry and the loss before the first step, with a leading axis of seeds, as `params` have."""
    begun: tuple[Carry, Any] = jax.vmap(lambda params: (start(rule, params), loss(params, *whole)))(params)
    return begun


def advance(loss: Loss, rule: Any, carry: Carry, rows: Rows, whole: Rows, batches: Any) -> tuple[Carry, Any]:
    """Some epochs of every seed: the carry, and the losses of shape (seeds, epochs, records).

    Batches are drawn from `rows`; the losses are those over `whole`.
    """
    epoch = one_epoch(loop, jax.grad(loss), loss, rule, rows, whole)
    ends: tuple[Carry, Any] = jax.vmap(partial(lax.scan, epoch))(carry, batches)
    return ends


def begin_eager(loss: Loss, rule: Any, params: Any, whole: Rows) -> tuple[Carry, Any]:
    """The same as `begin`, seed after seed."""
    begun = [(start(rule, first), loss(first, *whole)) for first in unstacked(params)]
    return _stacked(begun)


def advance_eager(
    loss: Loss, rule: Any, carry: Carry, rows: Rows, whole: Rows, batches: Any
) -> tuple[Carry, Any]:
    """The same as `advance`, step after step; only the gradient and the loss are compiled."""
    epoch = one_epoch(eager_loop, *_compiled(loss), rule, rows, whole)
    ends = []
    for one, epochs in zip(unstacked(carry), unstacked(batches), strict=True):
        records = []
        for parts in unstacked(epochs):
            one, losses = epoch(one, parts)  # noqa: PLW2901
            records.append(losses)
        ends.append((one, jnp.stack(records)))
    return _stacked(ends)


@cache
def _compiled(loss: Loss) -> tuple[Any, Any]:
    """The gradient and the loss, compiled once for all epochs and trainings."""
    return jax.jit(jax.grad(loss)), jax.jit(loss)


def one_epoch(
    run: Callable[..., Any], slope: Any, loss: Loss, rule: Any, rows: Rows, whole: Rows
) -> Callable[..., Any]:
    """One epoch, by the compiled loop or by the eager one: epoch(carry, parts) -> the carry and the losses recorded."""

    def part(carry: Carry, chosen: Any) -> tuple[Carry, Any]:
        ends: tuple[Carry, Any] = run(
            rule,
            lambda params, batch: slope(params, *batch),
            lambda params: loss(params, *whole),
            carry,
            (rows[0][chosen], rows[1][chosen]),
        )
        return ends

    def epoch(carry: Carry, parts: Any) -> tuple[Carry, Any]:
        losses = []
        for chosen in parts:  # the regular records, the rest of the full batches, the last batch
            if chosen.size:
                carry, recorded = part(carry, chosen)
                losses.append(recorded)
        if len(losses) > 1 and parts[2].size and parts[1].size:
            losses.pop(-2)  # the rest is recorded with the last batch, at the epoch's end
        return carry, jnp.concatenate(losses)

    return epoch


def _stacked(trees: list[tuple[Carry, Any]]) -> tuple[Carry, Any]:
    leaves = [jax.tree.leaves(tree) for tree in trees]
    stacked = [jnp.stack(list(map(jnp.asarray, same))) for same in zip(*leaves, strict=True)]
    ends: tuple[Carry, Any] = jax.tree.unflatten(jax.tree.structure(trees[0]), stacked)
    return ends
