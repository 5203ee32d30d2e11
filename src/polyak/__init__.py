"""Polyak: a workbench for momentum.

>>> import polyak as pk
>>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), pk.landscapes.ravine, steps=20)
>>> print(trace)
heavy_ball(lr=0.6, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 0.007188, x2 0.002553
"""

import contextlib
import sys
import types

import lazy_loader

from polyak.ground.imports import drawing_nothing

# The names are those of `__init__.pyi`; each is imported at its first use, for JAX takes most of a second.
_named, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """What the stub names, and any rule by its class's name: one that was just written is in no stub yet."""
    if name[:1].isupper() and name not in __all__:
        from polyak.rules import CATALOGUE

        with contextlib.suppress(AttributeError):
            return CATALOGUE.attribute(name)
    with drawing_nothing():
        return _named(name)


class _Package(types.ModuleType):
    """`polyak.verify` is the function, though a folder of that name holds it, whichever is imported first.

    Importing a folder sets it on this package under its name: where the folder has a function of its own name, that
    is what people mean by it, and `__getattr__` finds it.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, types.ModuleType) and hasattr(value, "__all__") and name in value.__all__:
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
