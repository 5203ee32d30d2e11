"""The terminal door."""

from polyak.cli.main import main

__all__ = ["main"]
