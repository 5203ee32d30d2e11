"""Functions compiled with options that this version of XLA, on this device, may or may not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def jitted(
    function: Callable[..., Any], options: dict[str, Any], static: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """A function compiled with these options of XLA's CPU compiler, and without them where there are none such."""
    plain = jax.jit(function, static_argnums=static)
    if jax.default_backend() != "cpu":
        return plain
    chosen = jax.jit(function, static_argnums=static, compiler_options=options)

    def call(*arguments: Any) -> Any:
        nonlocal chosen
        try:
            return chosen(*arguments)
        except jax.errors.JaxRuntimeError as error:
            if "compile option" not in str(error):
                raise
            chosen = plain
            return plain(*arguments)

    return call
