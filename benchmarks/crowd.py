"""A crowd in the lab: 300 sessions at once and a thousand in a row; what each holds, and what is left of them.

`python benchmarks/crowd.py` measures this alone; `--at-once 20 --in-a-row 40` is a small crowd.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import numpy as np
import typer
from report import Row, Section, Target, machine, table
from rich.console import Console
from rich.progress import Progress
from timing import Timing

import lab

AT_ONCE, IN_A_ROW = 300, 1000
FORGOTTEN = 30  # seconds after which a session whose tab is gone has been forgotten


def measure(progress: Progress, at_once: int = AT_ONCE, in_a_row: int = IN_A_ROW) -> Section:
    """Both crowds on one process; an honest slider among them is timed."""
    task = progress.add_task(f"lab: {at_once} sessions at once, {in_a_row} in a row", total=2)
    with lab._Served() as served:
        asyncio.run(_in_a_row(served, 20))  # what is made once is made
        time.sleep(FORGOTTEN)
        before = served.memory()
        alone, among, full = asyncio.run(_at_once(served, at_once))
        time.sleep(FORGOTTEN)
        after_crowd = served.memory()
        progress.advance(task)
        opened = asyncio.run(_in_a_row(served, in_a_row // 2))
        time.sleep(FORGOTTEN)
        halfway = served.memory()
        opened += asyncio.run(_in_a_row(served, in_a_row - in_a_row // 2))
        time.sleep(FORGOTTEN)
        at_last = served.memory()
    progress.advance(task)
    worst, grown = float(np.quantile(among, 0.95)), at_last - halfway
    return Section(
        f"The lab: {at_once} sessions at once, {lab.MOVING} of them moving a slider every second; {in_a_row} in a row",
        "ms",
        (
            Row("a slider's event to the trace's numbers, alone", Timing(tuple(alone)), f"{before:.0f} MiB"),
            Row("the same, among all", Timing(tuple(among)), f"{full:.0f} MiB, {after_crowd:.0f} when they are gone"),
            Row(
                "a session opened, its page read, and closed",
                Timing(tuple(opened)),
                f"{halfway:.0f} MiB after half, {at_last:.0f} after all",
            ),
        ),
        reference="a slider's event to the trace's numbers, alone",
        shows="memory of the process",
        targets=(
            Target("under 250 ms among all, at the 95th percentile", f"{worst * 1e3:.0f} ms", worst < 0.25),
            Target("a session: under 4 MiB", f"{(full - before) / at_once:.1f} MiB", full - before < 4 * at_once),
            Target("the second half of those in a row leaves under 10 MiB", f"{grown:.1f} MiB", grown < 10),
        ),
    )  # fmt: skip


async def _at_once(served: lab._Served, count: int) -> tuple[list[float], list[float], float]:
    """A slider's answers alone and among all, and the memory when all are open."""
    first = await lab._session(served.address)
    alone = (await lab._move(*first, 0.0))[2:]
    sessions = [first, *[await lab._session(served.address) for _ in range(count - 1)]]
    full = served.memory()
    found = await asyncio.gather(
        *(lab._move(*session, k / lab.MOVING) for k, session in enumerate(sessions[: lab.MOVING]))
    )
    for connection, *_ in sessions:
        connection.close()
    return alone, [taken for answers in found for taken in answers[2:]], full


async def _in_a_row(served: lab._Served, count: int) -> list[float]:
    """Sessions one after the other, each closed before the next: how long each took."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        connection, *_rest = await lab._session(served.address)
        connection.close()
        taken.append(time.perf_counter() - began)
    return taken


def main(
    at_once: Annotated[int, typer.Option(help="Sessions at once, 10 or more.")] = AT_ONCE,
    in_a_row: Annotated[int, typer.Option(help="Sessions in a row.")] = IN_A_ROW,
) -> None:
    """Measure this part alone."""
    import os

    load = os.getloadavg()[0]
    with Progress() as progress:
        section = measure(progress, at_once, in_a_row)
    console = Console()
    console.print(table(section))
    console.print(machine(load))


if __name__ == "__main__":
    typer.run(main)
