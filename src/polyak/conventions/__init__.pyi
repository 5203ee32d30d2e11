from .convert import convert_state
from .frameworks import Stepper, stepper
from .spellings import SPELLINGS
from .translating import translate
from .translation import Translation

__all__ = ["SPELLINGS", "Stepper", "Translation", "convert_state", "stepper", "translate"]
