"""Every framework's own optimizers behind one small face: start, step, set_lr, state, load."""

from polyak.conventions.frameworks.named import FRAMEWORKS, factory, stepper, stepper_of
from polyak.conventions.frameworks.stepper import Stepper

__all__ = ["FRAMEWORKS", "Stepper", "factory", "stepper", "stepper_of"]
