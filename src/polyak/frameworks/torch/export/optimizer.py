"""The torch.optim.Optimizer that steps by a rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import torch

from polyak.frameworks.torch.export import linear
from polyak.frameworks.torch.export.as_torchs import from_torchs, is_torchs, to_torchs
from polyak.frameworks.torch.export.slots import Exported, Slots, exportable
from polyak.ground.errors import PolyakError
from polyak.rules import Rule, unwrapped
from polyak.rules.pytrees import unchecked

OWN = ("maximize", "capturable")  # settings of the optimizer, beside the rule's


class RuleOptimizer(torch.optim.Optimizer):  # type: ignore[misc]
    """A rule as a torch optimizer; made by `to_torch`, whose arguments these are."""

    def __init__(
        self,
        params: Iterable[Any],
        rule: object,
        *,
        slots_dtype: torch.dtype | None = None,
        maximize: bool = False,
        capturable: bool = False,
        **settings: Any,
    ) -> None:
        self.rule = exportable(rule)
        self.settings = tuple(self.rule.settings())
        self.linear = linear.is_linear(self.rule)
        self.slots = Slots(self.rule, slots_dtype, capturable=capturable)
        self.slots_dtype = slots_dtype
        defaults = {**self.rule.settings(), "maximize": maximize, "capturable": capturable}
        self._refuse_strangers(settings, [*self.settings, *OWN])
        super().__init__(params, {**defaults, **settings})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with settings of its own if it names them."""
        near = {
            name: found
            for name in param_group
            if name not in (*self.settings, *OWN)
            and (found := difflib.get_close_matches(name, self.settings, n=1, cutoff=0.8))
        }
        self._refuse_strangers(
            near, self.settings
        )  # names of the user's own, like none of ours, are the user's
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        try:
            self._checked_rule(group)
            for x in group["params"]:
                if x.is_complex():
                    raise PolyakError(f"{self.rule.name()}: complex parameters are not taken")
        except PolyakError:
            del self.param_groups[-1]
            raise

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401
        """One step of every parameter that has a gradient; the loss, where a closure computes it anew."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if any(
            x.grad is not None and not self.state[x] for group in self.param_groups for x in group["params"]
        ):
            self._begin()
        for group in self.param_groups:
            self._step_of(group)
        return loss

    def _step_of(self, group: dict[str, Any]) -> None:
        """One step of a group's parameters that have a gradient. Raises PolyakError where one is sparse."""
        params = [x for x in group["params"] if x.grad is not None]
        if any(x.grad.layout is not torch.strided for x in params):
            raise PolyakError(
                f"{self.rule.name()}: a gradient is sparse, expected dense ones: such as"
                " Embedding(..., sparse=False)"
            )
        rule = self._rule_of(group)
        if self.linear:
            self._linear_step(rule, params, maximize=group["maximize"])
            return
        for x in params:
            g = -x.grad if group["maximize"] else x.grad
            x.add_(self.slots.step(rule, g, self.state[x], x))

    def _linear_step(self, rule: Exported, params: list[torch.Tensor], *, maximize: bool) -> None:
        grads = [x.grad for x in params if x.grad is not None]
        velocities = [self.state[x]["velocity"] for x in params]
        linear.step(rule, grads, velocities, params, maximize=maximize)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _begin(self) -> None:
        """The slots of every parameter that meets its first gradient: all at once, or each would be compiled anew."""
        for group in self.param_groups:
            rule = self._rule_of(group)
            for x in group["params"]:
                if x.grad is not None and not self.state[x]:
                    self.state[x].update(self.slots.begin(rule, x))

    def _rule_of(self, group: dict[str, Any]) -> Exported:
        """The rule with a group's settings, which schedulers may have changed; checked as they were given, not here."""
        settings = {name: group[name] for name in self.settings}
        if isinstance(self.rule, Rule):
            return unchecked(type(self.rule), settings)
        return self.rule.replace(**settings)

    def _checked_rule(self, group: dict[str, Any]) -> Exported:
        return self.rule.replace(**{name: group[name] for name in self.settings})

    def _refuse_strangers(self, given: Iterable[str], known: Sequence[str]) -> None:
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f", did you mean '{near[0]}'?" if near else ""
                raise PolyakError(
                    f"unknown setting of {self.rule.name()} '{name}'{hint} (there are: {', '.join(known)})"
                )

    # Saving and loading.

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict()` of an optimizer of the same rule, on parameters of the same shapes, gave.

        One of torch's own optimizer of that rule is taken too (`torch.optim.SGD`'s for a heavy ball): its velocities
        are put into the rule's units, and its settings become the groups'.

        Raises PolyakError for a state of other groups, settings, slots or shapes; nothing is then changed.
        """
        if is_torchs(state_dict) and isinstance(unwrapped(self.rule), Rule):
            state_dict = from_torchs(state_dict, self.rule)
        self._check(state_dict)
        super().load_state_dict(state_dict)
        for x, saved in self._saved(state_dict):  # torch casts them to the parameters' dtype
            self.state[x] = {
                name: value.to(device=self._device(value, x), copy=True)
                if isinstance(value, torch.Tensor)
                else value
                for name, value in saved.items()
            }

    def torch_state_dict(self) -> dict[str, Any]:
        """The state as torch's own optimizer of the same rule loads it; a PolyakError where there is none.

        >>> import torch, polyak as pk
        >>> x = torch.nn.Parameter(torch.tensor([4.0]))
        >>> ours = pk.to_torch("heavy_ball", lr=0.5, momentum=0.9)([x])
        >>> x.grad = torch.tensor([2.0])
        >>> ours.step()
        >>> theirs = torch.optim.SGD([x], lr=0.1)
        >>> theirs.load_state_dict(ours.torch_state_dict())
        >>> theirs.state[x]["momentum_buffer"], theirs.param_groups[0]["momentum"]
        (tensor([2.]), 0.9)
        """
        params = [group["params"] for group in self.param_groups]
        return to_torchs(self.state_dict(), self.rule, self.settings, params)

    def _check(self, state_dict: dict[str, Any]) -> None:
        name = self.rule.name()
        if not {"state", "param_groups"} <= set(state_dict):
            raise PolyakError(f"{name}: what is loaded is no state_dict of an optimizer")
        sizes, saved_sizes = (
            [len(group["params"]) for group in groups]
            for groups in (self.param_groups, state_dict["param_groups"])
        )
        if sizes != saved_sizes:
            raise PolyakError(
                f"{name}: the state is of groups of {_listed(saved_sizes)} parameters, expected {_listed(sizes)}"
            )
        for group in state_dict["param_groups"]:
            missing = [setting for setting in self.settings if setting not in group]
            if missing:
                raise PolyakError(
                    f"{name}: the state is of another optimizer, its groups have no {missing[0]}"
                )
            self._checked_rule(group)
        for x, saved in self._saved(state_dict):
            self._check_slots(saved, self.slots.begin(self.rule, x))

    def _check_slots(self, saved: dict[str, Any], expected: dict[str, Any]) -> None:
        name = self.rule.name()
        if set(saved) != set(expected):
            raise PolyakError(
                f"{name}: the state holds {_listed(saved)}, expected {_listed(expected)} for each parameter"
            )
        for slot, value in saved.items():
            shape, wanted = (tuple(getattr(one, "shape", ())) for one in (value, expected[slot]))
            if shape != wanted:
                raise PolyakError(f"{name}: a saved {slot} has the shape {shape}, expected {wanted}")

    def _saved(self, state_dict: dict[str, Any]) -> list[tuple[torch.Tensor, dict[str, Any]]]:
        """Each parameter with what was saved of it; nothing of those that had no step yet."""
        numbers = chain.from_iterable(group["params"] for group in state_dict["param_groups"])
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        state = state_dict["state"]
        return [(x, state[number]) for number, x in zip(numbers, params, strict=True) if number in state]

    def _device(self, value: torch.Tensor, x: torch.Tensor) -> torch.device:
        return x.device if value.ndim > 0 or self.slots.capturable else value.device

    def __getstate__(self) -> dict[str, Any]:
        own = ("rule", "settings", "linear", "slots", "slots_dtype")
        return {**super().__getstate__(), **{name: getattr(self, name) for name in own}}


class Export:
    """What `to_torch` returns: a function of the parameters, and of settings that shall differ from the rule's."""

    def __init__(self, rule: object, **options: Any) -> None:
        self.rule, self.options = exportable(rule), options
        self.__name__ = f"to_torch({self.rule.name()})"

    def __call__(self, params: Iterable[Any], **settings: Any) -> RuleOptimizer:
        """The optimizer of these parameters, or of these param groups."""
        return RuleOptimizer(params, self.rule, **{**self.options, **settings})

    def __repr__(self) -> str:
        return f"to_torch({self.rule})"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values)) or "none"
