"""A call of a schedule as a course: whose it is, its arguments by name, and the courses inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import Parameter
from typing import Any

from polyak.frameworks.called import home_of
from polyak.frameworks.framework import FRAMEWORKS
from polyak.ground.errors import PolyakError, unknown
from polyak.translate.paste.values import Call, Unread, must_be_run
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.epochs import in_epochs
from polyak.translate.schedules.row import ROWS, Row

EPOCHS = "counted in epochs"
AFTER = "optimizer"  # what torch's and Hugging Face's are given first
IGNORED = ("last_epoch", "verbose", "name")
TOTAL, WARMUP = "num_training_steps", "num_warmup_steps"


@dataclass(frozen=True)
class Schedule:
    """A schedule that was read.

    Attributes:
        row: its framework's name for it.
        arguments: by name; the schedules inside it as schedules.
        course: the learning rate that it makes, step by step.
        steps_per_epoch: how many steps each of its own counts lasts; 1 where it counts steps.
        said: how it was read, in words.
        base: the optimizer's own learning rate, for one that multiplies it; else None.
    """

    row: Row
    arguments: Mapping[str, Any]
    course: Course
    steps_per_epoch: int = 1
    said: tuple[str, ...] = ()
    base: float | None = None

    @property
    def name(self) -> str:
        """Whose it is, and what it is called."""
        return f"{self.row.home}:{self.row.name}"


def row_of(call: Call) -> Row | None:
    """The row that a call is of; None where it is no schedule's.

    >>> row_of(Call("torch.optim.lr_scheduler.StepLR")).name, row_of(Call("optax.cosine_decay_schedule")).home
    ('StepLR', 'optax')
    >>> row_of(Call("torch.optim.SGD"))
    """
    own = call.last.lower()
    homes = [home for home, name in ROWS if name == own]
    if len(homes) > 1 or (homes and "." in call.name):
        homes = _at_home(call, homes)
    return ROWS[homes[0], own] if homes else None


def _at_home(call: Call, homes: list[str]) -> list[str]:
    """Of the homes that have a call's name, the one that its path names; the first where it names none known here."""
    framework = home_of(call.name)
    named = framework.prefix if framework is not None else call.name.partition(".")[0]
    return [home for home in homes if home == named] or ([] if framework is not None else homes[:1])


def is_schedule(value: object) -> bool:
    """Whether a value of a pasted text is a schedule's call."""
    return isinstance(value, Call) and row_of(value) is not None


def read_schedule(
    call: Call, lr: float | None, steps_per_epoch: int | None = None, total_steps: int | None = None
) -> Schedule:
    """A call as a schedule.

    Args:
        call: as it was pasted.
        lr: the optimizer's own learning rate, for a schedule that multiplies it.
        steps_per_epoch: where the schedule is stepped once an epoch, how many steps that is.
        total_steps: how long the training is, for a schedule that ends with it and does not say when.

    Raises PolyakError for one that is not known, for what would have to be run, and for an argument that is wrong.

    >>> found = read_schedule(Call("optax.linear_schedule", (1.0, 0.0, 4)), None)
    >>> found.name, found.course.values(3)
    ('optax:linear_schedule', array([1.  , 0.75, 0.5 ]))
    """
    row = _known_row(call, lr)
    arguments = _by_name(row, call, lr, total_steps)
    if TOTAL in arguments and arguments[TOTAL] is None and total_steps is not None:
        arguments[TOTAL] = total_steps
    found = _counted(row, arguments, _course_of(row, arguments, lr), steps_per_epoch)
    if row.home not in FRAMEWORKS or row.home == "timm":  # which are not run here
        said = f"the schedule is {row.home}'s formula as its documentation has it, which was not run here"
        found = replace(found, said=(*found.said, said))
    return replace(found, base=lr) if row.relative else found


def _known_row(call: Call, lr: float | None) -> Row:
    row = row_of(call)
    if row is None:
        raise unknown("schedule", call.last, [each.name for each in ROWS.values()])
    if row.relative and lr is None:
        raise PolyakError(f"{row.name} multiplies the optimizer's learning rate, which is not said")
    return row


def _course_of(row: Row, arguments: Mapping[str, Any], lr: float | None) -> Course:
    """The row's course of these arguments; what is wrong with them is said under its name."""
    values = {name: _course(value) for name, value in arguments.items()}
    try:
        return row.read(lr, **values) if row.relative else row.read(**values)
    except PolyakError as error:
        named = str(error).startswith(row.name)
        raise PolyakError(f"{'' if named else f'{row.name}: '}{error}") from None


def _counted(row: Row, arguments: Mapping[str, Any], course: Course, steps_per_epoch: int | None) -> Schedule:
    """The course in steps, where the schedule counts epochs."""
    if row.counts == "epochs" and steps_per_epoch is None:
        raise PolyakError(f"{row.home}'s schedule counts epochs: give steps_per_epoch=...")
    if steps_per_epoch is None:
        said = f"{row.name} is read as stepped after every step; for one an epoch give steps_per_epoch=..."
        return Schedule(row, arguments, course, 1, (said,) if row.counts == "either" else ())
    if row.counts == "steps":
        return Schedule(row, arguments, course)
    said = f"{row.name} is read as stepped once an epoch, of {steps_per_epoch:,} steps"
    return Schedule(row, arguments, in_epochs(course, steps_per_epoch), steps_per_epoch, (said,))


def _by_name(row: Row, call: Call, lr: float | None, total_steps: int | None) -> dict[str, Any]:
    """The arguments by name, each a value or a schedule; the optimizer and what changes nothing left out."""
    parameters = [each for each in row.parameters() if each.kind is each.POSITIONAL_OR_KEYWORD]
    if not parameters and lr is not None and row.relative:
        row.read(lr)  # one that is known and refused says why
    names = [each.name for each in parameters]
    given = _named(row, call, names)
    if TOTAL in names and total_steps is not None:
        given.setdefault(TOTAL, total_steps)
    _require(row, parameters, given)
    return {name: _read(row, name, value, lr) for name, value in given.items()}


def _require(row: Row, parameters: list[Parameter], given: Mapping[str, Any]) -> None:
    """Refuse a call without an argument that has no default."""
    names = [each.name for each in parameters if each.default is each.empty]
    missing = next((name for name in names if name not in given), None)
    if missing is not None:
        raise PolyakError(f"{row.name} needs {missing}")


def _named(row: Row, call: Call, names: list[str]) -> dict[str, Any]:
    """What a call gives, by its names."""
    positional, named = list(call.positional), dict(call.named)
    if row.relative:
        named.pop(AFTER, None)
        positional = positional[1:] if positional and _is_optimizer(positional[0]) else positional
    if len(positional) > len(names):
        raise PolyakError(
            f"{row.name}: {len(positional)} arguments without a name, expected at most {len(names)}"
        )
    given = dict(zip(names, positional, strict=False))
    for name, value in named.items():
        if name in given:
            raise PolyakError(f"{row.name}: {name} is given twice")
        if name not in (*names, *IGNORED) and names:
            raise unknown(f"argument of {row.name}", name, names)
        given[name] = value
    return {name: value for name, value in given.items() if name in names}


def _is_optimizer(value: object) -> bool:
    """Whether a first argument is the optimizer that a scheduler is given."""
    return isinstance(value, Unread | Call) and not is_schedule(value)


def _read(row: Row, name: str, value: object, lr: float | None) -> Any:  # noqa: ANN401
    """A value as it is, schedules inside it read; what would have to be run is refused."""
    if isinstance(value, tuple):
        return tuple(_read(row, name, each, lr) for each in value)
    if isinstance(value, Call) and row_of(value) is not None:
        return read_schedule(value, lr)
    if isinstance(value, Unread | Call):
        raise must_be_run(repr(value), f"{row.name}: {name}")
    if isinstance(value, dict):
        return {key: _read(row, f"{name}[{key!r}]", each, lr) for key, each in value.items()}
    return value


def _course(value: object) -> Any:  # noqa: ANN401
    if isinstance(value, Schedule):
        return value.course
    return tuple(map(_course, value)) if isinstance(value, tuple) else value
