"""What a page's function reads from around it: its global names, and how they are traced instead of baked in."""

from __future__ import annotations

import dis
import functools
import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

PLAIN = (str, bytes, bool, type(None), type, types.BuiltinFunctionType, types.ModuleType, np.dtype)


class UntraceableError(Exception):
    """Why a page's function cannot be compiled."""


def functions_around(function: types.FunctionType) -> dict[str, types.FunctionType]:
    """The functions of the same page that `function` calls, itself left out, by their global names."""
    found: dict[str, types.FunctionType] = {}
    waiting = [function]
    while waiting:
        for name, value in _globals_read(waiting.pop()):
            is_page_function = (
                isinstance(value, types.FunctionType) and value.__globals__ is function.__globals__
            )
            if is_page_function and name not in found and value is not function:
                found[name] = value
                waiting.append(value)
    return found


def captured(function: types.FunctionType) -> dict[str, Any]:
    """The numbers, arrays and containers of numbers that a page's function reads by global or outer name, as now.

    >>> eta = 0.4
    >>> def step(x):
    ...     return x - eta * x
    >>> captured(step)
    {'eta': 0.4}
    """
    found: dict[str, Any] = {}
    for part in (function, *functions_around(function).values()):
        for name, value in (*_globals_read(part), *_outer_read(part)):
            if _is_numeric(value):
                found[name] = value
    return found


def surroundings(function: types.FunctionType) -> dict[str, Any]:
    """What else a page's function reads by name: functions, modules, words, flags. They are part of its code.

    >>> nesterov = True
    >>> def step(x):
    ...     return x / 2 if nesterov else x
    >>> surroundings(step)
    {'nesterov': True}
    """
    found: dict[str, Any] = {}
    for part in (function, *functions_around(function).values()):
        for name, value in (*_globals_read(part), *_outer_read(part)):
            if not _is_numeric(value):
                found[name] = value
    return found


def obstacle(function: types.FunctionType) -> str | None:
    """Why the function's code cannot be compiled, as far as its names tell; None if nothing is in the way."""
    for part in (function, *functions_around(function).values()):
        for instruction in dis.get_instructions(part.__code__):
            if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                return f"it writes the global name {instruction.argval}"
            if instruction.opname == "STORE_DEREF" and instruction.argval in part.__code__.co_freevars:
                return f"it writes the outer name {instruction.argval}"
        for name, value in (*_globals_read(part), *_outer_read(part)):
            if not (isinstance(value, PLAIN) or callable(value) or _is_numeric(value)):
                return f"it reads {name}, whose contents may change unseen"
    return None


def rebuilt(function: types.FunctionType, values: dict[str, Any]) -> Callable[..., Any]:
    """The same function, reading `values` for its captured names and JAX's functions for NumPy's and math's."""
    import jax.numpy as jnp

    names: dict[str, Any] = dict(function.__globals__)
    names |= {name: jnp for name, value in names.items() if value is np}
    names |= {name: _jax_math() for name, value in names.items() if value is math}
    return _reading(function, {**names, "print": _refuse_print}, values)


def reading(
    function: types.FunctionType, values: dict[str, Any], *, trial: bool = False
) -> Callable[..., Any]:
    """The same function, reading `values` for its captured names.

    On trial, what it prints and what it writes to its page's names goes nowhere.
    """
    muted = {"print": _silent} if trial else {}
    return _reading(function, {**function.__globals__, **muted}, values)


def _reading(
    function: types.FunctionType, names: dict[str, Any], values: dict[str, Any]
) -> Callable[..., Any]:
    around = functions_around(function)
    names |= {name: value for name, value in values.items() if name in names}
    for name, part in around.items():
        names[name] = _copy(part, names, values)
    return _copy(function, names, values)


def _copy(function: types.FunctionType, names: dict[str, Any], values: dict[str, Any]) -> Callable[..., Any]:
    cells = tuple(
        types.CellType(values[name]) if name in values else cell
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    )
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _globals_read(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name in _global_names(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


@functools.lru_cache(maxsize=256)
def _global_names(code: types.CodeType) -> tuple[str, ...]:
    loads = ("LOAD_GLOBAL", "LOAD_NAME")
    found = [i.argval for part in _codes(code) for i in dis.get_instructions(part) if i.opname in loads]
    return tuple(dict.fromkeys(found))


def _outer_read(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a name not yet bound
            continue


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code and that of the comprehensions and functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _is_numeric(value: object) -> bool:
    """A float, an array of floats, or a container of such: what can be traced. Whole numbers are counts."""
    if isinstance(value, dict):
        return bool(value) and all(map(_is_numeric, value.values()))
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_numeric, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return isinstance(value, float) or (hasattr(value, "dtype") and hasattr(value, "shape"))


def _jax_math() -> types.SimpleNamespace:
    import jax.numpy as jnp

    alike = {name: getattr(jnp, name) for name in dir(math) if callable(getattr(jnp, name, None))}
    return types.SimpleNamespace(**{**vars(math), **alike, "fabs": jnp.abs, "fsum": jnp.sum})


def _silent(*_: object, **__: object) -> None:
    """Print nothing."""


def _refuse_print(*_: object, **__: object) -> None:
    raise UntraceableError("it prints")


def first_line(error: BaseException) -> str:
    """An error in one line, with its kind."""
    import jax

    if isinstance(error, UntraceableError):
        return str(error)
    if isinstance(error, jax.errors.TracerArrayConversionError):
        return "it hands an array to a function that JAX does not know"
    if isinstance(error, jax.errors.JAXTypeError):
        return "it looks at a number while it runs (if, while, float, int)"
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
