"""scikit-learn: the attributes of the optimizer inside a multi-layer perceptron, `vars(mlp._optimizer)`."""

from __future__ import annotations

from typing import Any

from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Moments,
    Places,
    fitting,
    in_words,
    negated,
    nothing_of,
    places_of,
    read_only,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "vars(mlp._optimizer), with 'velocities', or with 'ms', 'vs' and 't'"
naming = ""
KEYS = {"momentum": ("velocities",), "Adam": ("ms", "vs", "t")}


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """Those that every one has: none of its optimizers has a choice."""
    return family.slots


def read(state: Pytree, family: Family) -> Moments:
    """The slots, the velocity's sign turned: scikit-learn adds it."""
    if (
        not isinstance(state, dict)
        or not set(KEYS.get(family.name, ("a family of its own",))) <= state.keys()
    ):
        raise PolyakError(f"sklearn: the state is {in_words(state)}, expected {expected}")
    # What sgd goes by now, `invscaling` or not; Adam's holds the bias correction of its last step.
    rate = state.get("learning_rate_init")
    rate = rate if family.name == "Adam" else state.get("learning_rate", rate)
    lr = () if rate is None else (float(rate),)
    if family.name == "Adam":
        return Moments(int(state["t"]), mean=read_only(state["ms"]), squares=read_only(state["vs"]), lr=lr)
    return Moments(None, negated(read_only(state["velocities"])), lr=lr)


def places(state: Pytree, family: Family) -> Places:
    """All of them; sgd counts nothing."""
    return places_of(read(state, family), counts=family.name == "Adam")


def rewritten(state: Pytree, moments: Moments, family: Family) -> dict[str, Any]:
    """The attributes with these slots."""
    read(state, family)
    if family.name == "Adam":
        new = {
            "ms": fitting("sklearn", moments.mean, state["ms"]),
            "vs": fitting("sklearn", moments.squares, state["vs"]),
        }
        return {**state, **new, "t": moments.steps("sklearn", family)}
    velocities = fitting("sklearn", negated(moments.velocity), state["velocities"])
    return {**state, "velocities": velocities}


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> dict[str, Any]:
    """The attributes of a new optimizer."""
    from sklearn.neural_network import _stochastic_optimizers as optimizers

    kinds = {"sgd": optimizers.SGDOptimizer, "adam": optimizers.AdamOptimizer}
    made: Any = kinds[name.partition(":")[2]](nothing_of(moments.arrays), **arguments)
    return dict(vars(made))
