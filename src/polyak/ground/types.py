"""Types that the whole house speaks of, where Python's and NumPy's own do not say them.

Code that runs on NumPy alone says `NDArray[np.float64]`, the engine says `jax.Array`; these are for what runs on both,
and on torch's tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Pytree: TypeAlias = Any
"""Any nest of tuples, lists, dicts and registered nodes with arrays at its leaves: no type of Python's says that."""

Number: TypeAlias = Any
"""A float, or a zero-dimensional array of any library, traced or not: what a formula computes with."""

Schedule: TypeAlias = Callable[[Any], Any]
"""A hyper-parameter as a function of the step's number, which may be traced."""


class Array(Protocol):
    """An array of the Python array API: NumPy's, JAX's (traced or not), torch's."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""

    @property
    def ndim(self) -> int:
        """How many axes it has."""

    @property
    def dtype(self) -> Any:
        """Its library's own type of number."""

    def __add__(self, other: Number, /) -> Array: ...
    def __radd__(self, other: Number, /) -> Array: ...
    def __sub__(self, other: Number, /) -> Array: ...
    def __rsub__(self, other: Number, /) -> Array: ...
    def __mul__(self, other: Number, /) -> Array: ...
    def __rmul__(self, other: Number, /) -> Array: ...
    def __truediv__(self, other: Number, /) -> Array: ...
    def __rtruediv__(self, other: Number, /) -> Array: ...
    def __pow__(self, other: Number, /) -> Array: ...
    def __matmul__(self, other: Number, /) -> Array: ...
    def __float__(self) -> float: ...
    def __neg__(self) -> Array: ...
    def __abs__(self) -> Array: ...
    def __getitem__(self, place: Any, /) -> Array: ...
