from .frameworks import Stepper, stepper
from .to_torch import to_torch

__all__ = ["Stepper", "stepper", "to_torch"]
