"""What tuning came to: the best settings, and every one that was tried."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.ground.numbers import readable
from polyak.ground.shown import Shown

Settings = dict[str, float]


@dataclass(frozen=True)
class Trial:
    """One setting and how far it came.

    Attributes:
        settings: by name.
        values: the median over the seeds after so many epochs, a round each.
        reason: why a run of it ended early; empty where none did.
    """

    settings: Settings
    values: dict[int, float]
    reason: str = ""


@dataclass(frozen=True)
class Tuned(Shown):
    """What successive halving ended with.

    Attributes:
        rule: its name.
        settings: the best.
        quantity: what was judged by: "loss", "held_out_loss" or a measure's name.
        value: the median over the seeds at the end of the whole training.
        rounds: how many epochs and how many settings each round had.
        trials: every setting, as drawn.
        seeds: of the runs.
        last: how many settings are past an edge, and were tried only as far as others left room.
        guided: whether theory chose the settings among twice as many: see `tune`.
    """

    rule: str
    settings: Settings
    quantity: str
    value: float
    rounds: tuple[tuple[int, int], ...]
    trials: tuple[Trial, ...]
    seeds: tuple[int, ...]
    last: int = 0
    guided: bool = False

    @property
    def spent(self) -> int:
        """Epochs trained in all, each seed's counted."""
        return len(self.seeds) * sum(epochs * cells for epochs, cells in self.rounds)

    @property
    def of_all(self) -> int:
        """Epochs of every setting trained to the end."""
        return len(self.seeds) * self.rounds[-1][0] * self.rounds[0][1]

    def __str__(self) -> str:
        where = ", ".join(f"{name}={readable(value, 6)}" for name, value in self.settings.items())
        rounds = ", ".join(f"{cells} for {epochs} epoch{'s' * (epochs > 1)}" for epochs, cells in self.rounds)
        seeds = f"{len(self.seeds)} seed{'s' * (len(self.seeds) > 1)}"
        lines = [
            f"{self.rule}({where}): median {self.quantity} of {seeds} {readable(self.value, 6)}",
            f"  {rounds}: {self.spent:,} epochs in all, {self.spent / self.of_all:.0%} of every setting to its end",
        ]
        died = [each for each in self.trials if each.reason]
        if self.guided:
            lines.append(
                "  of twice as many drawn, those that fall furthest on the quadratic at the start were tried"
            )
        if self.last:
            lines.append(f"  {self.last} settings drawn are past the edge, and were tried last")
        if died:
            lines.append(f"  {len(died)} settings died or diverged, such as: {died[0].reason}")
        return "\n".join(lines)
