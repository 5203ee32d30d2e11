"""One folder a framework: its spellings, its optimizers run step by step, their states, its export.

The folders' modules are imported when one asks for that framework: translating imports none, exporting torch alone.
"""

from polyak.frameworks.named import FRAMEWORKS, factory, stepper, stepper_of
from polyak.frameworks.spellings import SPELLINGS
from polyak.frameworks.stepper import Stepper

__all__ = ["FRAMEWORKS", "SPELLINGS", "Stepper", "factory", "stepper", "stepper_of"]
