"""From a name such as torch:SGD, or an object, to the optimizer that it stands for."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
from typing import Any

from polyak.frameworks.polyak.stepper import RuleStepper
from polyak.frameworks.stepper import Stepper, found
from polyak.ground.errors import PolyakError, nearest, unknown
from polyak.rules import PageRule, Rule, arity, from_page

FRAMEWORKS = {  # prefix: the package it needs, and how that is installed
    "torch": ("torch", "pip install 'polyak[torch]'"),
    "keras": ("keras", "pip install 'polyak[keras]'"),
    "optax": ("optax", "pip install optax"),
    "jax": ("jax", "pip install jax"),
    "sklearn": ("sklearn", "pip install scikit-learn"),
    "polyak": ("polyak", "pip install polyak"),
}
ELSEWHERE = {  # frameworks that live in environments of their own: known by their recorded trajectories
    "tf1": "TensorFlow's",
    "mxnet": "MXNet's",
}


def stepper(name: str, settings: dict[str, Any]) -> Stepper:
    """The real optimizer that a name and the framework's own settings stand for.

    Args:
        name: `torch:SGD`, `keras:SGD`, `optax:sgd`, `jax:momentum`, `sklearn:sgd`, `polyak:heavy_ball`, or
            `package.module:Class` for what another package brings.
        settings: its arguments under the framework's own names.

    Raises PolyakError for a name or an argument that is not known, and for a framework that is not installed.

    >>> s = stepper("torch:SGD", {"lr": 0.5, "momentum": 0.9})
    >>> import numpy as np
    >>> s.start([np.array([4.0])])
    >>> s.step([np.array([2.0])]), s.step([np.array([0.0])])
    ([array([3.])], [array([2.1])])
    """
    prefix = name.partition(":")[0]
    if prefix in FRAMEWORKS:
        made: Stepper = _framework(name).of_factory(name, factory(name), settings)
        return made
    return stepper_of(factory(name), settings, name)


def factory(name: str) -> Any:
    """The class or function that a name stands for, before it is given settings.

    >>> factory("polyak:heavy_ball").__name__
    'HeavyBall'
    """
    prefix, colon, rest = name.partition(":")
    if prefix in ELSEWHERE:
        raise PolyakError(
            f"{name}: {ELSEWHERE[prefix]} optimizers cannot be run here, they live in an environment of their own"
            f" (make peers); expected one of {', '.join(FRAMEWORKS)}"
        )
    if prefix in FRAMEWORKS and colon:
        module = _framework(name)
        return found(module.KIND, rest, module.factories())
    if not colon or ("." not in prefix and importlib.util.find_spec(prefix) is None):
        wanted = nearest(prefix, FRAMEWORKS)
        hint = f", did you mean '{wanted}:{rest or 'SGD'}'?" if wanted else ""
        known = ", ".join(f"{key}:..." for key in FRAMEWORKS)
        raise PolyakError(f"unknown optimizer '{name}'{hint} (there are: {known} and package.module:Class)")
    return _imported(prefix, rest)


def _framework(name: str) -> Any:
    """The module of a framework, once it is known to be installed."""
    prefix = name.partition(":")[0]
    package, install = FRAMEWORKS[prefix]
    if importlib.util.find_spec(package) is None:
        raise PolyakError(f"{name} needs {package}, which is not installed: {install}")
    return importlib.import_module(f"polyak.frameworks.{prefix}.stepper")


def stepper_of(optimizer: Any, settings: dict[str, Any] | None = None, name: str | None = None) -> Stepper:
    """The stepper of an object: a rule, a page's function, a class or factory with settings, or an optimizer made.

    Args:
        optimizer: a rule of any kind; a page's `f(params, states, hyperparams)`; a class of rules, of torch's or of
            Keras's optimizers, or an optimizer of one of these; an Optax factory or object.
        settings: for a class, a factory or a page's function, its arguments by name.
        name: what it is called in a report.

    Raises PolyakError for what is no optimizer.
    """
    settings = settings or {}
    label = name or _label(optimizer)
    if isinstance(optimizer, type) and issubclass(optimizer, Rule):
        return RuleStepper(optimizer.from_settings(**settings), label)
    made = _of_torch(optimizer, settings, label) or _of_keras(optimizer, settings, label)
    if made is not None:
        return made
    if isinstance(optimizer, Rule | PageRule) or (
        not isinstance(optimizer, type) and hasattr(optimizer, "init") and hasattr(optimizer, "update")
    ):
        if settings:
            raise PolyakError(f"{label} has its settings already; {next(iter(settings))} has no place")
        return RuleStepper(optimizer, name)
    if is_page(optimizer):
        return RuleStepper(from_page(optimizer, **settings), label)
    if inspect.isfunction(optimizer) or isinstance(optimizer, functools.partial):
        from polyak.frameworks.optax.stepper import of_factory

        return of_factory(label, optimizer, settings)
    kind = f"the class {label}" if isinstance(optimizer, type) else " ".join(repr(optimizer).split())[:80]
    raise PolyakError(
        f"{kind} is no optimizer: expected a rule, a torch.optim.Optimizer, an Optax factory or object, or a"
        " Keras optimizer"
    )


def _imported(path: str, name: str) -> Any:
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
    return getattr(module, name)


def is_page(function: Any) -> bool:
    """A page's function takes exactly three arguments and needs all; a factory's have names and defaults of its own."""
    return (
        inspect.isfunction(function)
        and arity(function) == 3
        and len(inspect.signature(function).parameters) == 3
    )


def _of_torch(optimizer: Any, settings: dict[str, Any], label: str) -> Stepper | None:
    """A torch optimizer is one only where torch was imported: it need not be, for anything else."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    from polyak.frameworks.torch.stepper import TorchStepper, is_optimizer

    if isinstance(optimizer, torch.optim.Optimizer):
        cls = type(optimizer)
        takes = inspect.signature(cls).parameters
        own = {key: value for key, value in optimizer.defaults.items() if key in takes}
        return TorchStepper(label, cls, {**own, **settings})
    target = optimizer.func if isinstance(optimizer, functools.partial) else optimizer
    exported = hasattr(target, "makes_torch_optimizer")
    return TorchStepper(label, optimizer, settings) if is_optimizer(target) or exported else None


def _of_keras(optimizer: Any, settings: dict[str, Any], label: str) -> Stepper | None:
    if "keras" not in sys.modules:
        return None
    from polyak.frameworks.keras.stepper import KerasStepper, configuration, is_optimizer, on_jax

    if isinstance(optimizer, on_jax().optimizers.Optimizer):
        takes = inspect.signature(type(optimizer)).parameters
        own = {
            key: value for key, value in configuration(optimizer).items() if key in takes and key != "name"
        }
        return KerasStepper(label, type(optimizer), {**own, **settings})
    return KerasStepper(label, optimizer, settings) if is_optimizer(optimizer) else None


def _label(optimizer: Any) -> str:
    target = optimizer.func if isinstance(optimizer, functools.partial) else optimizer
    return str(getattr(target, "__name__", None) or type(target).__name__)
