"""One folder a framework: what it calls its optimizers, how they are run, what their states are, its export.

A folder registers itself by its `__init__.py`; its parts are imported when one asks for that framework: translating
imports none, exporting torch alone.
"""

from polyak.frameworks.catalogue import SPELLINGS
from polyak.frameworks.classify import stepper
from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.steppers import Stepper
from polyak.ground.registry import import_all

__all__ = ["FRAMEWORKS", "SPELLINGS", "Stepper", "stepper"]

import_all(__name__)
