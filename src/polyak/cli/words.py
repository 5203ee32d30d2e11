"""From words on the command line to landscapes, data and problems."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.files import in_file, object_in_file
from polyak.ground.errors import PolyakError, plain, unknown

if TYPE_CHECKING:
    from polyak.data import Data
    from polyak.landscapes import Landscape
    from polyak.models import Model
    from polyak.problems import Problem


Rule = Annotated[
    str, typer.Argument(help="heavy_ball, optax:adam, my_rule.py:MyRule ... (polyak rules lists them)")
]
Out = Annotated[Path | None, typer.Option(help="A picture to write: .svg, .png or .pdf.")]
Store = Annotated[str, typer.Argument(help="A store that polyak sweep wrote.")]
Curvature = Annotated[str | None, typer.Option(help="One curvature or several, such as 0.2,4.")]
On = Annotated[str | None, typer.Option(help="A landscape, quadratic:1,10, or my_function.py:f.")]
Grid = Annotated[
    list[str] | None, typer.Option(help="An axis: lr=log:1e-3:1:100, or of one rule adam.lr=...")
]


@dataclass(frozen=True)
class Place:
    """The options that spell a landscape."""

    on: On = "ravine"
    start: Annotated[str | None, typer.Option(help="Where to begin, such as -5,-2.")] = None

    def landscape(self) -> Landscape:
        """One of ours, quadratic:1,10, or my_file.py:f."""
        return landscape_from(self.on or "", self.start)


@dataclass(frozen=True)
class Task:
    """The options that spell a problem on a data set of ours or in a file."""

    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None
    column: Annotated[str | None, typer.Option(help="The file's column to tell; the last by default.")] = None
    problem: Annotated[
        str | None, typer.Option(help="linear_regression, perceptron ...; by the column's kind.")
    ] = None

    def made(self) -> Problem:
        """The problem, of the kind that suits its labels unless named; on airfoil or diabetes where no data is."""
        from polyak import problems
        from polyak.data.airfoil import at_hand

        data, problem = self.data, self.problem
        if data is None:
            if self.column or problem:
                raise PolyakError(f"--{'column' if self.column else 'problem'} needs --data")
            data = "airfoil" if at_hand() else "diabetes"
        table = self._table(data)
        kind = problems.problem_of if problem is None else problems.CATALOGUE.find(problem)
        made: Problem = kind(table)
        return made

    def _table(self, data: str) -> Data:
        from polyak import data as datasets

        if plain(data) in datasets.CATALOGUE:
            if self.column is not None:
                raise PolyakError(f"--column has no place with {data}: its target is known")
            return datasets.CATALOGUE[plain(data)]()
        if Path(data).suffix or "/" in data:
            return datasets.read(data, column=self.column, standardize=True)
        raise unknown("data", data, [*datasets.CATALOGUE, "a file such as table.csv"])


@dataclass(frozen=True)
class Trained(Task):
    """The options that spell a problem, or a file's own training in its place."""

    on: Annotated[str | None, typer.Option(help="A model of your own instead: my_training.py:setup.")] = None

    def made_for(self, options: dict[str, Any]) -> Problem | Model:
        """The problem or the model; a setup's batch size goes among the options, where none was typed."""
        if self.on is None:
            return self.made()
        given = [name for name in ("data", "column", "problem") if getattr(self, name) is not None]
        if given:
            raise PolyakError(f"--on is a training of your own and --{given[0]} of data: give one of them")
        return model_from(self.on, options)


def model_from(place: str, options: dict[str, Any]) -> Model:
    """The model of my_training.py:setup; its batch size goes among the options, where none was typed."""
    from polyak.cli.setups import setup_from

    made = setup_from(place)
    if options.get("batch_size") is None:
        options["batch_size"] = made.batch_size
    return made.model()


def spells_setup(place: str | None) -> bool:
    """Whether a word is a file's function that is called with nothing: a landscape's takes its coordinates."""
    if place is None or not in_file(place):
        return False
    from polyak.cli.setups import needed

    function = object_in_file(place)
    try:
        return not needed(function)
    except (TypeError, ValueError):  # no function, or one that does not say
        return False


def landscape_from(name: str, start: str | None = None) -> Landscape:
    """The landscape that a word spells: one of ours, quadratic:1,10, or my_file.py:f."""
    from polyak import landscapes

    begin = None if start is None else numbers_from("start", start)
    if in_file(name):
        return landscapes.from_function(object_in_file(name), start=begin)
    if name.startswith("quadratic:"):
        landscape = landscapes.quadratic(numbers_from("eigenvalues", name.removeprefix("quadratic:")))
    elif plain(name) in landscapes.CATALOGUE:
        landscape = landscapes.CATALOGUE[plain(name)]
    else:
        raise unknown("landscape", name, [*landscapes.CATALOGUE, "quadratic:1,10", "my_file.py:f"])
    return landscape if begin is None else landscape.starting_at(begin)


def check_time(
    task: Problem | Model, batch_size: object, epochs: object, runs: object, cells: object = 1, **_: object
) -> None:
    """Refuse trainings that would not be over within a day; sizes that are none are left for the run to refuse."""
    from polyak.problems import Problem
    from polyak.run.affordable import check_memory_of, check_time_of

    if not isinstance(task, Problem):
        return  # what a step of a user's own model takes, is not known

    batch_size = 10 if batch_size is None else batch_size
    sizes = [size for size in (batch_size, epochs, runs, cells) if isinstance(size, int) and size > 0]
    if len(sizes) == 4:
        batch_size, epochs, runs, cells = sizes
        check_memory_of(task, epochs=epochs, runs=runs, records=1)
        check_time_of(task, batch_size=batch_size, epochs=epochs, runs=runs, cells=cells)


def curvatures_or_landscape(curvature: str | None, on: str | None) -> list[float] | Landscape:
    """What a prediction is made on, of two of which one is given."""
    return landscape_from(on or "") if curvature is None else numbers_from("curvature", curvature)


def numbers_from(name: str, words: str) -> list[float]:
    """Numbers parted by commas.

    >>> numbers_from("start", "-5, -2")
    [-5.0, -2.0]
    """
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise PolyakError(f"{name} is '{words}', expected numbers parted by commas, such as -5,-2") from None
