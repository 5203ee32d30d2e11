"""The configs that people paste, one file a kind; each registers itself."""

from polyak.ground.registry import import_all
from polyak.translate.paste.configs.kinds import parts_of, parts_of_call

__all__ = ["parts_of", "parts_of_call"]

import_all(__name__)
