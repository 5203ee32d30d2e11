"""A pasted call as a framework's optimizer with its arguments: by position, by old names, without what says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from polyak.frameworks.called import borrowed, by_any_name, home_of, no_such
from polyak.frameworks.catalogue import SPELLINGS, find
from polyak.frameworks.framework import FRAMEWORKS, Framework
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError
from polyak.translate.around.average import OF_KERAS
from polyak.translate.paste.values import Call, Unread, must_be_run

SKLEARN = ("MLPClassifier", "MLPRegressor")
TRAINERS = ("gluon.Trainer", "mx.gluon.Trainer", "mxnet.gluon.Trainer", "Trainer")
SINGLE = "params"  # what a call's parameters are named


@dataclass(frozen=True)
class Bound:
    """An optimizer and its arguments by name.

    Attributes:
        spelling: whose it is.
        arguments: values, calls (of a schedule) and what could not be read.
        parameters: what it was given as its parameters, such as groups; None where it says nothing.
        left_out: arguments that change no number, as they are written.
    """

    spelling: Spelling
    arguments: Mapping[str, Any]
    parameters: Any = None
    left_out: tuple[str, ...] = ()


def bound(call: Call) -> Bound:
    """A call of an optimizer with its arguments by name.

    Raises PolyakError for a name of no framework, for one that several frameworks have and whose arguments fit both,
    for an argument that is not known or is given twice, and for too many of them.

    >>> found = bound(Call("torch.optim.SGD", (Unread("model.parameters()"), 0.1, 0.9), {"fused": True}))
    >>> found.spelling.name, found.arguments, found.left_out
    ('torch:SGD', {'lr': 0.1, 'momentum': 0.9}, ('fused=True',))
    """
    if call.last in SKLEARN:
        return _network(call)
    if call.name in TRAINERS:
        return _trainer(call)
    lent = borrowed(call.name)
    if lent is not None:
        call = replace(call, name=lent[0], named={**lent[1], **call.named})
    spelling = whose(call)
    framework = FRAMEWORKS[spelling.framework]
    positional, named = list(call.positional), dict(call.named)
    parameters = _parameters(spelling, positional, named) if framework.params_first else None
    return _without_free(spelling, framework, _by_name(spelling, framework, positional, named), parameters)


def _parameters(spelling: Spelling, positional: list[Any], named: dict[str, Any]) -> object:
    """What a call was given as its parameters, taken out of its arguments."""
    parameters = named.pop(SINGLE, None)
    if positional and _is_number(positional[0]):
        raise PolyakError(
            f"{spelling.name}: the first argument is {positional[0]!r}, expected the parameters"
        )
    if positional:
        parameters = positional.pop(0)
    return parameters


def _by_name(
    spelling: Spelling, framework: Framework, positional: list[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """All arguments by name, old names as the new ones; each at most once."""
    names = [argument.name for argument in spelling.arguments]
    if len(positional) > len(names):
        raise PolyakError(
            f"{spelling.name}: {len(positional)} arguments without a name, expected at most {len(names)}"
        )
    given = dict(zip(names, positional, strict=False))
    for name, value in named.items():
        new = framework.old_arguments.get(name, name)
        if new in given:
            raise PolyakError(f"{spelling.name}: {new} is given twice")
        given[new] = value
    return given


def _without_free(
    spelling: Spelling, framework: Framework, given: Mapping[str, Any], parameters: object
) -> Bound:
    """What is left once the arguments that change no number are put aside."""
    free = {argument.name for argument in spelling.arguments if argument.free} | {*framework.free_arguments}
    if given.get("use_ema") is True:
        free -= {*OF_KERAS}  # which say something then
    kept = {name: value for name, value in given.items() if name not in free}
    left = tuple(f"{name}={value!r}" for name, value in given.items() if name in free)
    return Bound(spelling, kept, parameters, left)


def checked(spelling: Spelling, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, once each is seen to be a value.

    >>> checked(find("torch:SGD"), {"lr": Unread("args.lr")})
    Traceback (most recent call last):
    ...
    polyak.PolyakError: torch:SGD: lr is args.lr, code that would have to be run: expected its value
    """
    for name, value in arguments.items():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Unread | Call):
                raise must_be_run(repr(each), f"{spelling.name}: {name}")
    return dict(arguments)


def whose(call: Call) -> Spelling:
    """The spelling that a call is of: by its path, else the one whose arguments fit it."""
    found = by_any_name(call.name)
    if found is not None:
        return found
    if home_of(call.name) is not None:
        return find(_short(call.name))  # which says what that framework has
    rows = [] if "." in call.name else _rows_called(call.name)
    if not rows:
        raise no_such(call.name)
    fitting = [row for row in rows if _fits(row, call)]
    if len(fitting) != 1:
        raise _not_one(call, rows, fitting)
    return fitting[0]


def _rows_called(name: str) -> list[Spelling]:
    """The spellings whose class has that name; where none has, those that have it in other letter cases."""
    exact = [row for row in SPELLINGS.values() if _called(row) == name]
    return exact or [row for row in SPELLINGS.values() if _called(row).lower() == name.lower()]


def _not_one(call: Call, rows: list[Spelling], fitting: list[Spelling]) -> PolyakError:
    """The refusal of a bare name whose arguments fit several spellings, or none."""
    several = ", ".join(row.name for row in fitting or rows)
    said = f"may be {several}" if fitting else f"has not the arguments of {several}"
    shown = (fitting or rows)[0].line.partition("(")[0]
    return PolyakError(f"{call.name} {said}: expected it by its whole name, such as {shown}")


def _short(name: str) -> str:
    """`torch.optim.adam.Adamm` as torch:Adamm."""
    framework = home_of(name)
    assert framework is not None
    return f"{framework.prefix}:{name.rpartition('.')[2]}"


def _called(row: Spelling) -> str:
    """A spelling's class or function without its path."""
    return row.line.partition("(")[0].rpartition(".")[2]


def _fits(row: Spelling, call: Call) -> bool:
    """Whether a call without a path may be this framework's: its names are, and so is what comes first."""
    framework = FRAMEWORKS[row.framework]
    if framework.ours or not set(call.named) <= {*row.defaults, *framework.free_arguments, SINGLE}:
        return False
    return not call.positional or framework.params_first == isinstance(call.positional[0], Unread | tuple)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _network(call: Call) -> Bound:
    """scikit-learn's networks, of whose arguments the solver's are the optimizer's."""
    solver = call.named.get("solver", "adam")
    name = f"sklearn:{solver}"
    spelling = find(name)
    own = {key: value for key, value in call.named.items() if key in spelling.defaults}
    others = [f"{key}={value!r}" for key, value in call.named.items() if key not in {*own, "solver"}]
    if call.named.get("learning_rate", "constant") != "constant":
        raise PolyakError(f"{name}: learning_rate is {call.named['learning_rate']!r}, expected 'constant'")
    if "alpha" in call.named and call.named["alpha"] != 0:
        raise PolyakError(
            f"{name}: alpha, its weight decay, is divided by the rows of each batch and spares the intercepts, which no"
            " other framework says: expected alpha=0, and the decay in your loss"
        )
    return Bound(spelling, own, None, tuple(others))


def _trainer(call: Call) -> Bound:
    """Gluon's Trainer: the parameters, a name, a dict."""
    parts = [
        *call.positional,
        *(call.named[key] for key in ("optimizer", "optimizer_params") if key in call.named),
    ]
    if len(parts) < 2 or not isinstance(parts[1], str):
        raise PolyakError(f"{call.name} is {call!r}, expected gluon.Trainer(params, 'sgd', {{...}})")
    given = parts[2] if len(parts) > 2 and isinstance(parts[2], dict) else {}
    spelling = find(f"mxnet:{parts[1].lower()}")
    return _without_free(spelling, FRAMEWORKS["mxnet"], given, None)
