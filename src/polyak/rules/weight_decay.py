"""Weight decay: one name, two meanings, both here as a named choice."""

from __future__ import annotations

from polyak.ground.errors import PolyakError
from polyak.ground.types import Array, Number


def pull(x: Array | None, strength: Number) -> Number:
    """strength * x, the gradient of (strength / 2) |x|^2; 0 where there is no decay.

    >>> pull(3.0, 0.5), pull(None, 0.0)
    (1.5, 0.0)
    """
    if isinstance(strength, float) and strength == 0.0:
        return 0.0
    if x is None:
        raise PolyakError("weight decay needs the parameters: call update(grads, state, params)")
    return strength * x
