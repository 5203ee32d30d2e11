"""Functions compiled for what they are: a training's loop to run fast, a small question to be answered at once.

XLA's newer emitters of fused loops take half of a compilation, on a CPU, and their code runs no faster: they are left
out, but where long arrays are gone through entry by entry, which takes them a quarter of the time. Without LLVM's
optimisations besides, the rest takes a third of its time, for code that runs about three times slower: that is for what
runs for milliseconds, such as most of the theory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax

R = TypeVar("R")

OPTIONS: Mapping[str, bool | int] = {"xla_cpu_use_fusion_emitters": False}
QUICK: Mapping[str, bool | int] = {**OPTIONS, "xla_backend_optimization_level": 0}
# What runs for seconds, or says one number twice to the last digit, whatever XLA_FLAGS asks for besides: our tests ask
# for the quick way.
THOROUGH: Mapping[str, bool | int] = {**OPTIONS, "xla_backend_optimization_level": 3}

BY_ENTRY: Mapping[str, bool | int] = {"xla_backend_optimization_level": 3}


def jitted(
    function: Callable[..., R],
    options: Mapping[str, bool | int] = OPTIONS,
    static: int | tuple[int, ...] = (),
) -> Callable[..., R]:
    """A function compiled with options of XLA's CPU compiler.

    Without them on another device, where this version of XLA has none such, and inside another compiled function, whose
    options it then has.

    >>> import jax.numpy as jnp
    >>> float(jitted(jnp.square)(3.0))
    9.0
    """
    plain: Callable[..., R] = jax.jit(function, static_argnums=static)
    chosen: Callable[..., R] | None = None

    @functools.wraps(function)
    def call(*arguments: Any, **settings: Any) -> R:
        nonlocal chosen
        if chosen is None:  # not before the first call: asking for the device takes a moment
            on_cpu = jax.default_backend() == "cpu"
            options_here = jax.jit(function, static_argnums=static, compiler_options=dict(options))
            chosen = options_here if on_cpu else plain
        try:
            return chosen(*arguments, **settings)
        except jax.errors.JaxRuntimeError as error:
            if "compile option" not in str(error):
                raise
            chosen = plain
        except ValueError as error:
            if "top-level `jax.jit`" not in str(error):
                raise
        return plain(*arguments, **settings)

    return call


def quickly(function: Callable[..., R], static: int | tuple[int, ...] = ()) -> Callable[..., R]:
    """A function compiled in a third of the time, for code that runs about three times slower."""
    return jitted(function, QUICK, static)


def thoroughly(function: Callable[..., R], static: int | tuple[int, ...] = ()) -> Callable[..., R]:
    """A function compiled with all optimisations, for code that runs for seconds."""
    return jitted(function, THOROUGH, static)
