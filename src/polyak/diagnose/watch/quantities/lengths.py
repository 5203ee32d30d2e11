"""How long the gradient, the update, the velocity and the parameters are, all together and by layer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context, norm, norms
from polyak.diagnose.watch.quantity import quantity
from polyak.frameworks.live import Arrays

PASS = "one pass over as many numbers as there are parameters"


@quantity("gradient_norm", unit="of the gradient", cost=PASS)
def gradient_norm(context: Context) -> float:
    """Of what the step was taken by: after clipping, where the framework holds it so."""
    return _length(context.gradients)


@quantity("own_gradient_norm", unit="of the gradient", cost=PASS)
def own_gradient_norm(context: Context) -> float:
    """Of the batch's gradient at today's parameters, never clipped."""
    return _length(context.own_gradients)


@quantity("update_norm", unit="of the parameters", cost=PASS, of_update=True)
def update_norm(context: Context) -> float:
    """Of what the step changed."""
    return _length(context.updates)


@quantity("velocity_norm", unit="of the velocity", cost=PASS)
def velocity_norm(context: Context) -> float:
    """Of the velocity, or of an adaptive rule's mean."""
    return _length(context.velocity)


@quantity("parameter_norm", unit="of the parameters", cost=PASS)
def parameter_norm(context: Context) -> float:
    """Of all parameters."""
    return _length(context.parameters)


@quantity("layer_gradient_norm", unit="of the gradient", cost=PASS, by_layer=True)
def layer_gradient_norm(context: Context) -> NDArray[np.float64]:
    """Of each layer's part of the gradient that the step was taken by."""
    return _lengths(context, context.gradients)


@quantity("layer_update_norm", unit="of the parameters", cost=PASS, by_layer=True, of_update=True)
def layer_update_norm(context: Context) -> NDArray[np.float64]:
    """Of each layer's part of what the step changed."""
    return _lengths(context, context.updates)


@quantity("layer_parameter_norm", unit="of the parameters", cost=PASS, by_layer=True)
def layer_parameter_norm(context: Context) -> NDArray[np.float64]:
    """Of each layer's parameters."""
    return _lengths(context, context.parameters)


def _length(arrays: Arrays | None) -> float:
    return math.nan if arrays is None else norm(arrays)


def _lengths(context: Context, arrays: Arrays | None) -> NDArray[np.float64]:
    return np.full(len(context.layers), np.nan) if arrays is None else norms(arrays)
