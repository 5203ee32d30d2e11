"""From words on the command line to landscapes, data and problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyak.cli.files import in_file, object_in_file
from polyak.ground.errors import PolyakError, plain, unknown


def landscape_from(name: str, start: str | None = None) -> Any:
    """The landscape that a word spells: one of ours, quadratic:1,10, or my_file.py:f."""
    from polyak import landscapes

    begin = None if start is None else numbers_from("start", start)
    if in_file(name):
        return landscapes.from_function(object_in_file(name), start=begin)
    if name.startswith("quadratic:"):
        found = landscapes.quadratic(numbers_from("eigenvalues", name.removeprefix("quadratic:")))
    elif plain(name) in landscapes.CATALOGUE:
        found = landscapes.CATALOGUE[plain(name)]
    else:
        raise unknown("landscape", name, [*landscapes.CATALOGUE, "quadratic:1,10", "my_file.py:f"])
    return found if begin is None else found.starting_at(begin)


def problem_from(data: str | None, target: str | None, problem: str | None) -> Any:
    """The problem on a data set of ours or in a file, of the kind that suits its labels unless named."""
    from polyak import data as datasets
    from polyak import problems
    from polyak.data.airfoil import at_hand

    if data is None:
        if target or problem:
            raise PolyakError(f"--{'target' if target else 'problem'} needs --data")
        data = "airfoil" if at_hand() else "diabetes"
    if plain(data) in datasets.CATALOGUE:
        if target is not None:
            raise PolyakError(f"--target has no place with {data}: its target is known")
        table = datasets.CATALOGUE[plain(data)]()
    elif Path(data).suffix or "/" in data:
        table = datasets.read(data, target=target, standardize=True)
    else:
        raise unknown("data", data, [*datasets.CATALOGUE, "a file such as table.csv"])
    return problems.problem_of(table) if problem is None else problems.CATALOGUE.find(problem)(table)


def check_time(task: Any, batch_size: Any, epochs: Any, runs: Any, cells: Any = 1) -> None:
    """Refuse trainings that would not be over within a day; sizes that are none are left for the run to refuse."""
    from polyak.run.affordable import check_memory_of, check_time_of

    if all(isinstance(size, int) and size > 0 for size in (batch_size, epochs, runs, cells)):
        check_memory_of(task, epochs=epochs, runs=runs, records=1)
        check_time_of(task, batch_size=batch_size, epochs=epochs, runs=runs, cells=cells)


def numbers_from(name: str, words: str) -> list[float]:
    """Numbers parted by commas.

    >>> numbers_from("start", "-5, -2")
    [-5.0, -2.0]
    """
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise PolyakError(f"{name} is '{words}', expected numbers parted by commas, such as -5,-2") from None
