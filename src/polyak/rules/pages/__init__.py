"""Update rules as pages spell them: a page's own function, unedited, becomes a rule."""

from polyak.rules.pages.handles import ArrayHandle
from polyak.rules.pages.in_place import FromPage, MissingHyperparameterError, from_page
from polyak.rules.pages.page_rule import PageRule, arity
from polyak.rules.pages.plane import FromPlane, from_plane

__all__ = [
    "ArrayHandle",
    "FromPage",
    "FromPlane",
    "MissingHyperparameterError",
    "PageRule",
    "arity",
    "from_page",
    "from_plane",
]
