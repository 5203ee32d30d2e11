"""What a reading came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyak.ground.shown import Shown


@dataclass(frozen=True)
class Reading(Shown):
    """What a reading came to; as text, the line that it closes with.

    Attributes:
        path: what was written.
        cells: how many cells the document has.
        ran: how many of them were run.
        failures: those that failed, each in one line that says where and why.
        slots: the numbers of the slots that have no string.
        strings: the numbers of the strings that have no slot.
        images: the images that are missing.
        formulas: the formulas that could not be set.
        tab: which of the document's tabs was read, where it has any.
        run_at: when the cells ran, where this reading ran none: what they did then was kept.

    >>> print(Reading(Path("momentum.html"), cells=9, ran=9, slots=(3,), images=("a.svg", "b.svg")))
    wrote momentum.html: 9 cells run, 1 slot without a string, 2 images missing
    """

    path: Path
    cells: int = 0
    ran: int = 0
    failures: tuple[str, ...] = ()
    slots: tuple[int, ...] = ()
    strings: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    run_at: str = ""
    tab: str = ""

    def __str__(self) -> str:
        summary = self.summary()
        anew = "; --again runs anew" if self.run_at else ""
        return f"wrote {self.path}" + (f": {summary}" if summary else "") + anew

    def summary(self) -> str:
        """How many cells were run, and what is lacking."""
        ran = (
            f"{self.ran} of {_many(self.cells, 'cell')}"
            if self.ran < self.cells
            else _many(self.cells, "cell")
        )
        said = [f"{ran}, run {self.run_at}" if self.run_at else f"{ran} run"] if self.cells else []
        said += [f"tab {self.tab}"] if self.tab else []
        said += [f"{len(self.failures)} failed"] if self.failures else []
        said += [f"{_many(len(self.slots), 'slot')} without a string"] if self.slots else []
        said += [f"{_many(len(self.images), 'image')} missing"] if self.images else []
        said += [f"{_many(len(self.formulas), 'formula')} not set"] if self.formulas else []
        return ", ".join(said)


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
