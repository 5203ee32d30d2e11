"""The rows of the table, for tests that go through them."""

from spelled import pytest_generate_tests, relative_fixture, said_fixture

__all__ = ["pytest_generate_tests", "relative_fixture", "said_fixture"]
