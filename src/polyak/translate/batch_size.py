"""A rule for another batch size, said in the words that it was given in: ours, or a framework's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from polyak.data import Data
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.catalogue import SPELLINGS, find
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.ground.errors import PolyakError
from polyak.problems import Problem, as_problem
from polyak.rules import Optimizer, as_rule
from polyak.theory.expected_training import SEEDS
from polyak.theory.rescaling import Rescaling, rescaling
from polyak.translate.best_arguments import LEVELS, NEARLY, fits
from polyak.translate.pasted_line import chained, condition_in_words, pasted


def rescale(
    rule: object,
    batch_size: int,
    to: int,
    on: Problem | Data | str | None = None,
    *,
    epochs: float = 10.0,
    seeds: int | Sequence[int] = SEEDS,
    **settings: Any,
) -> Rescaling:
    """The rule for another batch size: what is kept equal, on what grounds, how far it holds, and where it ends.

    Args:
        rule: a rule that is linear in the gradient, Adam, AdamW or RMSProp, with constant settings; its name; or a
            framework's optimizer, such as "torch:SGD", and then the answer is in that framework's words too.
        batch_size: the batch size that it was set for, from 1.
        to: the new one.
        on: least squares, on which what each way keeps is computed by the exact second moments; for linear rules.
        epochs: of that computation.
        seeds: the runs that it is the mean of: see `expected_loss`.
        settings: of a rule that is given by its name or its class; the arguments of a framework's optimizer, under
            that framework's names.

    Returns a Rescaling: `scaled` is the rule, `ways` all ways to it, `words()` what each keeps, in sentences. Raises
    PolyakError for a rule that no scaling is known for (one that is neither linear nor one of these, one with a
    schedule), for a batch larger than the data, and on a problem as `expected_loss` and `batch_edges` do.

    Sources: Goyal et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour, section 2.1, for the
    linear scaling; Krizhevsky, A. (2014), One weird trick for parallelizing convolutional neural networks, for the
    square root; Busbridge et al. (2023), How to scale your EMA, for a memory kept by samples; Malladi et al. (2022), On
    the SDEs and scaling rules for adaptive gradient algorithms, for Adam and RMSProp.

    >>> found = rescale("torch:SGD", lr=0.01, momentum=0.9, batch_size=256, to=512)
    >>> found.spelled[0]
    'torch.optim.SGD(lr=0.038, momentum=0.81, dampening=0, nesterov=False)'
    """
    problem = None if on is None else as_problem(on)
    if not (isinstance(rule, str) and (rule in SPELLINGS or ":" in rule or "." in rule)):
        return rescaling(as_rule(rule, **settings), batch_size, to, problem, epochs, seeds)
    spelling = find(rule)
    for name, value in settings.items():
        if callable(value):
            raise PolyakError(f"{spelling.name}: {name} is a schedule, expected its value: take each in turn")
    meaning = read(spelling, settings)
    if on is not None and meaning.weight_decay:
        raise PolyakError(
            f"{spelling.name} decays the parameters: what it keeps is computed without weight decay alone"
        )
    found = rescaling(meaning.rule, batch_size, to, problem, epochs, seeds)
    k = found.to / found.batch_size
    return replace(found, spelled=tuple(_spelled(spelling, meaning, way.rule, k) for way in found.ways))


def _spelled(spelling: Spelling, meaning: Meaning, new: Optimizer, k: float) -> str:
    """A new rule in the words of a spelling, what is to be done besides after it.

    Decay that is decoupled takes lr times its strength off in a step: k times as much, as k steps took off together.
    """
    now, then = (float(rule.settings()["lr"]) for rule in (meaning.rule, new))
    decoupled = meaning.weight_decay and meaning.decay_kind == "decoupled"
    strength = meaning.weight_decay * k * now / then if decoupled else meaning.weight_decay
    meant = replace(meaning, rule=new, weight_decay=strength)
    fit = min(fits((spelling,), meant), key=lambda fit: LEVELS.index(fit.equal))
    line = chained(spelling, pasted(spelling, fit.arguments), fit.conditions, new)
    besides = [condition_in_words(condition, spelling, meant) for condition in fit.conditions]
    if fit.equal == NEARLY:
        besides.append(f"not the same: {spelling.name} cannot say {new}")
    return ", ".join([line, *besides])
