"""The same rule in other frameworks' words: steppers on the real ones, proofs, exports."""

import lazy_loader

# The names are those of `__init__.pyi`: translating imports no framework, exporting imports torch alone.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
