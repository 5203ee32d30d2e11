"""Epochs of mini-batches over every seed: compiled and side by side, or one by one where a rule cannot be traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import jax
import jax.numpy as jnp
from jax import lax

from polyak.ground.compiled import OPTIONS, QUICK, jitted
from polyak.ground.types import Pytree
from polyak.problems.on_device import Rows
from polyak.problems.problem import Loss
from polyak.rules import Transformation
from polyak.run.loop import Carry, Loop, eager_loop, loop, start, unstacked

Gradient = Callable[..., Pytree]  # of the parameters, features and labels
Begin = Callable[[Loss, Transformation, Pytree, Rows], tuple[Carry, jax.Array]]
Advance = Callable[[Loss, Transformation, Carry, Rows, Rows, Pytree], tuple[Carry, jax.Array]]
Orders = Pytree  # which rows each batch holds: of the records, of the rest and of the last batch


@cache
def engine(*, quick: bool = False) -> tuple[Begin, Advance]:
    """`begin` and `advance`, compiled at their first call for each rule, problem and shape.

    If `quick`, in about a third of the time, for code that runs about three times slower.
    """
    options = QUICK if quick else OPTIONS
    return jitted(begin, options, static=(0,)), jitted(advance, options, static=(0,))


def begin(loss: Loss, rule: Transformation, params: Pytree, whole: Rows) -> tuple[Carry, jax.Array]:
    """The carry and the loss before the first step, with a leading axis of seeds, as `params` have."""
    first: tuple[Carry, jax.Array] = jax.vmap(lambda params: (start(rule, params), loss(params, *whole)))(
        params
    )
    return first


def advance(
    loss: Loss, rule: Transformation, carry: Carry, rows: Rows, whole: Rows, batches: Orders
) -> tuple[Carry, jax.Array]:
    """Some epochs of every seed: the carry, and the losses of shape (seeds, epochs, records).

    Batches are drawn from `rows`; the losses are those over `whole`.
    """
    epoch = one_epoch(loop, jax.grad(loss), loss, rule, rows, whole)
    ends: tuple[Carry, jax.Array] = jax.vmap(partial(lax.scan, epoch))(carry, batches)
    return ends


def begin_eager(loss: Loss, rule: Transformation, params: Pytree, whole: Rows) -> tuple[Carry, jax.Array]:
    """The same as `begin`, seed after seed."""
    return _stacked([(start(rule, first), loss(first, *whole)) for first in unstacked(params)])


def advance_eager(
    loss: Loss, rule: Transformation, carry: Carry, rows: Rows, whole: Rows, batches: Orders
) -> tuple[Carry, jax.Array]:
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
def _compiled(loss: Loss) -> tuple[Gradient, Loss]:
    """The gradient and the loss, compiled once for all epochs and trainings."""
    return jitted(jax.grad(loss)), jitted(loss)


def one_epoch(
    run: Loop, slope: Gradient, loss: Loss, rule: Transformation, rows: Rows, whole: Rows
) -> Callable[[Carry, Orders], tuple[Carry, jax.Array]]:
    """One epoch, by the compiled loop or by the eager one: epoch(carry, parts) -> the carry and the losses recorded."""

    def part(carry: Carry, chosen: jax.Array) -> tuple[Carry, jax.Array]:
        ends: tuple[Carry, jax.Array] = run(
            rule,
            lambda params, batch: slope(params, *batch),
            lambda params: loss(params, *whole),
            carry,
            (rows[0][chosen], rows[1][chosen]),
        )
        return ends

    def epoch(carry: Carry, parts: Orders) -> tuple[Carry, jax.Array]:
        losses = []
        for chosen in parts:  # the regular records, the rest of the full batches, the last batch
            if chosen.size:
                carry, recorded = part(carry, chosen)
                losses.append(recorded)
        if len(losses) > 1 and parts[2].size and parts[1].size:
            losses.pop(-2)  # the rest is recorded with the last batch, at the epoch's end
        return carry, jnp.concatenate(losses)

    return epoch


def _stacked(trees: list[tuple[Carry, jax.Array]]) -> tuple[Carry, jax.Array]:
    leaves = [jax.tree.leaves(tree) for tree in trees]
    stacked = [jnp.stack(list(map(jnp.asarray, same))) for same in zip(*leaves, strict=True)]
    ends: tuple[Carry, jax.Array] = jax.tree.unflatten(jax.tree.structure(trees[0]), stacked)
    return ends
