"""Polyak's own rules."""
