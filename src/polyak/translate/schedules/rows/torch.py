"""torch.optim.lr_scheduler, as read in torch 2.13.0: each multiplies the optimizer's own learning rate.

It is stepped by the user, after every step of the optimizer or after every epoch: both are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.translate.schedules.course import PYTHON, Course, number
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.drops import Drops
from polyak.translate.schedules.courses.epochs import Epochs
from polyak.translate.schedules.courses.exponential import Exponential
from polyak.translate.schedules.courses.joined import Joined, joined
from polyak.translate.schedules.courses.product import Product
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.courses.restarts import Restarts
from polyak.translate.schedules.courses.triangles import Triangles
from polyak.translate.schedules.row import Reader, Written, positive, reads, whole, writes

HOME = "torch"
WHERE = "torch.optim.lr_scheduler"


def _reads(name: str) -> Callable[[Reader], Reader]:
    return reads(HOME, name, relative=True, counts="either")


@_reads("StepLR")
def _step(lr: float, step_size: int, gamma: float = 0.1) -> Course:
    return Exponential(lr, positive("gamma", gamma, zero=True), whole("step_size", step_size), staircase=True)


@_reads("MultiStepLR")
def _multi_step(lr: float, milestones: Sequence[int], gamma: float = 0.1) -> Course:
    steps = tuple(sorted(whole("milestones", step) for step in milestones))
    if len({*steps}) < len(steps):
        raise PolyakError(f"milestones are {steps}, expected each step once")
    return Drops(lr, steps, (positive("gamma", gamma, zero=True),) * len(steps))


@_reads("ExponentialLR")
def _exponential(lr: float, gamma: float) -> Course:
    return Exponential(lr, positive("gamma", gamma))


@_reads("ConstantLR")
def _constant(lr: float, factor: float = 1 / 3, total_iters: int = 5) -> Course:
    share = positive("factor", factor, zero=True)
    return joined((Constant(lr * share), Constant(lr)), (whole("total_iters", total_iters, 0),))


@_reads("LinearLR")
def _linear(lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Course:
    first, last = positive("start_factor", start_factor), positive("end_factor", end_factor, zero=True)
    return Ramp(lr * first, lr * last, whole("total_iters", total_iters))


@_reads("PolynomialLR")
def _polynomial(lr: float, total_iters: int = 5, power: float = 1.0) -> Course:
    return Ramp(lr, 0.0, whole("total_iters", total_iters), positive("power", power))


@_reads("CosineAnnealingLR")
def _cosine(lr: float, T_max: int, eta_min: float = 0.0) -> Course:
    return Cosine(lr, positive("eta_min", eta_min, zero=True), whole("T_max", T_max), rises=True)


@_reads("CosineAnnealingWarmRestarts")
def _restarts(lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Course:
    longer = whole("T_mult", T_mult)
    if longer > 2:
        raise PolyakError(f"T_mult is {longer}, expected 1 or 2: longer periods are not written in code here")
    return Restarts(lr, positive("eta_min", eta_min, zero=True), whole("T_0", T_0), longer)


@_reads("SequentialLR")
def _sequential(lr: float, schedulers: Sequence[Course], milestones: Sequence[int]) -> Course:  # noqa: ARG001
    steps = tuple(whole("milestones", step) for step in milestones)
    if len(schedulers) != len(steps) + 1 or list(steps) != sorted({*steps}):
        raise PolyakError(
            f"SequentialLR has {len(schedulers)} schedulers and the milestones {steps}, expected one milestone less,"
            " rising"
        )
    return Joined(tuple(schedulers), steps)


@_reads("ChainedScheduler")
def _chained(lr: float, schedulers: Sequence[Course]) -> Course:
    if any(isinstance(each, Cosine | Restarts) and each.to for each in schedulers):
        raise PolyakError("ChainedScheduler with an eta_min is no product of its schedulers: it is not read")
    first, *others = schedulers
    return Product((first, *(each.scaled(1 / lr) for each in others))) if others else first


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """How many steps a cycle has."""
    if total_steps is not None:
        return whole("total_steps", total_steps, 2)
    if epochs is None or steps_per_epoch is None:
        raise PolyakError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
    return whole("total_steps", whole("epochs", epochs) * whole("steps_per_epoch", steps_per_epoch), 2)


@_reads("OneCycleLR")
def _one_cycle(
    lr: float,  # noqa: ARG001
    max_lr: float,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,  # noqa: ARG001
    max_momentum: float = 0.95,  # noqa: ARG001
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Course:
    _no_cycling("OneCycleLR", cycle_momentum)
    total, top = _total(total_steps, epochs, steps_per_epoch), positive("max_lr", max_lr)
    low = top / positive("div_factor", div_factor)
    last = low / positive("final_div_factor", final_div_factor)
    turn = pct_start * total - 1
    ends = [turn, 2 * turn, total - 1] if three_phase else [turn, total - 1]
    if any(end != int(end) for end in ends) or turn < 1:
        raise PolyakError(
            f"OneCycleLR turns at step {readable(turn)} (pct_start x total_steps - 1), expected a whole step: "
            "round pct_start"
        )
    if anneal_strategy not in ("cos", "linear"):
        raise PolyakError(f"anneal_strategy is {anneal_strategy!r}, expected 'cos' or 'linear'")
    kind = Cosine if anneal_strategy == "cos" else Ramp
    heights = [low, top, low, last] if three_phase else [low, top, last]
    lengths = [int(b - a) for a, b in itertools.pairwise([0, *ends])]
    parts = [kind(a, b, n) for (a, b), n in zip(itertools.pairwise(heights), lengths, strict=True)]
    return joined(tuple(parts), tuple(int(end) for end in ends[:-1]))


@_reads("CyclicLR")
def _cyclic(
    lr: float,  # noqa: ARG001
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,  # noqa: ARG001
    scale_fn: object = None,
    scale_mode: str = "cycle",  # noqa: ARG001
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,  # noqa: ARG001
    max_momentum: float = 0.9,  # noqa: ARG001
) -> Course:
    _no_cycling("CyclicLR", cycle_momentum)
    if scale_fn is not None or mode not in ("triangular", "triangular2"):
        raise PolyakError(
            f"CyclicLR's mode is {mode!r}, expected 'triangular' or 'triangular2', and no scale_fn"
        )
    up = whole("step_size_up", step_size_up)
    down = up if step_size_down is None else whole("step_size_down", step_size_down)
    low, high = positive("base_lr", base_lr, zero=True), positive("max_lr", max_lr)
    return Triangles(low, high, up, down, 0.5 if mode == "triangular2" else 1.0)


def _no_cycling(name: str, cycle_momentum: object) -> None:
    """Refuse what moves the momentum too."""
    if cycle_momentum is not False:
        raise PolyakError(
            f"{name} cycles the momentum too (cycle_momentum=True is its default), which is not translated: expected"
            " cycle_momentum=False"
        )


for _name, _why in {
    "LambdaLR": "goes by a function that would have to be run",
    "MultiplicativeLR": "goes by a function that would have to be run",
    "ReduceLROnPlateau": "goes by the loss of the training, and no step tells its learning rate",
}.items():

    def _refused(lr: float, *_: object, _said: str = f"{_name} {_why}", **__: object) -> Course:  # noqa: ARG001
        raise PolyakError(f"{_said}: expected a schedule by its numbers, such as StepLR(optimizer, 30, 0.1)")

    _reads(_name)(_refused)


# A course in torch's words: a scheduler beside an optimizer whose own learning rate is the largest of the course.


@writes(HOME)
def words(course: Course) -> Written:
    """The scheduler's line; a LambdaLR where no scheduler of torch's says it."""
    if isinstance(course, Constant):
        return Written("", course.value)
    if isinstance(course, Epochs):
        inside = words(course.course)
        said = f"scheduler.step() once an epoch, of {course.steps:,} steps"
        return Written(
            inside.text, inside.base, until=inside.until and inside.until * course.steps, said=(said,)
        )
    base = course.peak
    named = _named(course, base)
    said = "scheduler.step() after every optimizer.step()"
    if named is not None:
        return Written(named[0], base, until=named[1], said=(said,))
    factor = course.scaled(1 / base) if base else course
    return Written(f"{WHERE}.LambdaLR(optimizer, lambda k: {factor.code('k', PYTHON)})", base, said=(said,))


def _named(course: Course, base: float) -> tuple[str, int | None] | None:
    """A scheduler of torch's that says a course, and up to which step; None where none does."""
    found = _line(course, base)
    return None if found is None else (f"{WHERE}.{found[0]}", found[1])


def _line(course: Course, base: float) -> tuple[str, int | None] | None:
    if isinstance(course, Joined):
        return _joined(course.parts, course.boundaries, base)
    text = _text(course, base)
    if text is None:
        return None
    return text, course.steps if isinstance(course, Cosine) and not course.rises else None


def _text(course: Course, base: float) -> str | None:
    """The call of one scheduler; None where none says the course."""
    text = None
    match course:
        case Constant(value=value) if value == base:
            text = "ConstantLR(optimizer, factor=1, total_iters=1)"
        case Ramp():
            text = _ramp(course, base)
        case Cosine(begin=begin, to=to, steps=steps, exponent=1.0) if begin == base:
            text = f"CosineAnnealingLR(optimizer, T_max={steps}, eta_min={number(to)})"
        case Exponential(begin=begin, rate=rate, steps=steps, staircase=True, to=None) if begin == base:
            text = f"StepLR(optimizer, step_size={steps}, gamma={number(rate)})"
        case Exponential(begin=begin, rate=rate, steps=1, to=None) if begin == base:
            text = f"ExponentialLR(optimizer, gamma={number(rate)})"
        case Drops(begin=begin, at_steps=steps, factors=factors) if begin == base and len({*factors}) == 1:
            text = f"MultiStepLR(optimizer, milestones={list(steps)}, gamma={number(factors[0])})"
        case Restarts(begin=begin, to=to, first=first, longer=longer, lower=1.0, ends=None) if (
            begin == base and float(first).is_integer()
        ):
            text = f"CosineAnnealingWarmRestarts(optimizer, T_0={int(first)}, T_mult={longer}, eta_min={number(to)})"
    return text


def _ramp(course: Ramp, base: float) -> str | None:
    """A straight line from above 0, or a power of one that falls to 0."""
    if course.power == 1 and course.begin > 0:
        first, last = number(course.begin / base), number(course.to / base)
        return f"LinearLR(optimizer, start_factor={first}, end_factor={last}, total_iters={course.steps})"
    if course.power != 1 and course.begin == base and course.to == 0:
        return f"PolynomialLR(optimizer, total_iters={course.steps}, power={number(course.power)})"
    return None


def _joined(
    parts: tuple[Course, ...], boundaries: tuple[int, ...], base: float
) -> tuple[str, int | None] | None:
    lines = [_named(part, base) for part in parts]
    found = [line for line in lines if line is not None]
    if len(found) < len(lines):
        return None
    until = found[-1][1]
    inside = ", ".join(line[0] for line in found)
    text = f"SequentialLR(optimizer, schedulers=[{inside}], milestones={list(boundaries)})"
    return text, None if until is None else boundaries[-1] + until
