"""The user's own training, looked at: curvature, edges, noise, and what they say of its settings."""

from polyak.diagnose.callbacks import HuggingFaceWatch, KerasWatch, LightningWatch
from polyak.diagnose.diagnose import diagnose
from polyak.diagnose.diagnosis import TITLES, Cost, Diagnosis
from polyak.diagnose.explain import Explanation, explain
from polyak.diagnose.forecast import Choice, Forecast, forecast
from polyak.diagnose.watch import Event, Facts, Watch, Watched, watch

__all__ = [
    "TITLES",
    "Choice",
    "Cost",
    "Diagnosis",
    "Event",
    "Explanation",
    "Facts",
    "Forecast",
    "HuggingFaceWatch",
    "KerasWatch",
    "LightningWatch",
    "Watch",
    "Watched",
    "diagnose",
    "explain",
    "forecast",
    "watch",
]
