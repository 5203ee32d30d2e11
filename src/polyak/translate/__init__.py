"""A recipe in another framework's words: settings, states, and the proof that the paths are the same."""

from typing import TYPE_CHECKING

from polyak.translate.convert import convert_state
from polyak.translate.translate import translate
from polyak.translate.translation import Translation

if TYPE_CHECKING:
    from polyak.translate.batch_size import rescale

__all__ = ["Translation", "convert_state", "rescale", "translate"]


def __getattr__(name: str) -> object:
    """What stands on the theory is imported when it is first asked for: a translation does without."""
    if name != "rescale":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from polyak.translate.batch_size import rescale

    return rescale
