"""What is refused of a model before anything is said of it: found by its loss on the first batch."""

from __future__ import annotations

import math

from polyak.frameworks.bridge import Batch, Bridge
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import alike, readable

SHOWN = 4  # names in a line


def loss_at_the_door(bridge: Bridge, batch: Batch) -> float:
    """The loss on a batch, if it is a number that stays the same, with a gradient in every trained array.

    Raises PolyakError where it is nan or infinite, has none, changes from call to call, or does not depend on a
    parameter, which is named. The bridge itself refuses a loss that is no scalar.
    """
    loss = _loss(bridge, batch)
    if not math.isfinite(loss):
        raise PolyakError(f"the loss on the first batch is {readable(loss)}, expected a finite number")
    again = _loss(bridge, batch)
    if not alike(again, loss):
        raise PolyakError(
            f"the loss changes between two calls on one batch, {readable(loss, 6)} then {readable(again, 6)}, though"
            " Python's, NumPy's and torch's generators were put back: dropout or noise by a generator of its own, or"
            " data that changes?"
        )
    dead = bridge.untouched(batch)
    if dead:
        shown = ", ".join(dead[:SHOWN]) + (f" and {len(dead) - SHOWN} more" if len(dead) > SHOWN else "")
        raise PolyakError(
            f"the loss does not depend on {shown}, on the first batch: freeze what is not trained, or leave it out"
        )
    return loss


def _loss(bridge: Bridge, batch: Batch) -> float:
    with bridge.on(batch) as local:
        return local.loss
