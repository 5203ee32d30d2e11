"""scikit-learn: the attributes of the optimizer inside a multi-layer perceptron, `vars(mlp._optimizer)`."""

from __future__ import annotations

from typing import Any

from polyak.frameworks.state_format import (
    ADAM,
    Moments,
    Places,
    fitting,
    in_words,
    places_of,
    read_only,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "vars(mlp._optimizer), with 'velocities', or with 'ms', 'vs' and 't'"
naming = ""
KEYS = {"momentum": ("velocities",), "Adam": ("ms", "vs", "t")}


def read(state: Pytree, family: str) -> Moments:
    """The slots, the velocity's sign turned: scikit-learn adds it."""
    if not isinstance(state, dict) or not set(KEYS[family]) <= state.keys():
        raise PolyakError(f"sklearn: the state is {in_words(state)}, expected {expected}")
    # What sgd goes by now, `invscaling` or not; Adam's holds the bias correction of its last step.
    rate = state.get("learning_rate_init")
    rate = rate if family == ADAM else state.get("learning_rate", rate)
    lr = () if rate is None else (float(rate),)
    if family == ADAM:
        return Moments(int(state["t"]), (), read_only(state["ms"]), read_only(state["vs"]), lr)
    return Moments(None, tuple(-v for v in read_only(state["velocities"])), lr=lr)


def places(state: Pytree, family: str) -> Places:
    """All of them; sgd counts nothing."""
    return places_of(read(state, family), counts=family == ADAM)


def rewritten(state: Pytree, moments: Moments, family: str) -> dict[str, Any]:
    """The attributes with these slots."""
    read(state, family)
    if family == ADAM:
        new = {
            "ms": fitting("sklearn", moments.mean, state["ms"]),
            "vs": fitting("sklearn", moments.squares, state["vs"]),
        }
        return {**state, **new, "t": moments.steps("sklearn")}
    velocities = fitting("sklearn", [-v for v in moments.velocity], state["velocities"])
    return {**state, "velocities": velocities}


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a new optimizer."""
    from sklearn.neural_network import _stochastic_optimizers as optimizers

    kinds = {"sgd": optimizers.SGDOptimizer, "adam": optimizers.AdamOptimizer}
    made: Any = kinds[name.partition(":")[2]](list(moments.velocity or moments.mean), **arguments)
    return dict(vars(made))
