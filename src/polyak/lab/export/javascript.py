"""A function of a few numbers as JavaScript, written from what JAX traces of it: no formula is typed in twice.

Arrays are taken apart into their elements, so that what is left is arithmetic on numbers; operations that only move
elements are run by JAX itself, on the elements' places.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError

Elements: TypeAlias = NDArray[np.object_]

MOVES = {
    "broadcast_in_dim", "concatenate", "copy", "copy_p", "expand_dims", "pad", "reshape", "rev",
    "slice", "split", "squeeze", "stack", "transpose", "unstack",
}  # fmt: skip
SAME = {"convert_element_type", "stop_gradient", "optimization_barrier"}
CALLS = {"jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"}
INFIX = {
    "add": "+", "add_any": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "eq": "===", "ne": "!==", "and": "&&", "or": "||",
}  # fmt: skip
FUNCTIONS = {
    "abs": "Math.abs", "atan2": "Math.atan2", "cbrt": "Math.cbrt", "ceil": "Math.ceil", "cos": "Math.cos",
    "cosh": "Math.cosh", "exp": "Math.exp", "expm1": "Math.expm1", "floor": "Math.floor", "log": "Math.log",
    "log1p": "Math.log1p", "max": "Math.max", "min": "Math.min", "pow": "Math.pow", "sign": "Math.sign",
    "sin": "Math.sin", "sinh": "Math.sinh", "sqrt": "Math.sqrt", "tan": "Math.tan", "tanh": "Math.tanh",
}  # fmt: skip

WRITTEN = {
    "neg": "-{0}", "square": "{0} * {0}", "rsqrt": "1 / Math.sqrt({0})", "logistic": "1 / (1 + Math.exp(-{0}))",
    "select_n": "{0} ? {2} : {1}",
}  # fmt: skip


def javascript(what: str, function: Callable[..., Any], arguments: Sequence[str]) -> str:
    """An arrow function of these arguments, numbers all, that returns a flat list of what `function` returns.

    Raises PolyakError where the function uses an operation that is not known here.

    >>> print(javascript("a line", lambda x, y: 2.0 * x + y, ["x", "y"]))
    (x, y) => {
      const t1 = 2.0 * x;
      const t2 = t1 + y;
      return [t2];
    }
    """
    import jax

    with jax.enable_x64(True):
        traced = jax.make_jaxpr(function)(*[0.5] * len(arguments))
        writing = _Writing(what)
        given = [_array(_Term(name, writing)) for name in arguments]
        results = writing.run(traced.jaxpr, traced.consts, given)
    returned = ", ".join(_spelled(part) for result in results for part in result.ravel())
    lines = [*writing.lines, f"return [{returned}];"]
    return f"({', '.join(arguments)}) => {{\n" + "".join(f"  {line}\n" for line in lines) + "}"


class _Term:
    """A number that is known when the function runs, by its name there."""

    def __init__(self, name: str, writing: _Writing) -> None:
        self.name, self.writing = name, writing

    def __add__(self, other: object) -> object:
        return self.writing.infix("+", self, other)

    def __radd__(self, other: object) -> object:
        return self.writing.infix("+", other, self)

    def __mul__(self, other: object) -> object:
        return self.writing.infix("*", self, other)

    def __rmul__(self, other: object) -> object:
        return self.writing.infix("*", other, self)


class _Writing:
    """One function being written: its lines so far."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.lines: list[str] = []
        self.count = itertools.count(1)

    def new(self, expression: str) -> _Term:
        """A line that gives an expression a name."""
        name = f"t{next(self.count)}"
        self.lines.append(f"const {name} = {expression};")
        return _Term(name, self)

    def infix(self, sign: str, left: object, right: object) -> object:
        """Two numbers with a sign between them; adding a plain nought, as gradients of slices do, is nothing."""
        if sign == "+" and _is_nought(right):
            return left
        if sign == "+" and _is_nought(left):
            return right
        return self.new(f"{_spelled(left)} {sign} {_spelled(right)}")

    def run(self, jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Elements]) -> list[Elements]:  # noqa: ANN401
        """Write all of a traced function's operations, and say where its results stand."""
        known: dict[Any, Elements] = dict(zip(jaxpr.invars, arguments, strict=True))
        known |= {name: _array(value) for name, value in zip(jaxpr.constvars, constants, strict=True)}

        def read(name: Any) -> Elements:  # noqa: ANN401
            return _array(name.val) if hasattr(name, "val") else known[name]

        for equation in jaxpr.eqns:
            results = self.operation(equation, [read(name) for name in equation.invars])
            known |= dict(zip(equation.outvars, results, strict=True))
        return [read(name) for name in jaxpr.outvars]

    def operation(self, equation: Any, operands: list[Elements]) -> list[Elements]:  # noqa: ANN401
        """One operation on arrays of elements."""
        name, parameters = equation.primitive.name, equation.params
        if name in CALLS:
            inner = parameters.get("jaxpr", parameters.get("call_jaxpr", parameters.get("fun_jaxpr")))
            return self.run(inner.jaxpr, inner.consts, operands)
        if name in MOVES:
            return _moved(equation, operands)
        if name in SAME:
            return operands
        if name == "dot_general":
            return [self._product(parameters["dimension_numbers"], *operands)]
        if name == "reduce_sum":
            return [_array(operands[0].sum(axis=tuple(parameters["axes"])))]
        return [self._each(name, parameters, np.broadcast_arrays(*operands))]

    def _product(self, dimensions: Any, left: Elements, right: Elements) -> Elements:  # noqa: ANN401
        (over_left, over_right), batch = dimensions
        if any(batch):
            raise self.unknown("a product of many matrices at once")
        return _array(np.tensordot(left, right, axes=(list(over_left), list(over_right))))

    def _each(self, name: str, parameters: dict[str, Any], operands: Sequence[Elements]) -> Elements:
        result = np.empty(operands[0].shape, dtype=object)
        for place in np.ndindex(result.shape):
            result[place] = self._number(name, parameters, [each[place] for each in operands])
        return result

    def _number(self, name: str, parameters: dict[str, Any], of: list[object]) -> object:
        """One operation on numbers."""
        spelled = [_spelled(each) for each in of]
        if name in INFIX:
            return self.infix(INFIX[name], *of)
        if name in FUNCTIONS:
            return self.new(f"{FUNCTIONS[name]}({', '.join(spelled)})")
        if name in WRITTEN:
            return self.new(WRITTEN[name].format(*spelled))
        if name == "integer_pow":
            return self._power(of[0], int(parameters["y"]))
        raise self.unknown(name)

    def _power(self, base: object, exponent: int) -> object:
        """By squaring, as XLA computes it."""
        if exponent < 0:
            return self.new(f"1 / {_spelled(self._power(base, -exponent))}")
        result: object = 1.0
        while exponent:
            if exponent & 1:
                result = base if result == 1.0 else self.infix("*", result, base)
            exponent >>= 1
            if exponent:
                base = self.infix("*", base, base)
        return result

    def unknown(self, name: str) -> PolyakError:
        """What cannot be written."""
        return PolyakError(
            f"{self.what} cannot be exported: nothing here writes its operation '{name}' as JavaScript"
        )


def _moved(equation: Any, operands: Sequence[Elements]) -> list[Elements]:  # noqa: ANN401
    """What an operation that only moves elements makes: run on their places."""
    ends = np.cumsum([0, *[each.size for each in operands]])
    places = [
        np.arange(first, first + each.size, dtype=np.float64).reshape(each.shape)
        for first, each in zip(ends, operands, strict=False)
    ]
    elements = np.concatenate([each.ravel() for each in operands])
    results = equation.primitive.bind(*places, **equation.params)
    moved = results if equation.primitive.multiple_results else [results]
    return [_array(elements[np.asarray(each).astype(int)]) for each in moved]


def _array(value: object) -> Elements:
    """Elements: terms as they are, numbers as Python's own."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    if isinstance(value, _Term):
        return np.array(value, dtype=object)
    return np.asarray(np.asarray(value).tolist(), dtype=object)


def _is_nought(value: object) -> bool:
    return isinstance(value, float) and value == 0.0


def _spelled(value: object) -> str:
    if isinstance(value, _Term):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, int | float)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = json.dumps(value)
    return f"({text})" if text.startswith("-") else text
