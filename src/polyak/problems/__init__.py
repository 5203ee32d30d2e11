"""Problems: data, a model and a loss."""

from polyak.problems.perceptron import perceptron
from polyak.problems.problem import Problem
from polyak.problems.regression import linear_regression, logistic_regression, softmax_regression
from polyak.problems.sigma_points import sigma_points

CATALOGUE = {
    "linear_regression": linear_regression,
    "logistic_regression": logistic_regression,
    "softmax_regression": softmax_regression,
    "perceptron": perceptron,
}

__all__ = [
    "CATALOGUE",
    "Problem",
    "linear_regression",
    "logistic_regression",
    "perceptron",
    "sigma_points",
    "softmax_regression",
]
