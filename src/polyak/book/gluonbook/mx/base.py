"""The error of the old framework: Polyak's own, of one line."""

from polyak.ground.errors import PolyakError

MXNetError = PolyakError
