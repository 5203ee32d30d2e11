"""Functions compiled with options that this version of XLA, on this device, may or may not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
R = TypeVar("R")


def jitted(
    function: Callable[P, R], options: Mapping[str, bool | int | str], static: int | tuple[int, ...] = 0
) -> Callable[P, R]:
    """A function compiled with these options of XLA's CPU compiler, and without them where there are none such."""
    plain: Callable[P, R] = jax.jit(function, static_argnums=static)
    if jax.default_backend() != "cpu":
        return plain
    chosen: Callable[P, R] = jax.jit(function, static_argnums=static, compiler_options=dict(options))

    def call(*arguments: P.args, **settings: P.kwargs) -> R:
        nonlocal chosen
        try:
            return chosen(*arguments, **settings)
        except jax.errors.JaxRuntimeError as error:
            if "compile option" not in str(error):
                raise
            chosen = plain
            return plain(*arguments, **settings)

    return call
