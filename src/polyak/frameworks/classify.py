"""From a name such as torch:SGD, or an object, to the optimizer that it stands for: decided here, once."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from typing import Any

from polyak.frameworks.bridge import Bridge
from polyak.frameworks.candidate import Candidate, inner, label_of, takes_params_first
from polyak.frameworks.framework import FRAMEWORKS, Framework
from polyak.frameworks.reading import Reading
from polyak.frameworks.steppers import Stepper, among
from polyak.ground.errors import PolyakError, nearest, unknown
from polyak.ground.extras import has
from polyak.ground.types import Pytree


def stepper(optimizer: object, settings: dict[str, Any] | None = None) -> Stepper:
    """The real optimizer that a name or an object and the framework's own settings stand for, to be run step by step.

    Args:
        optimizer: `torch:SGD`, `keras:SGD`, `optax:sgd`, `jax:momentum`, `sklearn:sgd`, `polyak:heavy_ball`, or
            `package.module:Class` for what another package brings; or an object, as `candidate_of` takes it.
        settings: its arguments under the framework's own names.

    Raises PolyakError for a name or an argument that is not known, for what is no optimizer, and for a framework that
    is not installed.

    >>> s = stepper("torch:SGD", {"lr": 0.5, "momentum": 0.9})
    >>> import numpy as np
    >>> s.start([np.array([4.0])])
    >>> s.step([np.array([2.0])]), s.step([np.array([0.0])])
    ([array([3.])], [array([2.1])])
    """
    return candidate_of(optimizer).run(settings or {})


def candidate_of(optimizer: object) -> Candidate:
    """What was given for an optimizer: a name, a class, a factory, a page's function, an object of any framework's.

    Each framework says what is its own; none is imported that is not in use already. Raises PolyakError for what is
    no optimizer.

    >>> import torch
    >>> found = candidate_of(torch.optim.SGD)
    >>> found.label, found.spelled, found.takes[:3]
    ('SGD', 'torch:SGD', ('lr', 'momentum', 'dampening'))
    """
    if isinstance(optimizer, str):
        return dataclasses.replace(_classified(factory(optimizer), optimizer), spelled=optimizer)
    return _classified(optimizer, label_of(optimizer))


def reading_of(optimizer: object, bridge: Bridge, state: Pytree = None) -> Reading:
    """An optimizer in mid-training, read off the object: its rule and settings for each group, today's moments.

    Args:
        optimizer: a torch.optim.Optimizer, a Keras optimizer, a rule of ours, an Optax optimizer.
        bridge: to the model whose parameters it moves.
        state: of a rule or an Optax optimizer, what its `init` or `update` returned.

    Raises PolyakError for what is no optimizer that can be read, for one of other parameters than the model's, and for
    one that no rule of ours is.
    """
    for framework in whose(optimizer):
        if (
            framework.has("reading")
            and (found := framework.readings().reading(optimizer, state, bridge)) is not None
        ):
            return found
    shown = " ".join(repr(optimizer).split())[:80]
    if isinstance(optimizer, type):
        shown = f"the class {optimizer.__name__}"
    raise PolyakError(
        f"{shown} is no optimizer that can be read: expected a torch or a Keras optimizer as it is, a rule, or an Optax"
        " optimizer with state="
    )


def _classified(optimizer: object, label: str) -> Candidate:
    for framework in whose(optimizer):
        candidate = framework.candidates(label).candidate(optimizer, label)
        if candidate is not None:
            return dataclasses.replace(candidate, spelled=_spelled(optimizer, framework))
    kind = f"the class {label}" if isinstance(optimizer, type) else " ".join(repr(optimizer).split())[:80]
    raise PolyakError(
        f"{kind} is no optimizer: expected a rule, a torch.optim.Optimizer, an Optax factory or object, or a"
        " Keras optimizer"
    )


def _spelled(optimizer: object, framework: Framework) -> str:
    """The name in the catalogue of a framework's own class or function; empty for all else."""
    own = str(getattr(optimizer, "__module__", "")).startswith(f"{framework.package}.")
    name = f"{framework.prefix}:{getattr(optimizer, '__name__', '')}"
    return name if own and name in framework.spellings else ""


def whose(optimizer: object) -> Iterator[Framework]:
    """The frameworks whose it may be, by the packages that its classes come from; last of all ours, whose protocol
    many follow.
    """
    target = inner(optimizer)
    kinds = target.__mro__ if isinstance(target, type) else type(target).__mro__
    modules = [f"{getattr(each, '__module__', '')}." for each in (target, *kinds)]
    if takes_params_first(target):
        yield from (each for each in FRAMEWORKS.values() if each.params_first and each.installed)
    others = (framework for framework in FRAMEWORKS.values() if framework.run_here and not framework.ours)
    for framework in others:
        homes = f"{framework.package}.", f"{framework.folder}."
        if any(module.startswith(homes) for module in modules):
            yield framework
    yield from (framework for framework in FRAMEWORKS.values() if framework.ours)


def factory(name: str) -> Callable[..., Any]:
    """The class or function that a name stands for, before it is given settings.

    >>> factory("polyak:heavy_ball").__name__
    'HeavyBall'
    """
    prefix, colon, rest = name.partition(":")
    framework = FRAMEWORKS.get(prefix)
    if framework is not None and (colon or not framework.run_here):
        return _of_framework(framework, name, rest)
    if colon and ("." in prefix or has(prefix)):
        return _imported(prefix, rest)
    runnable = _runnable()
    wanted = nearest(prefix, runnable)
    hint = f", did you mean '{wanted}:{rest or 'SGD'}'?" if wanted else ""
    there_are = ", ".join(f"{key}:..." for key in runnable)
    raise PolyakError(f"unknown optimizer '{name}'{hint} (there are: {there_are} and package.module:Class)")


def _runnable() -> list[str]:
    return [prefix for prefix, framework in FRAMEWORKS.items() if framework.run_here]


def _of_framework(framework: Framework, name: str, rest: str) -> Callable[..., Any]:
    if not framework.run_here:
        raise PolyakError(
            f"{name}: the optimizers of {framework.title} cannot be run here, they live in an environment of their own"
            f" (make peers); expected one of {', '.join(_runnable())}"
        )
    known = framework.candidates(name)
    return among(known.KIND, rest, known.factories())


def _imported(path: str, name: str) -> Callable[..., Any]:
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        missing = error.name or path
        if path == missing or path.startswith(f"{missing}."):
            raise PolyakError(f"{path}:{name}: no module {missing} is installed") from None
        raise PolyakError(f"{path}:{name} needs {missing}, which is not installed") from error
    except Exception as error:
        raise PolyakError(f"{path} fails at its import: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise unknown(f"name in {path}", name, [known for known in vars(module) if not known.startswith("_")])
    taken: Callable[..., Any] = getattr(module, name)
    return taken
