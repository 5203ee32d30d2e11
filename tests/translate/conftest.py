"""The rows of the table, for tests that go through every pair."""

from new_framework import mlx_fixture
from spelled import pytest_generate_tests, relative_fixture, said_fixture

__all__ = ["mlx_fixture", "pytest_generate_tests", "relative_fixture", "said_fixture"]
