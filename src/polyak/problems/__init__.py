"""Problems: data, a model and a loss. A new one is a file of this folder, with one decorated function."""

from typing import TYPE_CHECKING

from polyak.problems import ours
from polyak.problems.as_problem import as_problem, problem_of
from polyak.problems.catalogue import CATALOGUE, problem
from polyak.problems.held_out import hold_out
from polyak.problems.measures import accuracy
from polyak.problems.ours import *  # noqa: F403
from polyak.problems.problem import Problem
from polyak.problems.sigma_points import sigma_points
from polyak.problems.task import Task

__all__ = [
    "CATALOGUE",
    "Problem",
    "Task",
    "accuracy",
    "as_problem",
    "hold_out",
    "problem",
    "problem_of",
    "sigma_points",
]
__all__ += ours.__all__

if not TYPE_CHECKING:  # which would take any name for one that is there
    __getattr__ = CATALOGUE.attribute
