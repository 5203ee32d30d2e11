"""A page's function that overwrites, f(params, states, hyperparams), as a rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from polyak.ground.errors import PolyakError, nearest
from polyak.ground.types import Array, Number, Pytree
from polyak.rules.pages.captured import first_line
from polyak.rules.pages.handles import ArrayHandle, raw
from polyak.rules.pages.page_rule import PageRule, checked_arguments, page_function
from polyak.rules.pages.plane import is_traced

States = Pytree  # arrays, or handles around them, in tuples; None for none
MOST_SLOTS = 4  # a page's states are guessed as none, one, two ... arrays for each parameter


class PageState(NamedTuple):
    """What the handles and the hyper-parameters hold after a step."""

    count: Number
    states: States
    hyperparams: dict[str, Any]


class MissingHyperparameterError(PolyakError):
    """A page's function reads a hyper-parameter, `name`, that it was not given."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


class Hyperparams(dict[str, Any]):
    """The page's dictionary, which remembers what was read and written."""

    def __init__(self, values: dict[str, Any], rule: str) -> None:
        super().__init__(values)
        self.rule, self.read, self.written = rule, set[str](), set[str]()

    def __getitem__(self, key: str) -> Number:
        if key not in self:
            near = nearest(key, self)
            hint = f", did you mean it by '{near}'?" if near else ""
            given = ", ".join(self) or "none"
            raise MissingHyperparameterError(
                f"{self.rule} needs the hyper-parameter '{key}'{hint} (given: {given})", key
            )
        self.read.add(key)
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Number) -> None:
        self.written.add(key)
        super().__setitem__(key, value)


class FromPage(PageRule):
    """A page's function that overwrites its parameters and states. Made by `from_page`."""

    takes = ("params", "states", "hyperparams")
    arrays = ("states",)

    def __init__(self, function: FunctionType, states: States, arguments: dict[str, Any]) -> None:
        super().__init__(function, arguments)
        self.states = states if callable(states) else _mapped(raw, states)

    def init(self, params: Pytree) -> PageState:
        """The state before the first step: the page's own states, or zeros where none are given."""
        arrays = _leaves(params)
        if self.states is None:
            states = self._guessed(arrays)
        else:
            states = _fitted(self.states() if callable(self.states) else self.states, arrays)
        written = self._step([x * 0 for x in arrays], states, arrays, self._at(0), trial=True)[2]
        return PageState(0, states, {name: _like(arrays[0], self._at(0)[name]) for name in sorted(written)})

    def update(
        self, grads: Pytree, state: PageState, params: Pytree = None, **_: object
    ) -> tuple[Any, PageState]:
        """What the page's function adds to the parameters, and what it leaves in its handles."""
        if params is None:
            raise PolyakError(f"{self.name()} needs the parameters: call update(grads, state, params)")
        import jax

        arrays, tree = jax.tree.flatten(params)
        unflatten: Any = jax.tree.unflatten
        hyperparams = {**self._at(state.count), **state.hyperparams}
        moved, states, written = self._step(_leaves(grads), state.states, arrays, hyperparams)
        kept = {name: _like(arrays[0], written.get(name, value)) for name, value in state.hyperparams.items()}
        updates = [new - x for new, x in zip(moved, arrays, strict=True)]
        return unflatten(tree, updates), PageState(state.count + 1, states, kept)

    def _step(
        self,
        grads: Pytree,
        states: States,
        arrays: list[Array],
        hyperparams: dict[str, Any],
        *,
        trial: bool = False,
    ) -> tuple[list[Array], States, dict[str, Number]]:
        """One call of the page's function: the parameters, the states, and the hyper-parameters it wrote."""
        handles = [ArrayHandle(x, ArrayHandle(g)) for x, g in zip(arrays, grads, strict=True)]
        kept = _mapped(ArrayHandle, states)
        given = Hyperparams(hyperparams, self.name())
        own = {name: value for name, value in self.arguments.items() if name not in given}
        traced = any(map(is_traced, arrays))
        self._callable(own, traced=traced, trial=trial)(handles, kept, given)
        if not any(handle.written for handle in handles):
            raise PolyakError(f"{self.name()} never updates a parameter: expected p[:] = ... or p[:] -= ...")
        for number, handle in enumerate(_handles(kept), start=1):
            if not handle.written:
                raise PolyakError(f"{self.name()} never writes its state {number} (of {len(_handles(kept))})")
        written = {name: raw(given[name]) for name in given.written}
        return [handle.value for handle in handles], _mapped(raw, kept), written

    def _guessed(self, arrays: list[Array]) -> States:
        """Zeros in the least structure that the page's function takes: none, one array a parameter, two ..."""
        import jax

        complaint: Exception | None = None
        for slots in range(MOST_SLOTS + 1):
            states = _zeros(arrays, slots)
            try:
                self._step([x * 0 for x in arrays], states, arrays, self._at(0), trial=True)
            except PolyakError as error:
                complaint = complaint if isinstance(complaint, PolyakError) else error
            except (TypeError, ValueError) as error:
                if isinstance(error, jax.errors.JAXTypeError):
                    raise  # the structure fits; what is in the way is that its values are not known yet
                complaint = complaint or error
            else:
                return states
        if isinstance(complaint, PolyakError):
            raise complaint
        raise PolyakError(f"{self.name()} fails: {first_line(complaint or TypeError())}") from complaint


def from_page(function: Callable[..., Any], *, states: States = None, **arguments: Any) -> FromPage:
    """A rule from a page's function that overwrites its parameters, unedited.

    Args:
        function: f(params, states, hyperparams), which reads `p.grad`, overwrites `p[:]` and its states, and
            may write to `hyperparams`. Global names are read at each run: changing one compiles nothing.
        states: the page's states, or a function that makes them: arrays in tuples, one entry a parameter;
            zeros in the structure that the function takes where left out.
        arguments: the hyper-parameters; schedules are allowed.

    What JAX cannot trace of it runs step by step, with a warning that says why. Raises PolyakError for a
    function of other arguments; at its first use, if a parameter is never updated, a state never written or
    changes its shape, or a hyper-parameter is missing.

    >>> def sgd_momentum(params, states, hyperparams):
    ...     for p, v in zip(params, states):
    ...         v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
    ...         p[:] -= v
    >>> import polyak as pk
    >>> rule = from_page(sgd_momentum, lr=0.4, momentum=0.5)
    >>> print(pk.descend(rule, pk.landscapes.ravine, steps=20))
    sgd_momentum(lr=0.4, momentum=0.5) on ravine, 20 steps: x1 -0.062843, x2 0.001202
    """
    page = page_function(function, FromPage.takes)
    return FromPage(page, states, checked_arguments(page.__name__, arguments))


def _leaves(params: Pytree) -> list[Array]:
    import jax

    return list(jax.tree.leaves(params))


def _zeros(arrays: list[Array], slots: int) -> States:
    if slots == 0:
        return None
    zeros = [array_namespace(x).zeros_like(x) for x in arrays]
    return tuple(zeros if slots == 1 else (tuple([zero] * slots) for zero in zeros))


def _fitted(states: States, arrays: list[Array]) -> States:
    """The page's states in the library, dtype and, entry by entry, the shape of the parameters."""
    if states is None:
        return None
    by_parameter = isinstance(states, tuple | list) and len(states) == len(arrays)
    if not by_parameter:
        return _mapped(partial(_like_array, arrays[0]), states)
    return tuple(_mapped(partial(_in_shape, x), entry) for entry, x in zip(states, arrays, strict=True))


def _in_shape(x: Array, state: Array) -> Array:
    state = _like_array(x, state)
    if math.prod(state.shape) != math.prod(x.shape):
        raise PolyakError(f"a state of shape {tuple(state.shape)} for a parameter of shape {tuple(x.shape)}")
    shaped: Array = array_namespace(state).reshape(state, tuple(x.shape))
    return shaped


def _like_array(x: Array, state: Array) -> Array:
    """A state in the library and the dtype of a parameter; those that were traced, or came from another run, too."""
    state = _like(x, raw(state))
    if state.dtype != x.dtype:
        state = array_namespace(state).astype(state, x.dtype)
    return state


def _like(x: Array, value: Number) -> Array:
    import numpy as np

    value = raw(value)
    same = is_traced(value) or type(value) is type(x)
    array: Array = value if same else array_namespace(x).asarray(np.asarray(value), dtype=x.dtype)
    return array


def _mapped(function: Callable[[Any], Any], states: States) -> States:
    if states is None:
        return None
    if isinstance(states, tuple | list):
        return tuple(_mapped(function, entry) for entry in states)
    return function(states)


def _handles(states: States) -> list[ArrayHandle]:
    if states is None:
        return []
    if isinstance(states, tuple | list):
        return [handle for entry in states for handle in _handles(entry)]
    return [states]
