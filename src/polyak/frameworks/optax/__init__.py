"""Optax."""
