"""The linear family on lists of tensors, in place: v <- m v + c g, x <- x - (p v + q g)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch

from polyak.frameworks.torch.export.slots import Exported
from polyak.ground.types import Number
from polyak.rules import Coefficients, LinearRule, Wrapper, unwrapped

Tensors = list[torch.Tensor]
CACHED = 1 << 18  # numbers: on a CPU x, v and g of as many stay in the cache from one operation to the next


def is_linear(rule: object) -> bool:
    """Whether a rule is of the family, with nothing around it but what is done to the gradient."""
    while isinstance(rule, Wrapper):
        if type(rule).step is not Wrapper.step:
            return False
        rule = rule.rule
    return isinstance(rule, LinearRule) and type(rule).step is LinearRule.step


def step(rule: Exported, grads: Tensors, velocities: Tensors, params: Tensors, *, maximize: bool) -> None:
    """One step of every parameter, with foreach operations; `grads` are left as they are."""
    row, around = _taken_apart(rule)
    for run in _runs(params):
        g, v, x = grads[run], velocities[run], params[run]
        if v and v[0].dtype != g[0].dtype:
            g = [gradient.to(velocity.dtype) for gradient, velocity in zip(g, v, strict=True)]
        if around and maximize:
            g = torch._foreach_neg(g)  # what comes around the rule, such as decay, comes after
        for wrapper in around:
            g = [wrapper.gradient(one, at) for one, at in zip(g, x, strict=True)]
        sign = -1.0 if maximize and not around else 1.0
        _step(Coefficients(row.m, sign * row.c, row.p, sign * row.q), g, v, x)


def _taken_apart(rule: Exported) -> tuple[Coefficients, list[Wrapper]]:
    """The row, and the wrappers around it that do anything."""
    around: list[Wrapper] = []  # as torch.compile reads it
    inner = unwrapped(rule)
    while isinstance(rule, Wrapper):
        if not (rule.setting == "weight_decay" and _is_zero(rule.amount)):
            around.append(rule)
        rule = cast("Exported", rule.rule)
    assert isinstance(inner, LinearRule)
    return inner.coefficients(), around


def _step(row: Coefficients, grads: Tensors, velocities: Tensors, params: Tensors) -> None:
    if _is_torchs(row) and _can_be_fused(grads, velocities, params):
        ahead = row.q != 0
        torch._fused_sgd_(
            params,
            grads,
            velocities,
            weight_decay=0.0,
            momentum=row.m,
            lr=row.q if ahead else row.p,
            dampening=0.0,
            nesterov=ahead,
            maximize=False,
            is_first_step=False,
        )
    elif not (_is_zero(row.p) and _is_zero(row.m)):
        torch._foreach_mul_(velocities, row.m)
        _add(velocities, grads, row.c)
        _add(params, velocities, -row.p)
        _add(params, grads, -row.q)
    else:
        _add(params, grads, -row.q)


def _is_torchs(row: Coefficients) -> bool:
    """Whether a row is one that torch's own fused kernel computes: the lr outside, with a look-ahead or without."""
    if not all(isinstance(number, float) for number in row):
        return False
    return bool(row.m != 0 and row.c == 1 and (row.q == 0 or row.p == row.m * row.q))


def _can_be_fused(*lists: Tensors) -> bool:
    """Whether the kernel, which runs through memory as it lies, may be used: on a CPU it is the fastest there is."""
    if torch.compiler.is_compiling() or not hasattr(torch, "_fused_sgd_"):
        return False
    first = lists[0][0]
    return first.dtype in (torch.float32, torch.float64) and all(
        x.device.type == "cpu" and x.dtype == first.dtype and x.is_contiguous()
        for each in lists
        for x in each
    )


def _add(to: Tensors, what: Tensors, times: Number) -> None:
    """To += times * what; a number that is a tensor, as a compiled lr may be, takes one pass more."""
    if isinstance(times, torch.Tensor):
        torch._foreach_add_(to, torch._foreach_mul(what, times))
    elif times != 0:
        torch._foreach_add_(to, what, alpha=times)


def _is_zero(number: Number) -> bool:
    return not isinstance(number, torch.Tensor) and number == 0


def _runs(params: Tensors) -> Iterator[slice]:
    """Neighbours of a kind that are handled together: on a CPU as many as the cache holds, elsewhere all."""
    begin, numbers = 0, 0
    for end, x in enumerate(params):
        first = params[begin]
        full = x.device.type == "cpu" and numbers + x.numel() > CACHED
        if end > begin and (full or x.device != first.device or x.dtype != first.dtype):
            yield slice(begin, end)
            begin, numbers = end, 0
        numbers += x.numel()
    if params:
        yield slice(begin, len(params))
