# Written by scripts/make_stubs.py from what the files of this folder define.
from polyak.problems.perceptron import perceptron as perceptron
from polyak.problems.regression import linear_regression as linear_regression
from polyak.problems.regression import logistic_regression as logistic_regression
from polyak.problems.regression import softmax_regression as softmax_regression

__all__ = ["linear_regression", "logistic_regression", "perceptron", "softmax_regression"]
