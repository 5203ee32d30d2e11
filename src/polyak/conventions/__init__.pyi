from .frameworks import Stepper, stepper

__all__ = ["Stepper", "stepper"]
