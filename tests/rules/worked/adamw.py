"""AdamW on paper: its first three steps, and the sum that it stands for."""

from __future__ import annotations

from polyak.rules import AdamW
from sums import lr
from worked import worked

BY_HAND = [
    # decoupled, the same signs are those of g, and x / 2 is taken off beside them
    (AdamW(lr, 0.0, 0.0, eps=0.0, weight_decay=0.5), (-0.1 * 3.5, -0.4 * (2.325 - 1), -0.2 * (2.06 + 1))),
]


paper = worked("rules", "adam").paper
