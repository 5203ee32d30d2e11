"""Epochs of mini-batches over every seed: compiled and side by side, or one by one where a rule cannot be traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import jax
import jax.numpy as jnp
from jax import lax

from polyak.ground.compiled import QUICK, THOROUGH, jitted
from polyak.ground.types import Pytree
from polyak.rules import Transformation
from polyak.run.evaluation import Evaluation, Looked, Seen
from polyak.run.loop import Carry, Loop, eager_loop, loop, start, unstacked

Gradient = Callable[..., Pytree]  # of the parameters and a batch's rows
Observe = Callable[[Pytree, Looked], Seen]
Drawn = tuple[Pytree, ...]
"""The rows that batches are drawn from: arrays with the rows along their first axis."""
Begin = Callable[[Evaluation, Transformation, Pytree, Looked], tuple[Carry, Seen]]
Advance = Callable[[Evaluation, Transformation, Carry, Drawn, Looked, Pytree], tuple[Carry, Seen]]
Orders = Pytree  # which rows each batch holds: of the records, of the rest and of the last batch


@cache
def engine(*, quick: bool = False) -> tuple[Begin, Advance]:
    """`begin` and `advance`, compiled at their first call for each rule, problem and shape.

    If `quick`, in about a third of the time, for code that runs about three times slower.
    """
    options = QUICK if quick else THOROUGH
    return jitted(begin, options, static=(0,)), jitted(advance, options, static=(0,))


def begin(evaluation: Evaluation, rule: Transformation, params: Pytree, looked: Looked) -> tuple[Carry, Seen]:
    """The carry and what is seen before the first step, with a leading axis of seeds, as `params` have."""
    first: tuple[Carry, Seen] = jax.vmap(
        lambda params: (start(rule, params), evaluation.seen(params, looked))
    )(params)
    return first


def advance(
    evaluation: Evaluation,
    rule: Transformation,
    carry: Carry,
    rows: Drawn,
    looked: Looked,
    batches: Orders,
) -> tuple[Carry, Seen]:
    """Some epochs of every seed: the carry, and what was seen, of shape (seeds, epochs, records).

    Batches are drawn from `rows`; nothing else is trained on.
    """
    epoch = one_epoch(loop, jax.grad(evaluation.loss), evaluation.seen, rule, rows, looked)
    ends: tuple[Carry, Seen] = jax.vmap(partial(lax.scan, epoch))(carry, batches)
    return ends


def begin_eager(
    evaluation: Evaluation, rule: Transformation, params: Pytree, looked: Looked
) -> tuple[Carry, Seen]:
    """The same as `begin`, seed after seed."""
    return _stacked([(start(rule, first), evaluation.seen(first, looked)) for first in unstacked(params)])


def advance_eager(
    evaluation: Evaluation,
    rule: Transformation,
    carry: Carry,
    rows: Drawn,
    looked: Looked,
    batches: Orders,
) -> tuple[Carry, Seen]:
    """The same as `advance`, step after step; only the gradient and what is seen are compiled."""
    slope, observe = _compiled(evaluation)
    epoch = one_epoch(eager_loop, slope, observe, rule, rows, looked)
    ends = []
    for one, epochs in zip(unstacked(carry), unstacked(batches), strict=True):
        records = []
        for parts in unstacked(epochs):
            one, seen = epoch(one, parts)  # noqa: PLW2901
            records.append(seen)
        ends.append((one, jax.tree.map(lambda *each: jnp.stack(each), *records)))
    return _stacked(ends)


@cache
def _compiled(evaluation: Evaluation) -> tuple[Gradient, Observe]:
    """The gradient and the observation, compiled once for all epochs and trainings."""
    return jitted(jax.grad(evaluation.loss)), jitted(evaluation.seen)


def one_epoch(
    run: Loop, slope: Gradient, observe: Observe, rule: Transformation, rows: Drawn, looked: Looked
) -> Callable[[Carry, Orders], tuple[Carry, Seen]]:
    """One epoch, by the compiled loop or by the eager one: epoch(carry, parts) -> the carry and what was seen."""

    def part(carry: Carry, chosen: jax.Array) -> tuple[Carry, Seen]:
        ends: tuple[Carry, Seen] = run(
            rule,
            lambda params, batch: slope(params, *batch),
            lambda params: observe(params, looked),
            carry,
            jax.tree.map(lambda array: array[chosen], rows),
        )
        return ends

    def epoch(carry: Carry, parts: Orders) -> tuple[Carry, Seen]:
        seen = []
        for chosen in parts:  # the regular records, the rest of the full batches, the last batch
            if chosen.size:
                carry, recorded = part(carry, chosen)
                seen.append(recorded)
        if len(seen) > 1 and parts[2].size and parts[1].size:
            seen.pop(-2)  # the rest is recorded with the last batch, at the epoch's end
        return carry, jax.tree.map(lambda *each: jnp.concatenate(each), *seen)

    return epoch


def _stacked(trees: list[tuple[Carry, Seen]]) -> tuple[Carry, Seen]:
    leaves = [jax.tree.leaves(tree) for tree in trees]
    stacked = [jnp.stack(list(map(jnp.asarray, same))) for same in zip(*leaves, strict=True)]
    ends: tuple[Carry, Seen] = jax.tree.unflatten(jax.tree.structure(trees[0]), stacked)
    return ends
