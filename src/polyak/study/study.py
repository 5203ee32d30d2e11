"""The study of a rule: one page, its pictures and its numbers, in one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from polyak import data
from polyak.data.airfoil import at_hand
from polyak.ground.errors import whole_number
from polyak.ground.files import cannot_be_written, write_whole
from polyak.ground.progress import Progress, silent
from polyak.ground.types import Number
from polyak.landscapes import Landscape, as_landscape
from polyak.problems import Problem, linear_regression
from polyak.rules import GradientDescent, Optimizer, Rule, as_rule
from polyak.show.places import check_folder
from polyak.show.style import label, svg
from polyak.study.learning_rates import lr_name
from polyak.study.page import page
from polyak.study.section import Section, Subject
from polyak.study.sections import in_order


def study(
    rule: Optimizer | type[Rule] | str,
    out: str | Path,
    *,
    on: Landscape | str | Callable[..., Number] = "ravine",
    steps: int = 20,
    problem: Problem | None = None,
    batch_size: int = 10,
    epochs: int = 2,
    seeds: int = 5,
    command: str = "polyak.study(...)",
    progress: Progress | None = None,
    **settings: Any,
) -> list[Section]:
    """Study a rule: descend, train, compare with gradient descent, and write a page about it.

    Args:
        rule: an update rule with its settings, or the name of one of ours.
        out: the folder for index.html, the pictures (SVG) and the numbers (CSV).
        on: the landscape.
        steps: of the descent.
        problem: what is trained; by default linear regression on airfoil, or on diabetes where airfoil is
            not at hand.
        batch_size, epochs, seeds: of the training.
        command: the line that the page says it was made by.
        progress: called with (parts done, parts in all).
        settings: of a rule that is given by its name or its class.

    Returns the sections. Raises PolyakError for input that cannot be used.
    """
    subject = _subject(as_rule(rule, **settings), on, steps, problem, batch_size, epochs, seeds)
    out = Path(out)
    check_folder(out)
    progress = progress or silent
    sections: list[Section] = []
    writers = in_order()
    for write in writers:
        progress(len(sections), len(writers) + 1)
        sections.append(write(subject))
    progress(len(writers), len(writers) + 1)
    write_page(out, f"Study: {label(subject.rule)}", command, sections)
    progress(len(writers) + 1, len(writers) + 1)
    return sections


def default_problem() -> Problem:
    """Linear regression on airfoil where it is at hand, else on diabetes, which needs no network."""
    return linear_regression(data.airfoil() if at_hand() else data.diabetes())


def _subject(
    rule: Optimizer,
    on: Landscape | str | Callable[..., Number],
    steps: int,
    problem: Problem | None,
    batch_size: int,
    epochs: int,
    seeds: int,
) -> Subject:
    name = lr_name(rule)
    is_baseline = isinstance(rule, GradientDescent)
    problem = problem or default_problem()
    return Subject(
        rule=rule,
        baseline=None if name is None or is_baseline else GradientDescent(lr=rule.settings()[name]),
        landscape=as_landscape(on),
        steps=whole_number("steps", steps, at_least=1),
        problem=problem,
        batch_size=whole_number("batch_size", batch_size, at_least=1, at_most=problem.data.rows),
        epochs=whole_number("epochs", epochs, at_least=1),
        seeds=whole_number("seeds", seeds, at_least=1),
    )


def pictures(sections: Sequence[Section]) -> dict[str, bytes]:
    """Those of all sections by name, as SVG, each drawn once."""
    return {picture.name: svg(picture.figure) for section in sections for picture in section.pictures}


def write_file(out: str | Path, title: str, command: str, sections: Sequence[Section]) -> None:
    """One page alone, its pictures in it."""
    write_whole(Path(out), page(title, command, sections, pictures(sections), beside=False))


def write_page(out: str | Path, title: str, command: str, sections: Sequence[Section]) -> None:
    """Pictures, each drawn once, and numbers first, the page that holds them last; each file whole or not at all."""
    out = Path(out)
    with cannot_be_written(out):
        out.mkdir(parents=True, exist_ok=True)
    drawn = pictures(sections)
    html = page(title, command, sections, drawn)
    for name, picture in drawn.items():
        write_whole(out / f"{name}.svg", picture)
    for section in sections:
        for name, dataset in section.numbers.items():
            write_whole(out / f"{name}.csv", dataset.to_dataframe().to_csv())
    write_whole(out / "index.html", html)
