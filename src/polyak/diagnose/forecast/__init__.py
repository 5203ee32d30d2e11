"""What a training of the user's own would do at other learning rates and momenta, without training it."""

from polyak.diagnose.forecast.forecast import forecast
from polyak.diagnose.forecast.result import Choice, Forecast

__all__ = ["Choice", "Forecast", "forecast"]
