"""Documents that execute: Markdown whose cells run in a Jupyter kernel, and whose words can be translated."""

from polyak.book.reader import read
from polyak.book.result import Reading
from polyak.book.slots.separate import Separated, separate

__all__ = ["Reading", "Separated", "read", "separate"]
