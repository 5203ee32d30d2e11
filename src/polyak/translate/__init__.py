"""A recipe in another framework's words: settings, states, and the proof that the paths are the same."""

from polyak.translate.batch_size import rescale
from polyak.translate.convert import convert_state
from polyak.translate.translate import translate
from polyak.translate.translation import Translation

__all__ = ["Translation", "convert_state", "rescale", "translate"]
