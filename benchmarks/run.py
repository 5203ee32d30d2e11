"""`make bench`: everything that Polyak is held against, measured side by side in one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cold_start
import crowd
import curvatures
import descent
import epoch
import export
import guarantees
import products
import stores
import tape
import tuning
import typer
import wide
from report import Section, machine, table, write
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import lab
import sweeps
import theory

README = Path(__file__).with_name("README.md")
PARTS: dict[str, Callable[[Progress], list[Section]]] = {
    "epoch": lambda progress: [epoch.measure_two(progress), epoch.measure_twenty(progress)],
    "seeds": lambda progress: [epoch.measure_seeds(progress)],
    "descent": lambda progress: [descent.measure(progress, steps) for steps in (20, 10_000)],
    "theory": lambda progress: [
        theory.measure_phase(progress),
        theory.measure_prediction(progress),
        theory.measure_expectation(progress),
    ],
    "wide": lambda progress: [wide.measure(progress)],
    "guarantees": lambda progress: [guarantees.measure(progress), guarantees.measure_curve(progress)],
    "products": products.measure,
    "curvatures": curvatures.measure,
    "sweeps": lambda progress: [sweeps.measure_ravine(progress), sweeps.measure_airfoil(progress)],
    "stores": lambda progress: [
        stores.measure_large(progress),
        stores.measure_workers(progress),
        stores.measure_engines(progress),
    ],
    "tape": tape.measure,
    "tuning": tuning.measure,
    "export": lambda progress: [export.measure(progress)],
    "lab": lambda progress: [
        lab.measure_slider(progress),
        lab.measure_exported(progress),
        lab.measure_first_page(progress),
        lab.measure_sessions(progress),
    ],
    "crowd": lambda progress: [crowd.measure(progress)],
    "cold": lambda progress: [cold_start.measure(progress)],
}


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"which of {', '.join(PARTS)}; all by default")
    ] = None,
    write_readme: Annotated[
        bool, typer.Option("--write", help="put the tables into benchmarks/README.md; needs all parts")
    ] = False,
) -> None:
    """Measure Polyak and its peers on this machine."""
    chosen = parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(unknown)}: expected {', '.join(PARTS)}")
    if write_readme and set(chosen) != set(PARTS):
        raise typer.BadParameter("--write needs all parts, so that all the tables are from one run")
    console, load = Console(), os.getloadavg()[0]
    console.width = max(console.width, 130)  # what the tables need, where the output is no terminal
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        sections = [section for part in chosen for section in PARTS[part](progress)]
    facts = f"{machine(load)} Command: `{' '.join(['python', *sys.argv])}`."
    console.print(facts, "")
    for section in sections:
        console.print(table(section), "")
    if write_readme:
        write(README, facts, sections)
        console.print(f"written to {README}")


if __name__ == "__main__":
    typer.run(main)
