"""A rule's state for one parameter, as the named tensors that a torch optimizer keeps and saves."""

from __future__ import annotations

from types import ModuleType
from typing import Any, TypeAlias, cast

import array_api_compat
import array_api_compat.torch
import torch

from polyak.ground.errors import PolyakError
from polyak.rules import FromPage, Optimizer, Rule, Wrapper, as_rule, unwrapped


@torch.compiler.substitute_in_graph(array_api_compat.array_namespace, skip_signature_check=True)  # type: ignore[untyped-decorator]
def _namespace(*_: object, **__: object) -> ModuleType:
    """What the rules are written against, where torch.compile cannot follow how it is found."""
    return cast("ModuleType", array_api_compat.torch)


LOW = (torch.float16, torch.bfloat16)
Exported: TypeAlias = Rule | FromPage | Wrapper
"""What runs on torch tensors, one parameter at a time."""


def exportable(rule: object) -> Exported:
    """`rule` if it runs on torch tensors, one parameter at a time, with numbers for settings; else an error."""
    taken = as_rule(rule)
    inner = unwrapped(taken)
    if not isinstance(inner, Rule | FromPage):
        raise PolyakError(
            f"{inner.name()} does not run on torch tensors: expected a rule of polyak's or from_page(...)"
        )
    for name in taken.schedules():
        raise PolyakError(
            f"{taken.name()}: {name} is a schedule; give its first value, and torch.optim.lr_scheduler its course"
        )
    if isinstance(inner, FromPage) and inner.states is not None:
        raise PolyakError(
            f"{inner.name()} was given states of its own; a torch optimizer begins with zeros for each parameter:"
            " from_page(f, lr=...) without states"
        )
    return cast("Exported", taken)


def steps(
    rule: Optimizer, g: torch.Tensor, slots: dict[str, Any], x: torch.Tensor
) -> tuple[torch.Tensor, dict[str, Any]]:
    """One parameter's step and new slots, by one of our rules or a wrapper around one."""
    if isinstance(rule, Wrapper):
        step, new = steps(rule.rule, rule.gradient(g, x), slots, x)
        return rule.step(step, x), new
    assert isinstance(rule, Rule)
    return rule.step(g, slots, x)


class Slots:
    """A rule's state for one parameter as a flat dict of tensors by name, and the step on it."""

    def __init__(self, rule: Exported, dtype: torch.dtype | None, *, capturable: bool) -> None:
        self.of_ours = isinstance(unwrapped(rule), Rule)
        self.dtype, self.capturable = dtype, capturable
        self.structure: Any = None  # of a page's state

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def begin(self, rule: Exported, x: torch.Tensor) -> dict[str, Any]:
        """The slots of one parameter before its first step."""
        x = x.detach()
        at = x if self.dtype is None else x.to(self.dtype)
        if isinstance(ours := unwrapped(rule), Rule):
            named = ours.slots(at)
        else:
            import jax

            leaves, self.structure = jax.tree.flatten(rule.init([at]))
            named = {f"slot{number}": leaf for number, leaf in enumerate(leaves)}
        return {name: self._kept(value, x) for name, value in named.items()}

    def step(self, rule: Exported, g: torch.Tensor, slots: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
        """One parameter's step; its slots are overwritten."""
        if self.dtype is not None:
            g, x = g.to(self.dtype), x.to(self.dtype)
        if self.of_ours:
            step, new = steps(rule, g, slots, x)
        else:
            import jax

            updates, state = rule.update([g], jax.tree.unflatten(self.structure, list(slots.values())), [x])
            step, new = updates[0], dict(zip(slots, jax.tree.leaves(state), strict=True))
        for name, value in new.items():
            if self._stays(slots[name]):
                slots[name].copy_(value)
            else:
                slots[name] = value
        found: torch.Tensor = step
        return found

    def _stays(self, slot: torch.Tensor) -> bool:
        """Whether a slot is overwritten, and not replaced: torch.compile loses what is put into a number on the CPU."""
        return isinstance(slot, torch.Tensor) and (slot.ndim > 0 or slot.device.type != "cpu")

    def _kept(self, value: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """A slot as it is kept: counters, which low precision could not count far, in float32."""
        if not isinstance(value, torch.Tensor):
            return value
        if value.ndim == 0 and value.dtype in LOW:
            value = value.float()
        device = x.device if self.capturable or value.ndim > 0 else value.device
        return value.detach().to(device=device, copy=True)
