"""Documents that execute: Markdown whose cells run in a Jupyter kernel, and whose words can be translated."""

from polyak.chapter.reader import read
from polyak.chapter.reading import Reading
from polyak.chapter.separation import Separated, separate

__all__ = ["Reading", "Separated", "read", "separate"]
