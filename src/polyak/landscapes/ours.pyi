# Written by scripts/make_stubs.py from what the files of this folder define.
from polyak.landscapes.classics import beale as beale
from polyak.landscapes.classics import bowl as bowl
from polyak.landscapes.classics import cliff as cliff
from polyak.landscapes.classics import himmelblau as himmelblau
from polyak.landscapes.classics import rastrigin as rastrigin
from polyak.landscapes.classics import ravine as ravine
from polyak.landscapes.classics import rosenbrock as rosenbrock
from polyak.landscapes.classics import saddle as saddle

__all__ = ["beale", "bowl", "cliff", "himmelblau", "rastrigin", "ravine", "rosenbrock", "saddle"]
