"""A user's own training, as a file spells it: my_training.py:setup, a function that makes model, optimizer and batches.

It returns `(*model, optimizer, batches)`, where `model` is what `pk.model` takes before the batches:

    torch   net, loss, optimizer, loader            JAX   loss, params, optimizer, batches
    keras   model, optimizer, batches

or the same as a dict, which may say more: `state` (an Optax optimizer's), `forward`, `rows` (see `pk.model`) and
`batch_size` (of the training, where it is not that of the batches).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyak.cli.files import in_file, object_in_file
from polyak.cli.own_code import raised_by
from polyak.ground.errors import PolyakError, a_or_an, nearest, whole_number

if TYPE_CHECKING:
    from polyak.models import Model

EXPECTED = "(model, optimizer, batches), with the loss beside the model, or a dict of them"
MODEL = ("model", "net", "loss", "params")
NAMES = (*MODEL, "optimizer", "state", "batches", "loader", "forward", "rows", "batch_size")


@dataclass(frozen=True)
class Setup:
    """What a training is made of.

    Attributes:
        parts: what `pk.model` takes before the batches.
        batches: any iterable of them.
        optimizer: the user's own.
        state: of an optimizer that does not hold it itself; None for none.
        forward, rows: of `pk.model`.
        batch_size: of the training; None for that of the batches.
    """

    parts: tuple[object, ...]
    batches: object
    optimizer: object
    state: object = None
    forward: Callable[..., object] | None = None
    rows: Callable[[object], int] | None = None
    batch_size: int | None = None

    def model(self) -> Model:
        """What `pk.model` makes of it."""
        from polyak.models import model

        return model(*self.parts, self.batches, forward=self.forward, rows=self.rows)


def needed(function: Callable[..., object]) -> list[str]:
    """The arguments without which a function cannot be called."""
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def setup_from(place: str) -> Setup:
    """Call the function that a word spells, and read what it returns."""
    if not in_file(place):
        raise PolyakError(f"{place} names no file, expected my_training.py:setup")
    function = object_in_file(place)
    if not callable(function):
        raise PolyakError(
            f"{place} is {a_or_an(type(function).__name__)}, expected a function that returns {EXPECTED}"
        )
    if lacking := needed(function):
        raise PolyakError(
            f"{place} needs {', '.join(lacking)}, expected a function that is called with nothing"
        )
    try:
        made = function()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and raised_by(error) is None:
            raise
        raise PolyakError(
            raised_by(error) or f"{place} fails: {type(error).__name__}: {error}".removesuffix(": ")
        ) from error
    return as_setup(made, place)


def as_setup(made: object, place: str = "setup") -> Setup:
    """What a setup returned, in order.

    >>> as_setup(("net", "loss", "sgd", [1, 2])).parts
    ('net', 'loss')
    >>> as_setup({"loss": abs, "params": 1.0, "optimiser": None})
    Traceback (most recent call last):
    ...
    polyak.PolyakError: setup returns a dict with 'optimiser', did you mean 'optimizer'? (a setup has: model, net, loss,
    params, optimizer, state, batches, loader, forward, rows, batch_size)
    """
    if isinstance(made, Mapping):
        return _of_dict(made, place)
    if not isinstance(made, tuple | list) or len(made) < 3:
        raise PolyakError(f"{place} returns {_kind(made)}, expected {EXPECTED}")
    *parts, optimizer, batches = made
    return Setup(tuple(parts), batches, optimizer)


def _of_dict(made: Mapping[str, object], place: str) -> Setup:
    for name in made:
        if name not in NAMES:
            like = nearest(str(name), NAMES)
            hint = f", did you mean '{like}'?" if like else ""
            raise PolyakError(f"{place} returns a dict with '{name}'{hint} (a setup has: {', '.join(NAMES)})")
    batches = made.get("batches", made.get("loader"))
    for name, value in (("optimizer", made.get("optimizer")), ("batches", batches)):
        if value is None:
            raise PolyakError(f"{place} returns a dict without '{name}', expected {EXPECTED}")
    size = made.get("batch_size")
    return Setup(
        parts=_model(made, place),
        batches=batches,
        optimizer=made["optimizer"],
        state=made.get("state"),
        forward=_function(made, "forward", place),
        rows=_function(made, "rows", place),
        batch_size=None if size is None else whole_number("batch_size", size, at_least=1),
    )


def _model(made: Mapping[str, object], place: str) -> tuple[object, ...]:
    """The parts of a model in the order in which `pk.model` takes them: JAX's loss stands before its params."""
    net, loss = made.get("model", made.get("net")), made.get("loss")
    if "params" in made and net is None and loss is not None:
        return loss, made["params"]
    if net is None or "params" in made:
        raise PolyakError(
            f"{place} returns a dict with {', '.join(name for name in MODEL if name in made) or 'no model'}, expected "
            "model and loss (torch), loss and params (JAX) or model (Keras)"
        )
    return (net,) if loss is None else (net, loss)


def _function(made: Mapping[str, object], name: str, place: str) -> Callable[..., Any] | None:
    value = made.get(name)
    if value is not None and not callable(value):
        raise PolyakError(f"{place} returns a dict whose '{name}' is {_kind(value)}, expected a function")
    return value


def _kind(made: object) -> str:
    if isinstance(made, tuple | list):
        return f"a {type(made).__name__} of {len(made)}"
    return "nothing" if made is None else a_or_an(type(made).__name__)
