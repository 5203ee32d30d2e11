"""Training that goes on in another framework: the optimizer's state as the other side expects it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.catalogue import find
from polyak.frameworks.spelling import REQUIRED, Spelling
from polyak.frameworks.state_families import CONSTANT_NADAM, MOMENTUM, Family, family_of
from polyak.frameworks.state_format import Format, Moments, Places
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.types import Pytree, Schedule
from polyak.rules import GradientDescent, HeavyBall, LinearRule, NAdam, Nesterov, RMSProp, Rule
from polyak.translate import state_files
from polyak.translate.array_order import placed
from polyak.translate.optional_slots import same_slots, settled_family, switches
from polyak.translate.state_parts import joined

Shapes = tuple[tuple[int, ...], ...]
UNDAMPED = (
    GradientDescent,
    HeavyBall,
    Nesterov,
    RMSProp,
)  # whose velocity takes in lr times a gradient, or all of it


def convert_state(
    state: Pytree,
    *,
    frm: str | Rule,
    to: str | Rule,
    lr: float | None = None,
    like: Pytree = None,
    step: int | None = None,
    names: Sequence[str] | None = None,
    schedule: Schedule | None = None,
    frozen: bool = False,
    into: str | Path | None = None,
    **arguments: Any,
) -> Pytree:
    """An optimizer's state as another framework's optimizer of the same kind expects it.

    Of momentum, Adam (amsgrad too), NAdam, RMSprop, Adagrad, Adadelta and Lion. Velocities are rescaled where one
    side's hold the learning rate and the other's do not, and turned where one side adds what the other subtracts. The
    number of steps goes wherever the other side counts them: into bias corrections, schedules, iterations. Arrays go
    by their names, those of a state_dict made of named_parameters, the paths in a tree, the names of Keras's
    variables; where no names tell, in their order, if no two of them could be exchanged. They keep their layout: a
    weight that a framework keeps transposed is the model's affair. What has no place on the other side is refused.

    Args:
        state: of torch, `optimizer.state_dict()`; of Keras, what `save_own_variables` stores, or
            `optimizer.variables`; of Optax and ours, what `init` and `update` return; of scikit-learn,
            `vars(mlp._optimizer)`; of jax.example_libraries, (step, OptimizerState). Or the path of a file that holds
            one: of `torch.save` (read with weights_only), safetensors, Orbax's and Keras's checkpoints. Or a list of
            parts of one: shards with arrays of their own, or with pieces of them along the first axis, in order.
        frm: the optimizer that it is of, such as "torch:SGD"; for ours also the rule itself.
        to: the optimizer that is to go on.
        lr: the learning rate from here on; by default the one in the state, where there is one, or that of a schedule
            given for the other side.
        like: a fresh state of the other side, to be filled: it keeps its groups, its schedules and the tree of its
            parameters; or the path of one. Without it one is made, for a plain list of parameters.
        step: how many steps were taken, where the state does not say (of SGD, torch's and Optax's do not).
        names: of the arrays of `state`, in their order, as `like` names them; where `like` has no names, or there is
            none, those of the other side's arrays in its order, as `state` names them; where neither has, any: they
            say that both sides have one order.
        schedule: the other side's learning rate as a function of the step, where its optimizer holds one.
        frozen: that arrays without a state of their own get no gradients either where the other side has one for all.
        into: a file to write the state into, by the end of its name: .pt, .safetensors, .weights.h5 (one that is
            there), a folder for Orbax.
        arguments: the other optimizer's own, its learning rate perhaps a schedule; torch takes its settings from the
            state it loads.

    Returns the other side's state: what `load_state_dict`, `load_own_variables` or `update` take, its arrays copied
    once. Raises PolyakError for a state of another shape, for optimizers of two kinds, where two arrays could be
    exchanged, where the learning rate or the number of steps is needed and not known, and for what the other side has
    no place for.

    >>> import numpy as np, polyak as pk
    >>> rule = pk.HeavyBall(lr=0.5, momentum=0.9)
    >>> _, state = rule.update([np.array([2.0])], rule.init([np.array([4.0])]))
    >>> state.slots  # v = 0.5 x 2, the learning rate inside
    [{'velocity': array([1.])}]
    >>> convert_state(state, frm=rule, to="keras:SGD", lr=0.5, momentum=0.9)["2"]  # which adds its velocity
    array([-1.])
    >>> convert_state(state, frm=rule, to="torch:SGD", lr=0.5, momentum=0.9)["state"][0]
    {'momentum_buffer': tensor([2.], dtype=torch.float64)}
    """
    (source, family), (target, other) = _optimizer(frm), _optimizer(to)
    if family.name != other.name:
        raise PolyakError(
            f"{_name(frm)} is of the {family.name} family and {_name(to)} of the {other.name} family"
        )
    parts, like = (
        state_files.opened(state, source.framework),
        state_files.opened(like, target.framework, one=True),
    )
    if schedule is not None:
        arguments[_scheduled(target, to, like, arguments)] = schedule
    packing = FRAMEWORKS[target.framework].state_format()
    family = settled_family(parts[0], frm, source, family, other, like, packing, arguments)
    moments = joined(
        [_read(part, frm, source, family, step) for part in parts], _name(frm), _shapes(packing, like, family)
    )
    given, rate = _arguments(target, moments, lr, like, arguments, to, family)
    if like is None:
        moments = placed(moments, _name(frm), _name(to), None, names)
        like = packing.fresh(target.name, moments, target.runs_with(given), family)
        same_slots(packing, like, family, target)
        places = packing.places(like, family)
    else:
        places = packing.places(like, family)
        moments = placed(moments, _name(frm), _name(to), places, names, frozen=frozen)
    if isinstance(to, Rule) and to.schedules():
        places = replace(places, scheduled=True)
    _may_start(moments, places, family, _name(frm), _name(to), frozen)
    _steps_go_across(moments, places, family, _name(frm), _name(to), lr)
    moments = _as_there(moments, places, family, _name(frm), to)
    if "velocity" in family.slots:
        there = _taken_in(target, to, places.share, moments, rate)
        here = _taken_in(source, frm, moments.share, moments, rate)
        moments = moments.scaled(_factor(here, there))
    found = packing.rewritten(like, moments, family)
    if into is not None:
        state_files.written(found, into, target.framework)
    return found


def _shapes(packing: Format, like: Pytree, family: Family) -> Shapes | None:
    return None if like is None else packing.places(like, family).shapes


def _as_there(moments: Moments, places: Places, family: Family, source: str, to: str | Rule) -> Moments:
    """What is kept in another form there: refuse it, or make it so."""
    if moments.largest and places.corrected not in (None, moments.corrected):
        raise PolyakError(
            f"optax keeps the largest of amsgrad's squares corrected for their start, {source} and {_name(to)} are two:"
            " neither is made into the other"
        )
    if family is CONSTANT_NADAM and isinstance(to, NAdam):
        count = moments.steps(_name(to))
        return replace(moments, products=(float(to.beta1) ** (count or 0),) * len(moments.arrays))
    return moments


def _may_start(
    moments: Moments, places: Places, family: Family, source: str, target: str, frozen: bool
) -> None:
    """Refuse an array without a step where the other side would correct its averages as if it had taken the others'."""
    if not moments.fresh or places.starts or frozen:
        return
    if family.counted or moments.share not in (None, 1.0):
        which = (
            ", ".join(moments.names[k] for k in moments.fresh) if all(moments.names) and moments.names else ""
        )
        raise PolyakError(
            f"{len(moments.fresh)} parameters of {source} have taken no step yet{f' ({which})' if which else ''}, and"
            f" {target} counts one number for all: if they are frozen, give frozen=True"
        )


def _scheduled(target: Spelling, to: str | Rule, like: Pytree, arguments: dict[str, Any]) -> str:
    """The argument that a schedule is of."""
    named = next(argument.name for argument in target.arguments if "lr" in argument.settings)
    if isinstance(to, Rule) or like is not None:
        raise PolyakError(
            "a schedule is given beside an optimizer that has its own: expected it in to= or like= alone"
        )
    if named in arguments:
        raise PolyakError(f"the learning rate is given twice, as schedule and as {named}")
    return named


def _read(state: Pytree, frm: str | Rule, source: Spelling, family: Family, step: int | None) -> Moments:
    """What a state holds, with what the user and the rule know besides."""
    moments = FRAMEWORKS[source.framework].state_format().read(state, family)
    if not moments.held:
        what = "velocity" if family is MOMENTUM else f"slots of {family.name}"
        raise PolyakError(f"the state of {_name(frm)} holds no {what} yet: a fresh optimizer is as good")
    if step is not None:
        moments = _at(moments, whole_number("step", step, at_least=0), _name(frm))
    scheduled = isinstance(frm, Rule) and bool(frm.schedules())
    return replace(moments, scheduled=True) if scheduled else moments


def _factor(here: float, there: float) -> float:
    """What a velocity is multiplied by, where one side takes in so much of a gradient and the other so much."""
    if here != there and not (here > 0 and there > 0):
        raise PolyakError(
            f"a velocity that takes in {readable(here, 6)} of a gradient is not made into one of "
            f"{readable(there, 6)}"
        )
    return 1.0 if here == there else there / here


def _at(moments: Moments, step: int, source: str) -> Moments:
    """The same with a number of steps that the user knows; a state that knows another one is believed."""
    told = moments.counts or (() if moments.count is None else (moments.count,))
    if any(count != step for count in told):
        raise PolyakError(
            f"step is {step}, and the state of {source} has taken {', '.join(map(str, sorted({*told})))}: expected no"
            " step, or that one"
        )
    return replace(moments, count=step)


def _steps_go_across(
    moments: Moments, places: Places, family: Family, source: str, target: str, lr: float | None
) -> None:
    """Refuse what would begin anew: a count that is needed and not known, a schedule that nothing goes on with."""
    unknown = moments.count is None and not moments.counts
    if unknown and (family.counted or places.scheduled):
        what = "corrects its averages by" if family.counted else "has a schedule that goes by"
        raise PolyakError(
            f"{target} {what} the number of steps, which the state of {source} does not hold: give step=..."
        )
    if moments.scheduled and not places.counts and lr is None:
        at = moments.steps(target)
        raise PolyakError(
            f"{source} has a schedule, at step {at}, and the state of {target} has no place for a step: give lr=...,"
            " the learning rate from here on, and set that side's own schedule"
        )


def _optimizer(name: str | Rule) -> tuple[Spelling, Family]:
    """The spelling, and the family of its states."""
    spelling = find(f"polyak:{name.name()}" if isinstance(name, Rule) else name)
    return spelling, family_of(spelling, name if isinstance(name, Rule) else None)


def _name(name: str | Rule) -> str:
    return name if isinstance(name, str) else f"polyak:{name.name()}"


def _arguments(
    target: Spelling,
    moments: Moments,
    lr: float | None,
    like: Pytree,
    given: dict[str, Any],
    to: str | Rule,
    family: Family,
) -> tuple[dict[str, Any], float | None]:
    """What a fresh state of the other side is made with, and the learning rate from here on, if it was said."""
    if isinstance(to, Rule):
        return to.settings(), lr
    if like is not None:
        if given:
            raise PolyakError(f"like has its settings already; {next(iter(given))} has no place")
        return {}, lr
    missing = [name for name, slot in switches(target).items() if slot in family.all and name not in given]
    if FRAMEWORKS[target.framework].settings_in_state and missing:
        raise PolyakError(
            f"{target.name} takes its settings from the state that it loads: give {missing[0]}=..., or"
            " like=optimizer.state_dict()"
        )
    return _completed(target, moments, lr, given)


def _completed(
    target: Spelling, moments: Moments, lr: float | None, given: dict[str, Any]
) -> tuple[dict[str, Any], float | None]:
    """The arguments given, with a learning rate, and whatever else is needed at any value."""
    named = next(argument.name for argument in target.arguments if "lr" in argument.settings)
    if named in given:
        if lr is not None:
            raise PolyakError(f"the learning rate is given twice, as lr and as {named}")
        lr = _lr(moments, _now(target, named, given[named], moments), target.name)
    known = {**given, named: _lr(moments, lr, target.name)}
    missing = [name for name, default in target.defaults.items() if default is REQUIRED and name not in known]
    known.update(dict.fromkeys(missing, 0.9))
    read(target, known)
    return {**known, **given}, lr


def _now(target: Spelling, named: str, rate: float | Schedule, moments: Moments) -> float:
    """A learning rate as it is in the next step, where it is a schedule."""
    if not callable(rate):
        return rate
    if not FRAMEWORKS[target.framework].schedules:
        raise PolyakError(
            f"{target.name}: {named} is a schedule, expected its value: there it is no part of the optimizer's state"
        )
    count = moments.steps(target.name)
    if count is None:
        raise PolyakError(
            f"{target.name}: {named} is a schedule, and the state does not say at which step: give step=..."
        )
    value: Any = np.asarray(rate(count))
    return float(value) if not value.ndim else cast("float", value)  # which is refused as one that was given


def _taken_in(
    spelling: Spelling, name: str | Rule, share: float | None, moments: Moments, lr: float | None
) -> float:
    """c of v <- m v + c g: how much of a gradient a side's velocity takes in."""
    if isinstance(name, LinearRule | RMSProp):
        rule: Any = name.replace(lr=lr) if lr is not None and isinstance(name, UNDAMPED) else name
        if rule.schedules():
            count = moments.steps(_name(name))
            if count is None:
                raise PolyakError(f"{_name(name)} has a schedule, and no step is known: give step=...")
            rule = rule.at(count, np.zeros(()))
        if isinstance(rule, RMSProp):
            return float(rule.lr) if rule.lr_in_velocity else 1.0
        return float(rule.coefficients().c)
    if share is not None:
        return share
    rule_of = spelling.forms[-1].rule
    if not issubclass(rule_of, UNDAMPED):
        raise PolyakError(
            f"{spelling.name}: its name does not tell its velocity's units, give the rule itself"
        )
    if not {**spelling.defaults, **spelling.forms[-1].fixed}.get("lr_in_velocity", False):
        return 1.0
    return _lr(moments, lr, f"{spelling.name}, whose velocity holds it,")


def _lr(moments: Moments, lr: float | None, who: str) -> float:
    if lr is not None:
        if isinstance(lr, bool) or not isinstance(lr, int | float) or not 0 <= lr < math.inf:
            raise PolyakError(f"lr is {lr!r}, expected a number in [0, inf)")
        return float(lr)
    if not moments.lr:
        raise PolyakError(f"{who} needs the learning rate, which the state does not hold: give lr=...")
    if len(moments.lr) > 1:
        rates = ", ".join(readable(rate, 6) for rate in moments.lr)
        raise PolyakError(f"the state's groups have the learning rates {rates}, expected one: give lr=...")
    return moments.lr[0]
