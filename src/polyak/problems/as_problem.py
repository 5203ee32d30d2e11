"""What people name a problem by: one, or the data that it is of."""

from __future__ import annotations

from polyak.data import CATALOGUE as DATA
from polyak.data import Data
from polyak.ground.errors import PolyakError
from polyak.problems.problem import Problem
from polyak.problems.regression import linear_regression, logistic_regression, softmax_regression

SUITED = {0: linear_regression, 2: logistic_regression}  # by how many classes there are


def as_problem(on: object) -> Problem:
    """A Problem from one, from a data set or from the name of one of ours.

    Raises PolyakError for anything else.

    >>> as_problem("diabetes")
    Problem(linear regression on Data(diabetes: 442 rows, 10 features -> disease progression after one year))
    """
    if isinstance(on, Problem):
        return on
    if isinstance(on, str):
        return problem_of(DATA.find(on)())
    if isinstance(on, Data):
        return problem_of(on)
    raise PolyakError(
        f"{on!r} is no problem: expected one such as linear_regression(data), or a data set's name"
    )


def problem_of(data: Data) -> Problem:
    """The problem that suits a data set's labels: least squares, or logistic or softmax regression for classes."""
    return SUITED.get(len(data.classes), softmax_regression)(data)
