"""Polyak: a workbench for momentum.

>>> import polyak as pk
>>> trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), pk.landscapes.ravine, steps=20)
>>> print(trace)
heavy_ball(lr=0.6, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 0.007188, x2 0.002553
"""

import lazy_loader

# The names are those of `__init__.pyi`; each is imported at its first use, for JAX takes most of a second.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
