r"""What is measured of a run beside its loss: a number of the outputs and of what they should be.

accuracy = the share of rows whose largest output is that of the row's class;
           of one output a row, whose output is above 0 where the class is 1, and not above where it is 0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_compat

from polyak.ground.errors import PolyakError, unknown

Measure = Callable[[Any, Any], Any]
"""measure(outputs, targets) -> one number, the larger the better, as scikit-learn's scores are."""


def accuracy(outputs: Any, targets: Any) -> Any:  # noqa: ANN401 - arrays of any library
    """The share of rows that are put into their own class.

    Args:
        outputs: shape (rows, classes), of which the largest decides; or (rows,) or (rows, 1), decided by the sign.
        targets: class numbers, shape (rows,) or (rows, 1); or one column for each class, of which the largest is 1.

    >>> import numpy as np
    >>> float(accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0])))
    0.5
    """
    xp = array_api_compat.array_namespace(outputs)
    if outputs.ndim > 1 and outputs.shape[-1] > 1:
        found = xp.argmax(outputs, axis=-1)
        if targets.ndim == outputs.ndim and targets.shape[-1] == outputs.shape[-1]:
            targets = xp.argmax(targets, axis=-1)
    else:
        found = xp.reshape(outputs, (outputs.shape[0],)) > 0
    same = xp.astype(found, xp.int32) == xp.astype(xp.reshape(targets, tuple(found.shape)), xp.int32)
    return xp.mean(xp.astype(same, xp.float32))


MEASURES: dict[str, Measure] = {"accuracy": accuracy}


def measure_of(given: object) -> tuple[str, Measure] | None:
    """A measure and its name, from one of ours by its name or from a function; None for none.

    >>> measure_of("accuracy")[0]
    'accuracy'
    """
    if given is None:
        return None
    if isinstance(given, str):
        if given not in MEASURES:
            raise unknown("measure", given, MEASURES)
        return given, MEASURES[given]
    if not callable(given):
        raise PolyakError(f"measure is {given!r}, expected accuracy or a function of (outputs, targets)")
    name = str(getattr(given, "__name__", type(given).__name__))
    return (name if name.isidentifier() and name not in ("loss", "held_out_loss") else "measure"), given
