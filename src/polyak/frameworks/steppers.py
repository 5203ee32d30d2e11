"""What is asked of an optimizer, whosever it is, and how what a framework refuses is said in one line."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.types import Pytree

Array = NDArray[np.float64]
MANY = 40
P = ParamSpec("P")
T = TypeVar("T")


class Stepper(Protocol):
    """One real optimizer on a list of float64 NumPy arrays.

    Attributes:
        name: what it is called in a report, such as "torch:SGD".
        skips_missing: whether a gradient may be None, and its array is then left alone.
        takes_pytrees: whether its arrays may be handed over in a pytree, and not in a list alone.
        lr: the learning rate that it began with; None where it has none that can be set.
    """

    name: str
    skips_missing: bool
    takes_pytrees: bool
    lr: float | None

    def start(self, params: list[Array]) -> None:
        """Begin anew at these parameters, with the settings it was made with and no state."""

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """Take one step; the parameters after it."""

    def set_lr(self, lr: float) -> None:
        """Change the learning rate, as a user of the framework changes it in mid-run."""

    def state(self) -> Pytree:
        """The framework's own state, as it is saved: a copy that later steps leave alone."""

    def load(self, state: Pytree) -> None:
        """Take up a state that `state` gave, of an optimizer of the same kind on the same shapes."""


@dataclass(frozen=True)
class Asked:
    """What an optimizer may ask within a step that evaluates the loss again, at other parameters, or its curvature.

    Attributes:
        gradients: at other parameters, in this step; None where one is missing.
        loss: at other parameters, in this step.
        curvature: the gradient's derivative by all parameters in a row: shape (size,) where it is diagonal, else
            (size, size).
    """

    gradients: Callable[[list[Array]], list[Array | None]]
    loss: Callable[[list[Array]], float]
    curvature: Array


def check_arguments(
    label: str,
    factory: Callable[..., Any],
    settings: Mapping[str, Any],
    given: int = 0,
    *,
    all_named: bool = False,
) -> None:
    """Refuse a setting that `factory` does not take, and name one that it needs; its first `given` are not settings.

    What it takes as `**rest` may be anything, unless `all_named` says that every argument has a name.

    >>> check_arguments("f", lambda params, lr, momentum=0.9: None, {"lr": 1.0, "momentun": 0.5}, given=1)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown argument of f 'momentun', did you mean 'momentum'? (there are: lr, momentum)
    """
    try:
        parameters = dict(list(inspect.signature(factory).parameters.items())[given:])
    except (TypeError, ValueError):
        return
    known = {n: p for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    rest = [about for about in parameters.values() if about.kind is about.VAR_KEYWORD]
    if all_named or not rest:
        _refuse_strangers(label, settings, known)
    for name, about in known.items():
        if about.default is about.empty and name not in settings:
            raise PolyakError(f"{label} needs {name}")


def _refuse_strangers(label: str, settings: Iterable[str], known: Iterable[str]) -> None:
    for name in settings:
        if name not in known:
            raise unknown(f"argument of {label}", name, known)


@contextmanager
def refusals(label: str) -> Iterator[None]:
    """What a framework, or the user's own code in it, raises, as one line: `label` fails."""
    try:
        yield
    except PolyakError:
        raise
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        raise PolyakError(f"{label} fails: {type(error).__name__}: {first}") from error


def among(label: str, name: str, known: Mapping[str, T]) -> T:
    """What stands behind a name among those known, else an error with the nearest."""
    if name not in known:
        # Optax has two hundred functions: of so many only those like it are listed.
        likely = known if len(known) < MANY else difflib.get_close_matches(name, known, n=8, cutoff=0.4)
        raise unknown(label, name, likely)
    return known[name]


def in_float64(method: Callable[P, T]) -> Callable[P, T]:
    """A method that runs with JAX's 64-bit numbers, whatever the caller's setting is."""

    @functools.wraps(method)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        import jax

        with jax.enable_x64(True):
            return method(*arguments, **options)

    return run
