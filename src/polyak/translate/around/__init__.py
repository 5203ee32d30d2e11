"""What stands around an optimizer: clipping, accumulation, averages. One kind is one file; each registers itself."""

from polyak.ground.registry import import_all
from polyak.translate.around.kinds import Around, Words, around_of

__all__ = ["Around", "Words", "around_of"]

import_all(__name__)
