"""What was measured, as a table in the terminal and in Markdown."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich import box
from rich.table import Table
from timing import Timing

UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}
PACKAGES = (
    "polyak",
    "jax",
    "jaxlib",
    "optax",
    "numpy",
    "torch",
    "numba",
    "curvlinops-for-pytorch",
    "matfree",
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Row:
    """One contender: its timing, or why there is none, and what shows that it did the job."""

    name: str
    timing: Timing | None = None
    shows: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Target:
    """A speed asked for, and the one reached."""

    text: str
    reached: str = "not measured"
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: ", met", False: ", MISSED", None: ""}[self.met]
        return f"{self.text}: {self.reached}{verdict}"


@dataclass(frozen=True)
class Section:
    """Rows measured side by side, in `unit`, beside the row `reference`."""

    title: str
    unit: str
    rows: tuple[Row, ...]
    reference: str
    shows: str = ""
    targets: tuple[Target, ...] = ()

    def timing(self, name: str) -> Timing | None:
        return next((row.timing for row in self.rows if row.name == name), None)

    def ratio(self, row: Row) -> float | None:
        """How many times as long as the reference this row took."""
        reference = self.timing(self.reference)
        return row.timing.median / reference.median if row.timing and reference else None

    def header(self) -> list[str]:
        measures = [f"median, {self.unit}", "quartiles", "best", "times the first"]
        return ["", *measures, *([self.shows] if self.shows else [])]

    def cells(self, row: Row) -> list[str]:
        ratio, shows = self.ratio(row), [row.shows] if self.shows else []
        if row.timing is None:
            return [row.name, "not measured", "", "", "", *shows]
        low, high = (self.scaled(second) for second in row.timing.quartiles)
        times = "" if ratio is None else f"{ratio:.3g}"
        return [
            row.name,
            self.scaled(row.timing.median),
            f"{low} to {high}",
            self.scaled(row.timing.best),
            times,
            *shows,
        ]

    def notes(self) -> list[str]:
        """The targets, and why what is not measured is not."""
        missing = [f"{row.name} not measured: {row.why_not}" for row in self.rows if row.timing is None]
        return [*map(str, self.targets), *missing]

    def scaled(self, seconds: float) -> str:
        return f"{seconds * UNITS[self.unit]:#.3g}".rstrip(".")


def table(section: Section) -> Table:
    """The section for the terminal."""
    caption = "\n".join(section.notes()) or None
    drawn = Table(
        box=box.SIMPLE_HEAD,
        title=section.title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
    )
    for heading in section.header():
        drawn.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in section.rows:
        drawn.add_row(*section.cells(row))
    return drawn


def markdown(section: Section) -> str:
    """The section for the README."""
    header = section.header()
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *map(section.cells, section.rows)]
    drawn = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    notes = "".join(f"\n- {note}" for note in section.notes())
    return f"### {section.title}\n\n{drawn}\n{notes}\n" if notes else f"### {section.title}\n\n{drawn}\n"


def machine(load: float) -> str:
    """Where and with what this was measured, and how busy (`load`) the machine was before."""
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return (
        f"Measured on {date.today()}: {_processor()}, {os.cpu_count()} cores (load {load:.1f} before), "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; {versions}."
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name; `platform` does not know it on Linux."""
    facts = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", facts.read_text()) if facts.exists() else None
    return named[1] if named else platform.processor() or "processor unknown"


def write(readme: Path, facts: str, sections: Iterable[Section]) -> None:
    """Put the facts and the sections between the README's markers."""
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    body = "\n".join(markdown(section) for section in sections)
    readme.write_text(f"{before}{BEGIN}\n{facts}\n\n{body}\n{END}{after}")
