"""How a watch tells what it sees: a warning of one line, and the numbers of a reading to whoever logs them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

from polyak.ground.errors import PolyakError

Log = Callable[[dict[str, float]], object]


def say(line: str, level: int) -> None:
    """One line as a warning; logged where warnings are errors: a training must not end by it."""
    try:
        warnings.warn(line, stacklevel=level)
    except Warning:
        logging.getLogger("polyak").warning(line)


def number(loss: object) -> float:
    """A loss as a number, of a tensor too.

    >>> number(0.5)
    0.5
    """
    detach = getattr(loss, "detach", None)
    return float(loss if detach is None else detach())  # type: ignore[arg-type]


def logged(log: object) -> Log | None:
    """A function of a dict, whichever was given."""
    if log is None or callable(log):
        return log
    scalar = getattr(log, "add_scalar", None)
    if scalar is None:
        raise PolyakError(
            f"log is a {type(log).__name__}, expected a function of a dict or a TensorBoard writer"
        )

    def written(said: dict[str, float]) -> None:
        for name, value in said.items():
            if name != "step":
                scalar(f"polyak/{name}", value, int(said["step"]))

    return written
