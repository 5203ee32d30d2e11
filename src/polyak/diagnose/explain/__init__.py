"""Why a training went wrong: the records of a watch, asked for each cause that is known here."""

from polyak.diagnose.explain.explain import explain
from polyak.diagnose.explain.explanation import Explanation
from polyak.diagnose.explain.finding import Cause, Evidence, Finding, NotFound

__all__ = ["Cause", "Evidence", "Explanation", "Finding", "NotFound", "explain"]
