"""How long the tests wait for what takes a moment: only what hangs takes so long, on however loaded a machine."""

from __future__ import annotations

PATIENCE = 300.0  # seconds
