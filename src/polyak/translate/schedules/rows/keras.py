"""keras.optimizers.schedules, as read in Keras 3.15.1: a schedule is the learning rate itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from polyak.ground.errors import PolyakError
from polyak.translate.schedules.course import KERAS, Course, number, rounded
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.drops import Drops
from polyak.translate.schedules.courses.exponential import Exponential
from polyak.translate.schedules.courses.inverse import Inverse
from polyak.translate.schedules.courses.joined import Joined, joined
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.courses.restarts import Restarts
from polyak.translate.schedules.row import Written, positive, reads, whole, writes
from polyak.translate.schedules.settled import settled

HOME = "keras"
WHERE = "keras.optimizers.schedules"
IN_FLOAT32 = 2e-7  # Keras's cosine is worked out in float32 on JAX, whatever it is given
ROUNDED = "Keras works a cosine out in float32: the learning rate is within 2e-7 of its largest"
CLASS = """\
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        k = ops.cast(step, keras.config.floatx())
        return {code}"""


@reads(HOME, "ExponentialDecay")
def _exponential(
    initial_learning_rate: float,
    decay_steps: int,
    decay_rate: float,
    staircase: bool = False,
    name: object = None,  # noqa: ARG001
) -> Course:
    begin, rate = _begin(initial_learning_rate), positive("decay_rate", decay_rate)
    return Exponential(begin, rate, whole("decay_steps", decay_steps), bool(staircase))


@reads(HOME, "InverseTimeDecay")
def _inverse(
    initial_learning_rate: float,
    decay_steps: int,
    decay_rate: float,
    staircase: bool = False,
    name: object = None,  # noqa: ARG001
) -> Course:
    rate = positive("decay_rate", decay_rate, zero=True)
    steps = whole("decay_steps", decay_steps)
    return Inverse(_begin(initial_learning_rate), rate, steps, staircase=bool(staircase))


@reads(HOME, "PolynomialDecay")
def _polynomial(
    initial_learning_rate: float,
    decay_steps: int,
    end_learning_rate: float = 1e-4,
    power: float = 1.0,
    cycle: bool = False,
    name: object = None,  # noqa: ARG001
) -> Course:
    if cycle:
        raise PolyakError(
            "PolynomialDecay with cycle=True, whose periods grow, is not read: expected cycle=False"
        )
    end = positive("end_learning_rate", end_learning_rate, zero=True)
    steps = whole("decay_steps", decay_steps)
    return Ramp(_begin(initial_learning_rate), end, steps, positive("power", power))


@reads(HOME, "PiecewiseConstantDecay")
def _piecewise(boundaries: Sequence[int], values: Sequence[float], name: object = None) -> Course:  # noqa: ARG001
    steps = tuple(whole("boundaries", step, 0) for step in boundaries)
    levels = tuple(positive("values", value) for value in values)
    if len(levels) != len(steps) + 1 or list(steps) != sorted({*steps}):
        raise PolyakError(
            f"PiecewiseConstantDecay has {len(levels)} values and the boundaries {steps}, expected one value more"
        )
    # A boundary's own step still has the value before it.
    factors = tuple(rounded(after / before) for before, after in itertools.pairwise(levels))
    return Drops(levels[0], tuple(step + 1 for step in steps), factors)


@reads(HOME, "CosineDecay", within=IN_FLOAT32)
def _cosine(
    initial_learning_rate: float,
    decay_steps: int,
    alpha: float = 0.0,
    name: object = None,  # noqa: ARG001
    warmup_target: float | None = None,
    warmup_steps: int = 0,
) -> Course:
    steps, share = whole("decay_steps", decay_steps), positive("alpha", alpha, zero=True)
    begin = positive("initial_learning_rate", initial_learning_rate, zero=warmup_target is not None)
    if warmup_target is None:
        return Cosine(begin, begin * share, steps)
    top, warm = positive("warmup_target", warmup_target), whole("warmup_steps", warmup_steps, 0)
    return joined((Ramp(begin, top, max(warm, 1)), Cosine(top, top * share, steps)), (warm,))


@reads(HOME, "CosineDecayRestarts", within=IN_FLOAT32)
def _restarts(
    initial_learning_rate: float,
    first_decay_steps: int,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: object = None,  # noqa: ARG001
) -> Course:
    if t_mul not in (1, 2):
        raise PolyakError(f"t_mul is {t_mul!r}, expected 1 or 2: longer periods are not written in code here")
    if alpha and m_mul != 1:
        raise PolyakError("CosineDecayRestarts with both alpha and m_mul is not read: expected one of them")
    begin = _begin(initial_learning_rate)
    first = whole("first_decay_steps", first_decay_steps)
    return Restarts(
        begin, begin * positive("alpha", alpha, zero=True), first, int(t_mul), positive("m_mul", m_mul)
    )


def _begin(value: object) -> float:
    return positive("initial_learning_rate", value)


def _float(value: float) -> str:
    """A number that Keras takes for none of the integers, whose kind it would keep."""
    found = number(value)
    return found if any(sign in found for sign in ".e") else f"{found}.0"


@writes(HOME)
def words(course: Course) -> Written:
    """The schedule as code; a class of the user's own where Keras has no name for it."""
    if isinstance(course, Constant):
        return Written(_float(course.value))
    course, until = settled(course)
    named = _named(course)
    if named is None:
        code = course.code("k", KERAS)
        cosines = KERAS.cos in code
        said = (ROUNDED,) if cosines else ()
        return Written(
            "Schedule()", None, CLASS.format(code=code), until, said, IN_FLOAT32 if cosines else 0.0
        )
    if named.startswith("Cosine"):
        return Written(f"{WHERE}.{named}", until=until, said=(ROUNDED,), within=IN_FLOAT32)
    said = ()
    if isinstance(course, Drops):
        said = ("Keras changes at the step after a boundary: its boundaries are one less",)
    return Written(f"{WHERE}.{named}", until=until, said=said)


def _named(course: Course) -> str | None:
    found: str | None = None
    match course:
        case Ramp(begin=begin, to=to, steps=steps, power=power) if begin > 0:
            found = (
                f"PolynomialDecay(initial_learning_rate={_float(begin)}, decay_steps={steps}, "
                f"end_learning_rate={number(to)}, power={number(power)})"
            )
        case Cosine(begin=begin, to=to, steps=steps, exponent=1.0, rises=False) if begin > to:
            alpha = number(to / begin)
            found = f"CosineDecay(initial_learning_rate={_float(begin)}, decay_steps={steps}, alpha={alpha})"
        case Joined(
            parts=(Ramp(power=1.0) as warm, Cosine(exponent=1.0, rises=False) as cosine), boundaries=(at,)
        ) if warm.steps == at and warm.to == cosine.begin > cosine.to:
            found = (
                f"CosineDecay(initial_learning_rate={_float(warm.begin)}, decay_steps={cosine.steps}, "
                f"alpha={number(cosine.to / cosine.begin)}, warmup_target={_float(warm.to)}, warmup_steps={at})"
            )
        case Exponential(begin=begin, rate=rate, steps=steps, staircase=staircase, to=None):
            found = (
                f"ExponentialDecay(initial_learning_rate={_float(begin)}, decay_steps={steps}, "
                f"decay_rate={number(rate)}{_stairs(staircase)})"
            )
        case Inverse(begin=begin, rate=rate, steps=steps, power=1.0, staircase=staircase):
            found = (
                f"InverseTimeDecay(initial_learning_rate={_float(begin)}, decay_steps={steps}, "
                f"decay_rate={number(rate)}{_stairs(staircase)})"
            )
        case Drops(at_steps=at_steps) if at_steps:
            found = _drops_named(course)
        case Restarts(begin=begin, to=to, first=first, longer=longer, lower=lower, ends=None) if float(
            first
        ).is_integer() and (to == 0 or lower == 1):
            found = (
                f"CosineDecayRestarts(initial_learning_rate={_float(begin)}, first_decay_steps={int(first)}, "
                f"t_mul={longer}, m_mul={number(lower)}, alpha={number(to / begin)})"
            )
    return found


def _stairs(staircase: object) -> str:
    return ", staircase=True" if staircase else ""


def _drops_named(course: Drops) -> str:
    """The levels, each up to its boundary, whose own step still has the value before it."""
    boundaries = [at - 1 for at in course.at_steps]
    values = ", ".join(map(_float, course.levels))
    return f"PiecewiseConstantDecay(boundaries={boundaries}, values=[{values}])"
