r"""Ways to take a rule to another batch size, k = to / batch size times as many rows a step, and what each is true of.

    memory:       gamma' = gamma^k                      what is left of a gradient after so many samples
    linear:       gain' = k gain                        what a gradient moves in all, for each sample of it
    square root:  gain' = sqrt(k) gain                  the variance of what one batch's noise moves in all
    Adam:         eta' = sqrt(k) eta, beta' = beta^k, eps' = eps / sqrt(k)

The gain, eta/(1 - gamma) for heavy ball, is the sum of the impulse response, and comes from the rule's own A and B; so
do the settings that are a memory: those that an eigenvalue of A follows. Nothing here knows heavy ball from Nesterov.

Sources: Goyal et al. (2017), Accurate, large minibatch SGD, for the linear scaling; Krizhevsky, A. (2014), One weird
trick for parallelizing convolutional neural networks, for the square root; Busbridge et al. (2023), How to scale your
EMA, for gamma^k; Malladi et al. (2022), On the SDEs and scaling rules for adaptive gradient algorithms, for Adam and
RMSProp, who write 1 - k (1 - beta): the same to first order, where beta^k is a decay for every k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.rules import Adam, CoupledDecay, DecoupledDecay, Optimizer, RMSProp, Wrapper, unwrapped
from polyak.theory.learning_rate import learning_rate_of
from polyak.theory.pencil import first_end
from polyak.theory.stable_sets import stable_curvatures
from polyak.theory.step_map import StepMap, step_map

FOLLOWS_TO = 1e-6  # of an eigenvalue: how near a setting is to it that is this memory
SHORT = 0.9  # a beta2 below it averages the squares over fewer than ten steps
LINEAR, AS_IT_IS, SQUARE_ROOT = "linear", "linear, momentum as it is", "square root"


@dataclass(frozen=True, eq=False)
class Way:
    """One way to take a rule to another batch size.

    Attributes:
        name: such as "linear".
        rule: the rule for the new batch size.
        keeps: what is kept equal, and on what grounds, in words.
        holds: how far that holds, in words.
        ends: where it has ended already; none where it has not.
    """

    name: str
    rule: Optimizer
    keeps: str
    holds: str
    ends: tuple[str, ...] = ()


def ways(rule: Optimizer, k: float) -> tuple[Way, ...]:
    """The ways to take a rule to k times as many rows a step, the one of most grounds first.

    Raises PolyakError for a rule that no way is known for, and for schedules.

    >>> import polyak as pk
    >>> [(way.name, way.rule.settings()["momentum"]) for way in ways(pk.HeavyBall(lr=0.1, momentum=0.5), 2)]
    [('linear', 0.25), ('linear, momentum as it is', 0.5), ('square root', 0.25)]
    """
    if rule.schedules():
        name = next(iter(rule.schedules()))
        raise PolyakError(
            f"{rule}: {name} is a schedule, expected its value: take each value to the new batch size in turn"
        )
    bare = unwrapped(rule)
    if isinstance(bare, Adam | RMSProp):
        return (_adaptive(rule, bare, k),)
    return _linear(rule, bare, k)


def _linear(rule: Optimizer, bare: Optimizer, k: float) -> tuple[Way, ...]:
    step = step_map(bare)  # a line of refusal where it is not linear
    if step.feeds_back:
        raise PolyakError(
            f"{rule} decays the parameters within its step: how to scale that is not known here"
        )
    lr, now = learning_rate_of(bare)
    if not now > 0 or _gain(step) == 0:
        raise PolyakError(f"{rule}: {lr} is {readable(now)}, expected a number over 0, and a gain to scale")
    memories = _memories(bare, lr, step)
    kept = {name: value**k for name, value in memories.items()}
    reach = first_end(stable_curvatures(step))

    def way(name: str, factor: float, settings: dict[str, float], keeps: str, holds: str) -> Way:
        member = bare.replace(**settings) if settings else bare
        new = now * factor * _gain(step) / _gain(step_map(member))
        member = member.replace(**{lr: new})
        scaled, edge = _around(rule, member, k), first_end(stable_curvatures(step_map(member)))
        bound = f"{holds} It is stable on curvatures below {readable(edge, 4)}, where the rule was below "
        return Way(
            name, scaled, keeps, f"{bound}{readable(reach, 4)}: beyond, it diverges whatever the noise."
        )

    times = f"{readable(k, 4)} times" if k >= 1 else f"1/{readable(1 / k, 4)} of"
    by_samples = "and what is left of a gradient after so many samples" if memories else ""
    grounds = (
        f"Keeps what a gradient moves in all, for each sample {by_samples}".rstrip()
        + f" ({times} the gain a step; Goyal et al. 2017{', Busbridge et al. 2023' if memories else ''}): "
        "the mean path by samples, and the noise floor, to first order in the learning rate."
    )
    small = "Holds while one step moves little: learning rate times curvature far below 1."
    found = [way(LINEAR, k, kept, grounds, small)]
    if memories:
        longer = (
            f"Keeps what a gradient moves in all, for each sample ({times} the gain a step; Goyal et al. 2017), with "
            f"the {' and '.join(memories)} as it is: the memory becomes {times} as many samples."
        )
        found.append(way(AS_IT_IS, k, {}, longer, small))
    slower = f"1/{readable(math.sqrt(k), 4)}"
    root = (
        "Keeps the variance of what one batch's noise moves in all (Krizhevsky 2014): neither the mean path by "
        f"samples, which is {slower} as fast, nor the noise floor, which is {slower} as high, to first order."
    )
    found.append(way(SQUARE_ROOT, math.sqrt(k), kept, root, "A cautious step where linear scaling ends."))
    return tuple(found)


def _adaptive(rule: Optimizer, bare: Optimizer, k: float) -> Way:
    """Adam's and RMSProp's: where the noise is far larger than the gradient, the squares fall as 1/k."""
    given: dict[str, Any] = bare.settings()
    if given.get("momentum"):
        raise PolyakError(f"{rule}: RMSProp with momentum has no scaling that is known, expected momentum=0")
    names = [name for name in ("beta1", "beta2", "decay") if isinstance(given.get(name), float)]
    power = 1.0 if given.get("eps_position") == "inside" else 0.5
    settings = {name: given[name] ** k for name in names}
    settings["lr"] = given["lr"] * math.sqrt(k)
    settings["eps"] = given["eps"] / k**power
    if given.get("initial_accumulator"):
        settings["initial_accumulator"] = given["initial_accumulator"] / k
    if given.get("weight_decay") and given["decay"] == "decoupled":
        settings["weight_decay"] = given["weight_decay"] * math.sqrt(k)  # lr times it: k times as much a step
    return Way(
        SQUARE_ROOT,
        _around(rule, bare.replace(**settings), k),
        "Keeps the stochastic differential equation that the rule follows (Malladi et al. 2022): the distribution of "
        f"paths by samples. Memories by samples are kept as beta^k; to first order that is their 1 - k (1 - beta): "
        f"{', '.join(f'{name} {readable(1 - k * (1 - given[name]), 6)}' for name in names)}.",
        "Holds while the noise of a batch is far larger than its gradient: from about the batch size at which the two "
        "are equal (the noise scale) the squares no longer fall with the batch, and the learning rate should not grow.",
        _ends(names, given, settings, k),
    )


def _ends(names: list[str], given: dict[str, Any], settings: dict[str, float], k: float) -> tuple[str, ...]:
    """Where Adam's rule has ended: squares averaged over too few steps, and memories below a step."""
    ends = [
        f"It ends here: {name} falls to {readable(settings[name], 4)}, the squares are averaged over about "
        f"{readable(1 / (1 - settings[name]), 2)} steps, and one batch's squares are mostly its own noise."
        for name in names
        if name != "beta1" and settings[name] < SHORT
    ]
    ends += [
        f"Malladi's own 1 - k (1 - {name}) is below 0 here: {name} {readable(settings[name], 4)} keeps the memory in "
        "samples, beyond what was proved and tried."
        for name in names
        if 1 - k * (1 - given[name]) < 0
    ]
    return tuple(ends)


def _memories(bare: Optimizer, lr: str, step: StepMap) -> dict[str, float]:
    """The settings that an eigenvalue of A follows, by their values: squared, the eigenvalue is squared."""
    found = {}
    for name, value in bare.settings().items():
        if name == lr or not isinstance(value, float) or not 0 < value < 1:
            continue
        if _has(step, value):
            try:
                other = step_map(bare.replace(**{name: value**2}))
            except PolyakError:
                continue
            if _has(other, value**2) and not _has(other, value):
                found[name] = value
    return found


def _has(step: StepMap, value: float) -> bool:
    """Whether a slot fades by this factor."""
    fades = np.linalg.eigvals(step.A[1:, 1:]) if len(step.B) > 1 else np.empty(0)
    return bool((np.abs(fades - value) <= FOLLOWS_TO).any())


def _gain(step: StepMap) -> float:
    """What a unit gradient takes off x in all: -(B_x + A_xs (1 - A_ss)^-1 B_s)."""
    carried = np.linalg.solve(np.eye(len(step.B) - 1) - step.A[1:, 1:], step.B[1:])
    return -float(step.B[0] + step.A[0, 1:] @ carried)


def _around(rule: Optimizer, new: Optimizer, k: float) -> Optimizer:
    """The new rule in the old one's wrappers: what a decoupled decay takes off in k steps is taken off in one."""
    if isinstance(rule, CoupledDecay):
        return CoupledDecay(_around(rule.rule, new, k), rule.amount)
    if isinstance(rule, DecoupledDecay):
        return DecoupledDecay(_around(rule.rule, new, k), k * float(rule.amount))
    if isinstance(rule, Wrapper):
        raise PolyakError(f"{rule}: how to take {rule.setting} to another batch size is not known")
    return new
