"""What a wrapper is to a translation: how it is read from a call, what it does, how it is said elsewhere."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from polyak.frameworks.steppers import Array
from polyak.translate.paste.values import Call, Unread


@dataclass(frozen=True)
class Words:
    """A wrapper in a framework's words, in whichever of these ways it is said there.

    Attributes:
        arguments: of the optimizer.
        link: of a chain, before the optimizer.
        line: between the gradients and the step.
        around: the optimizer inside it is `{}`.
        every: after how many gradients the optimizer takes a step.
        said: what else must be known, in words.
        within: how far from the others its own arithmetic is, of the trajectory's size.
        apart: that in words; empty where it is not.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    line: str = ""
    around: str = ""
    every: int = 1
    said: tuple[str, ...] = ()
    within: float = 0.0
    apart: str = ""


class Around(abc.ABC):
    """What is done to the gradients before the optimizer sees them."""

    @abc.abstractmethod
    def words(self, prefix: str) -> Words:
        """It in a framework's words; where that has none, as a line of Python that does it."""

    def gradients(self, grads: list[Array]) -> list[Array]:
        """What the optimizer sees, done by hand."""
        return grads

    every: int = 1  # after how many gradients there is a step


Reads = Callable[[Call], "Around | None"]
READERS: list[Reads] = []
R = TypeVar("R", bound=Reads)


def reads(read: R) -> R:
    """Make a function one that tells a wrapper's call, or gives None for another."""
    READERS.append(read)
    return read


def around_of(call: Call) -> Around | None:
    """The wrapper that a call is of; None for another call.

    >>> around_of(Call("optax.clip_by_global_norm", (1.0,)))
    Clip(how='global', amount=1.0)
    """
    return next((found for read in READERS if (found := read(call)) is not None), None)


def numbers_of(call: Call) -> list[Any]:
    """A call's arguments without its parameters."""
    first = [value for value in call.positional if not isinstance(value, Unread | Call)]
    return [*first, *call.named.values()]


def lines_of(said: list[Words]) -> tuple[str, ...]:
    """The lines between the gradients and the step."""
    return tuple(words.line for words in said if words.line)


def most_of(said: list[Words]) -> int:
    """After how many gradients there is a step."""
    return max([1, *(words.every for words in said)])


def chained_with(line: str, said: list[Words]) -> str:
    """An optimizer of Optax with the links before it and what is around it.

    >>> chained_with("optax.sgd(0.1)", [Words(link="optax.clip(1)"), Words(around="optax.MultiSteps({}, 4)")])
    'optax.MultiSteps(optax.chain(optax.clip(1), optax.sgd(0.1)), 4)'
    """
    links = [words.link for words in said if words.link]
    line = f"optax.chain({', '.join([*links, line])})" if links else line
    for words in said:
        line = words.around.format(line) if words.around else line
    return line
