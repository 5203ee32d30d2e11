"""scikit-learn: the attributes of the optimizer inside a multi-layer perceptron, `vars(mlp._optimizer)`."""

from __future__ import annotations

from typing import Any

from polyak.conventions.states.moments import ADAM, Moments, fitting, in_words, read_only
from polyak.errors import PolyakError

expected = "vars(mlp._optimizer), with 'velocities', or with 'ms', 'vs' and 't'"
KEYS = {"momentum": ("velocities",), "Adam": ("ms", "vs", "t")}


def read(state: Any, family: str) -> Moments:
    """The slots, the velocity's sign turned: scikit-learn adds it."""
    if not isinstance(state, dict) or not set(KEYS[family]) <= state.keys():
        raise PolyakError(f"sklearn: the state is {in_words(state)}, expected {expected}")
    lr = (float(state["learning_rate_init"]),) if "learning_rate_init" in state else ()
    if family == ADAM:
        return Moments(int(state["t"]), (), read_only(state["ms"]), read_only(state["vs"]), lr)
    return Moments(None, tuple(-v for v in read_only(state["velocities"])), lr=lr)


def rewritten(state: Any, moments: Moments, family: str) -> dict[str, Any]:
    """The attributes with these slots."""
    read(state, family)
    if family == ADAM:
        new = {
            "ms": fitting("sklearn", moments.mean, state["ms"]),
            "vs": fitting("sklearn", moments.squares, state["vs"]),
        }
        return {**state, **new, "t": moments.count or 0}
    velocities = fitting("sklearn", [-v for v in moments.velocity], state["velocities"])
    return {**state, "velocities": velocities}


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a new optimizer."""
    from sklearn.neural_network import _stochastic_optimizers as optimizers

    kinds = {"sgd": optimizers.SGDOptimizer, "adam": optimizers.AdamOptimizer}
    made: Any = kinds[name.partition(":")[2]](list(moments.velocity or moments.mean), **arguments)
    return dict(vars(made))
