"""Watches as callbacks of the trainers that people use: a file each, which imports none of them.

A callback is made for a trainer that is given it; what a trainer asks of one beside what is watched is answered by its
own base class where that is imported, and by nothing where it is not.
"""

from polyak.diagnose.callbacks.hugging_face import HuggingFaceWatch
from polyak.diagnose.callbacks.keras import KerasWatch
from polyak.diagnose.callbacks.lightning import LightningWatch

__all__ = ["HuggingFaceWatch", "KerasWatch", "LightningWatch"]
