"""The generators of random numbers that a user's code draws from: remembered, and put back as they were.

Python's, NumPy's and torch's own, torch's only where it is in use; and those that an object holds, such as the one that
a loader shuffles by.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType

import numpy as np

Restore = Callable[[], None]


def remembered(own: Iterable[object] = (), *, shared: bool = True) -> Restore:
    """What puts all generators back to where they are now.

    Args:
        own: further ones: of NumPy, of Python, of torch.
        shared: whether those that all code shares are among them.

    >>> back = remembered()
    >>> first = random.random(), np.random.random()
    >>> back()
    >>> (random.random(), np.random.random()) == first
    True
    """
    kept = [*(_shared() if shared else []), *map(_of, own)]

    def restore() -> None:
        for put_back in kept:
            put_back()

    return restore


def _shared() -> list[Restore]:
    kept: list[Restore] = [
        partial(random.setstate, random.getstate()),
        partial(np.random.set_state, np.random.get_state(legacy=False)),
    ]
    torch = sys.modules.get("torch")
    if torch is not None:
        kept.append(partial(torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            kept.append(partial(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return kept


def seed_all(seed: int) -> None:
    """Python's, NumPy's and torch's shared generators, torch's only where it is in use.

    >>> back = remembered()
    >>> seed_all(3)
    >>> first = random.random()
    >>> seed_all(3)
    >>> random.random() == first
    True
    >>> back()
    """
    random.seed(seed)
    np.random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


@contextmanager
def all_seeded(seed: int) -> Iterator[None]:
    """Inside, the shared generators begin at a seed; afterwards they are as they were."""
    back = remembered()
    seed_all(seed)
    try:
        yield
    finally:
        back()


def seeded(generator: object, seed: int) -> None:
    """Begin one generator anew.

    >>> one, other = np.random.default_rng(), np.random.default_rng()
    >>> seeded(one, 5), seeded(other, 5)
    (None, None)
    >>> one.random() == other.random()
    True
    """
    if isinstance(generator, np.random.Generator):
        kind = type(generator.bit_generator)
        generator.bit_generator.state = kind(seed).state
    elif hasattr(generator, "manual_seed"):
        generator.manual_seed(seed)
    else:
        generator.seed(seed)  # type: ignore[attr-defined]


def _of(generator: object) -> Restore:
    """The same for one."""
    if isinstance(generator, random.Random):
        return partial(generator.setstate, generator.getstate())
    if isinstance(generator, np.random.Generator):
        return partial(setattr, generator.bit_generator, "state", generator.bit_generator.state)
    if isinstance(generator, np.random.RandomState):
        return partial(generator.set_state, generator.get_state(legacy=False))
    return partial(generator.set_state, generator.get_state())  # type: ignore[attr-defined]


def held_by(*objects: object) -> list[object]:
    """The generators among the attributes of objects, each once.

    >>> class Noisy:
    ...     def __init__(self):
    ...         self.rng = np.random.default_rng(0)
    >>> len(held_by(Noisy(), None))
    1
    """
    torch: ModuleType | None = sys.modules.get("torch")
    kinds = {random.Random, np.random.Generator, np.random.RandomState, *([torch.Generator] if torch else [])}
    found = {id(value): value for value in _attributes(objects) if type(value) in kinds}
    return list(found.values())


def _attributes(objects: Iterable[object]) -> Iterator[object]:
    for each in objects:
        yield from getattr(each, "__dict__", {}).values()
