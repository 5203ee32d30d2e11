"""Optax's schedules, as read in optax 0.2.8: a schedule is the learning rate itself, a function of the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.translate.schedules.course import JAX, Course, number
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.drops import Drops
from polyak.translate.schedules.courses.exponential import Exponential
from polyak.translate.schedules.courses.joined import Joined, joined
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.row import Written, positive, reads, whole, writes
from polyak.translate.schedules.settled import settled

HOME = "optax"
COUNTED = (
    "Optax counts steps in int32, which JAX divides in float32: the learning rate is within 1e-7 of its largest,"
    " in a training in float64 too"
)


@reads(HOME, "constant_schedule")
def _constant(value: float) -> Course:
    return Constant(positive("value", value, zero=True))


@reads(HOME, "polynomial_schedule")
def _polynomial(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Course:
    begin, to = _ends(init_value, end_value)
    ramp = Ramp(begin, to, whole("transition_steps", transition_steps), positive("power", power))
    return joined((Constant(begin), ramp), (whole("transition_begin", transition_begin, 0),))


@reads(HOME, "linear_schedule")
def _linear(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Course:
    return _polynomial(init_value, end_value, 1.0, transition_steps, transition_begin)


@reads(HOME, "warmup_constant_schedule")
def _warm(init_value: float, peak_value: float, warmup_steps: int) -> Course:
    return Ramp(*_ends(init_value, peak_value), whole("warmup_steps", warmup_steps))


@reads(HOME, "cosine_decay_schedule")
def _cosine(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Course:
    begin = positive("init_value", init_value)
    return Cosine(
        begin,
        begin * positive("alpha", alpha, zero=True),
        whole("decay_steps", decay_steps),
        positive("exponent", exponent),
    )


@reads(HOME, "warmup_cosine_decay_schedule")
def _warm_cosine(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Course:
    warm, whole_way = whole("warmup_steps", warmup_steps, 0), whole("decay_steps", decay_steps)
    if whole_way <= warm:
        raise PolyakError(
            f"decay_steps is {whole_way}, the warm-up among them, expected more than its {warm} steps"
        )
    begin, top = _ends(init_value, peak_value)
    end = positive("end_value", end_value, zero=True)
    cosine = Cosine(top, end, whole_way - warm, positive("exponent", exponent))
    return joined((Ramp(begin, top, max(warm, 1)), cosine), (warm,))


@reads(HOME, "exponential_decay")
def _exponential(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Course:
    begin = positive("init_value", init_value)
    decay = Exponential(
        begin,
        positive("decay_rate", decay_rate),
        whole("transition_steps", transition_steps),
        bool(staircase),
        None if end_value is None else positive("end_value", end_value, zero=True),
    )
    return joined((Constant(begin), decay), (whole("transition_begin", transition_begin, 0),))


@reads(HOME, "warmup_exponential_decay_schedule")
def _warm_exponential(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Course:
    warm = whole("warmup_steps", warmup_steps, 0)
    begin, top = _ends(init_value, peak_value)
    decay = _exponential(top, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return joined((Ramp(begin, top, max(warm, 1)), decay), (warm,))


@reads(HOME, "piecewise_constant_schedule")
def _piecewise(init_value: float, boundaries_and_scales: Mapping[int, float] | None = None) -> Course:
    pairs = sorted((boundaries_and_scales or {}).items())
    steps = tuple(whole("boundaries_and_scales", step) for step, _ in pairs)
    factors = tuple(positive("boundaries_and_scales", factor, zero=True) for _, factor in pairs)
    return Drops(positive("init_value", init_value), steps, factors)


@reads(HOME, "join_schedules")
def _join(schedules: Sequence[Course], boundaries: Sequence[int]) -> Course:
    steps = tuple(whole("boundaries", step, 0) for step in boundaries)
    if len(schedules) != len(steps) + 1 or list(steps) != sorted(steps):
        raise PolyakError(
            f"join_schedules has {len(schedules)} schedules and the boundaries {steps}, expected one less, rising"
        )
    return joined(tuple(schedules), steps)


@reads(HOME, "sgdr_schedule")
def _sgdr(cosine_kwargs: Sequence[Mapping[str, Any]]) -> Course:
    parts, boundaries, at = [], [], 0
    for each in cosine_kwargs:
        parts.append(_warm_cosine(**each))
        at += whole("decay_steps", each["decay_steps"])
        boundaries.append(at)
    return joined(tuple(parts), tuple(boundaries[:-1]))


@reads(HOME, "cosine_onecycle_schedule")
def _one_cycle(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Course:
    total, top = whole("transition_steps", transition_steps), positive("peak_value", peak_value)
    turn = whole("pct_start x transition_steps", int(pct_start * total))
    low = top / positive("div_factor", div_factor)
    last = top / (div_factor * positive("final_div_factor", final_div_factor))
    return joined((Cosine(low, top, turn), Cosine(top, last, total - turn)), (turn,))


@reads(HOME, "linear_onecycle_schedule")
def _linear_one_cycle(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Course:
    total, top = whole("transition_steps", transition_steps), positive("peak_value", peak_value)
    turn, final = int(pct_start * total), int(pct_final * total)
    if not 0 < turn < final < total:
        raise PolyakError(
            f"linear_onecycle_schedule turns at the steps {turn} and {final} of {total}, expected rising"
        )
    low = top / positive("div_factor", div_factor)
    last = top / (div_factor * positive("final_div_factor", final_div_factor))
    lines = Ramp(low, top, turn), Ramp(top, low, final - turn), Ramp(low, last, total - final)
    return joined(lines, (turn, final))


def _ends(begin: object, end: object) -> tuple[float, float]:
    return positive("init_value", begin, zero=True), positive("end_value", end, zero=True)


@writes(HOME)
def words(course: Course) -> Written:
    """The schedule as code; a function of the step where Optax has no name for it."""
    course, until = settled(course)
    named = _named(course)
    said = () if isinstance(course, Constant | Drops) else (COUNTED,)
    return Written(
        named if named is not None else f"lambda k: {course.code('k', JAX)}", until=until, said=said
    )


def _named(course: Course) -> str | None:
    """A schedule of Optax's that says a course; None where none does."""
    found: str | None = None
    match course:
        case Constant(value=value):
            found = number(value)
        case Ramp(begin=begin, to=to, steps=steps, power=1.0):
            found = _called("linear_schedule", init_value=begin, end_value=to, transition_steps=steps)
        case Ramp(begin=begin, to=to, steps=steps, power=power):
            found = _called(
                "polynomial_schedule", init_value=begin, end_value=to, power=power, transition_steps=steps
            )
        case Cosine(begin=begin, to=to, steps=steps, exponent=exponent, rises=False) if begin > to:
            more = {} if exponent == 1 else {"exponent": exponent}
            found = _called(
                "cosine_decay_schedule", init_value=begin, decay_steps=steps, alpha=to / begin, **more
            )
        case Exponential():
            found = _exponential_named(course)
        case Drops():
            found = _drops_named(course)
        case Joined(
            parts=(Ramp(power=1.0) as warm, Cosine(exponent=1.0, rises=False) as cosine), boundaries=(at,)
        ) if warm.steps == at and warm.to == cosine.begin > cosine.to:
            found = _called(
                "warmup_cosine_decay_schedule",
                init_value=warm.begin,
                peak_value=warm.to,
                warmup_steps=at,
                decay_steps=at + cosine.steps,
                end_value=cosine.to,
            )
        case Joined():
            found = _joined_named(course)
    return found


def _exponential_named(course: Exponential) -> str:
    given: dict[str, Any] = {
        "init_value": course.begin,
        "transition_steps": course.steps,
        "decay_rate": course.rate,
    }
    if course.staircase:
        given["staircase"] = True
    if course.to is not None:
        given["end_value"] = course.to
    return _called("exponential_decay", **given)


def _drops_named(course: Drops) -> str:
    pairs = ", ".join(f"{at}: {number(by)}" for at, by in zip(course.at_steps, course.factors, strict=True))
    begin = number(course.begin)
    return f"optax.piecewise_constant_schedule(init_value={begin}, boundaries_and_scales={{{pairs}}})"


def _joined_named(course: Joined) -> str | None:
    """The schedules one after the other; None where one of them has no name."""
    inside = [_scheduled(part) for part in course.parts]
    if None in inside:
        return None
    return f"optax.join_schedules([{', '.join(map(str, inside))}], {list(course.boundaries)})"


def _scheduled(course: Course) -> str | None:
    """The same where a number is no schedule."""
    if isinstance(course, Constant):
        return f"optax.constant_schedule({number(course.value)})"
    return _named(course)


def _called(name: str, **given: float) -> str:
    return f"optax.{name}({', '.join(f'{key}={_shown(value)}' for key, value in given.items())})"


def _shown(value: float) -> str:
    return repr(value) if isinstance(value, bool | int) else number(value)
