"""A JAX training as it is now: JAX holds nothing, so that each step hands over its parameters and its state."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from polyak.frameworks.bridge import Batch, Bridge
from polyak.frameworks.jax.bridge import JaxBridge
from polyak.frameworks.jax.trained import Params
from polyak.frameworks.live import Arrays, numbers_of
from polyak.frameworks.polyak.reading import reading
from polyak.frameworks.reading import Reading
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import Optimizer, as_rule
from polyak.rules.base import RuleState

FIELDS = {"trace": "velocity", "mu": "mean", "nu": "squares"}  # of Optax's states: our slots
NAMES = {"learning_rate": "lr", "b1": "beta1", "b2": "beta2"}  # of its injected settings: ours
TWICE = "expected watch.step(batch, params, opt_state) with what the update returned"


def live(optimizer: object, bridge: Bridge) -> JaxLive | None:
    """Of an Optax optimizer, or a rule of ours, on a JAX model; None for others."""
    if not isinstance(bridge, JaxBridge) or bridge.framework != "jax":
        return None
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        return None
    return JaxLive(as_rule(optimizer), bridge)


class JaxLive:
    """`polyak.frameworks.live.Live` of parameters and a state that each step hands over."""

    holds = False

    def __init__(self, rule: Optimizer, bridge: JaxBridge) -> None:
        self.rule, self.bridge = rule, bridge
        self._state: Pytree = None
        self._leaves = bridge._params.leaves_of_user()
        self._before = list(self._leaves)
        shown = rule.settings()
        self.label = rule.name() if shown else "an Optax optimizer"
        self.kind = type(rule).__name__
        self.dtypes = tuple(str(np.asarray(x).dtype) for x in self._leaves)

    @property
    def lr_in_velocity(self) -> bool | None:
        """What a rule of ours says; Optax scales by the learning rate last of all, but that does not show."""
        return getattr(self.rule, "lr_in_velocity", None)

    def given(self, params: Pytree, state: Pytree) -> None:
        """The parameters after the step, and the state that its update returned."""
        if params is None:
            raise PolyakError(f"JAX holds no parameters, {TWICE}")
        found = Params(params)
        if found.names != self.bridge.names or found.shapes != self.bridge.shapes:
            raise PolyakError("the params are of other arrays than the model's: are they another model's?")
        self._leaves, self._state = found.leaves_of_user(), state

    def stepped(self) -> bool:
        """Whether the parameters are others than before: JAX's arrays do not change."""
        same = all(a is b for a, b in zip(self._leaves, self._before, strict=True))
        if same and not self._ever:
            raise PolyakError(f"these params are those that pk.model was given: {TWICE}")
        self._before, self._ever = list(self._leaves), True
        return not same

    _ever = False

    def close(self) -> None:
        """Let go of what was handed over."""
        self._before = []

    def here(self) -> AbstractContextManager[None]:
        """The model at the params of the step."""
        named = dict(zip(self.bridge.names, self._leaves, strict=True))
        return self.bridge.at(self.bridge.vector(named))

    def reading(self) -> Reading:
        """The rule with the state of the step."""
        found = reading(self.rule, self._state, self.bridge)
        assert found is not None
        return found

    def rules(self) -> None:
        """None: it is read whole."""
        return

    def part_of(self, batch: Batch, _rows: int, /) -> Batch:
        """The whole batch: it is also what the gradient is of, which is held nowhere."""
        return batch

    def parameters(self) -> Arrays:
        """Those of the step."""
        return tuple(np.asarray(x) for x in self._leaves)

    def gradients(self) -> None:
        """None: JAX holds none."""
        return

    def slots(self) -> Mapping[str, Arrays]:
        """Of the state, wherever in its chain they lie: the first of each name that fits the parameters."""
        found: dict[str, Arrays] = {}
        for name, tree in self._named(self._state):
            arrays = tuple(np.asarray(leaf) for leaf in jax.tree.leaves(tree))
            if name not in found and tuple(x.shape for x in arrays) in (self.bridge.shapes, ((),)):
                found[name] = arrays
        return found

    def _named(self, state: Pytree) -> list[tuple[str, Pytree]]:
        """Slots by our names with what lies there, of a state of ours or of Optax's."""
        if isinstance(state, RuleState):
            return self._of_ours(state)
        nodes = [node for node in jax.tree.leaves(state, is_leaf=_node) if _node(node)]
        named = [
            (FIELDS[each], getattr(node, each)) for node in nodes for each in node._fields if each in FIELDS
        ]
        counts = [("t", node.count) for node in nodes if hasattr(node, "nu")]
        return [*named, *counts]

    def _of_ours(self, state: RuleState) -> list[tuple[str, Pytree]]:
        names = list(getattr(self.rule.init(np.zeros(1)), "slots", {}))
        each = jax.tree.leaves(
            state.slots, is_leaf=lambda node: isinstance(node, dict) and {*node} == {*names}
        )
        return [(name, [slots[name] for slots in each]) for name in names]

    def settings(self) -> Mapping[str, float]:
        """A rule of ours shows its settings, an Optax optimizer those that `inject_hyperparams` keeps in its state."""
        shown: dict[str, Any] = dict(self.rule.settings())
        if not shown:
            shown = dict(getattr(self._state, "hyperparams", {}))
        found = {
            NAMES.get(name, name): float(value)
            for name, value in shown.items()
            if not isinstance(value, bool | str) and np.ndim(value) == 0 and value is not None
            if not callable(value)  # a schedule is no number of the state's
        }
        if "beta1" in found:
            found.setdefault("momentum", found["beta1"])
        return found

    def numbers(self) -> tuple[float, ...]:
        """Those that show."""
        return tuple(self.settings().values())

    def modes(self) -> Mapping[str, bool]:
        """JAX has no modes."""
        return {}

    def count(self) -> float:
        """The first count in the state."""
        if isinstance(self._state, RuleState):
            return float(self._state.count)
        nodes = jax.tree.leaves(self._state, is_leaf=_node)
        counts = [node.count for node in nodes if "count" in getattr(node, "_fields", ())]
        return float(counts[0]) if counts and np.ndim(counts[0]) == 0 else np.nan

    def batch_numbers(self, batch: Batch) -> tuple[float, bool]:
        """Of its arrays."""
        return numbers_of(jax.tree.leaves(batch))


def _node(part: object) -> bool:
    """Whether a part of a state is one of Optax's that holds slots or counts itself."""
    fields = getattr(part, "_fields", ())
    return any(field in FIELDS for field in fields) or fields == ("count",)
