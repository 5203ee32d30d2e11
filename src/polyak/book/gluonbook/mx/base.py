"""The error that a page may catch, such as where it asks for a device that there is not."""

from polyak.ground.errors import PolyakError

MXNetError = PolyakError
