"""What stands in a pasted text, as values: numbers, words, calls. Python's own grammar reads it; nothing is run."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyak.ground.errors import PolyakError, cut

LARGEST_POWER = 64  # of an exponent that is worked out
CASTS = ("float", "int", "torch.tensor", "jnp.array", "jnp.asarray", "np.float32", "np.float64")
PARAMETERS = ("parameters", "named_parameters", "collect_params", "filter", "list", "trainable_variables")
NUMBERS = {"math.inf": math.inf, "np.inf": math.inf, "jnp.inf": math.inf, "torch.inf": math.inf}
TWO_SIDED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Unread:
    """A piece of code that stands for what only running it would tell: `model.parameters()`, `args.lr`."""

    text: str

    def __repr__(self) -> str:
        return cut(self.text)


@dataclass(frozen=True)
class Call:
    """A call as it is written.

    Attributes:
        name: what is called, dotted, by the name that it was imported from.
        positional: the arguments without a name.
        named: those with one.
        text: the call itself, for a message.
    """

    name: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    def __repr__(self) -> str:
        return cut(self.text or f"{self.name}(...)")


def read_value(node: ast.expr, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A node of Python's grammar as a value; what would have to be run as Unread.

    Args:
        node: of the pasted text.
        known: what names stand for: values assigned above, and dotted names of what was imported, as strings of
            `Imported`.

    >>> read_value(ast.parse("[2 * 1e-3, -1, True, model.parameters()]", mode="eval").body, {})
    (0.002, -1, True, model.parameters())
    >>> read_value(ast.parse("SGD(p, lr=1/4)", mode="eval").body, {"SGD": Imported("torch.optim.SGD")}).name
    'torch.optim.SGD'
    """
    found = _literal(node, known)
    if found is not None or (isinstance(node, ast.Constant) and node.value is None):
        return found
    return Unread(ast.unparse(node))


def _literal(node: ast.expr, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A node's value where the text tells it; None where only a run would."""
    found: Any = None
    match node:
        case ast.Constant(value=value) if isinstance(value, bool | int | float | str):
            found = value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            found = tuple(read_value(part, known) for part in parts)
        case ast.Dict():
            found = _dict(node, known)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            found = _signed(node, known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in TWO_SIDED:
            found = _worked_out(type(op), read_value(left, known), read_value(right, known))
        case ast.Name(id=name):
            found = _assigned(name, known)
        case ast.Attribute():
            found = NUMBERS.get(dotted(node, known) or "")
        case ast.Call():
            found = _call(node, known)
    return found


def _assigned(name: str, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """What a name was given above; None for what was imported, or is not known."""
    value = known.get(name)
    return None if isinstance(value, Imported) else value


def _dict(node: ast.Dict, known: Mapping[str, Any]) -> dict[Any, Any] | None:
    """A dict whose keys are all written out; None for another."""
    names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    if len(names) != len(node.keys):
        return None
    return dict(zip(names, (read_value(value, known) for value in node.values), strict=True))


def _signed(node: ast.UnaryOp, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A number with its sign; None for what is no number."""
    value = read_value(node.operand, known)
    if not _is_number(value):
        return None
    return -value if isinstance(node.op, ast.USub) else value


class Imported(str):
    """The dotted name that an import gave another one for."""

    __slots__ = ()


def dotted(node: ast.expr, known: Mapping[str, Any]) -> str | None:
    """`a.b.c` as one name, its first part as it was imported; None for what is no plain path.

    >>> dotted(ast.parse("tx.sgd", mode="eval").body, {"tx": Imported("optax")})
    'optax.sgd'
    """
    if isinstance(node, ast.Name):
        first = known.get(node.id)
        return str(first) if isinstance(first, Imported) else node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, known)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _call(node: ast.Call, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    name, text = dotted(node.func, known) or _injected(node.func, known), ast.unparse(node)
    if name is None:
        return Unread(text)
    positional = [value for each in node.args for value in _spread(each, name, known)]
    named: dict[str, Any] = {}
    for keyword in node.keywords:
        value = read_value(keyword.value, known)
        if keyword.arg is None and not isinstance(value, dict):
            raise must_be_run(f"**{ast.unparse(keyword.value)}", name)
        for key, each in value.items() if keyword.arg is None else ((keyword.arg, value),):
            if key in named:
                raise PolyakError(f"{name}: {key} is given twice")
            named[key] = each
    return _made(Call(name, tuple(positional), named, text))


def _spread(node: ast.expr, name: str, known: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of one argument without a name: several where it is starred."""
    if not isinstance(node, ast.Starred):
        return (read_value(node, known),)
    spread = read_value(node.value, known)
    if not isinstance(spread, tuple):
        raise must_be_run(f"*{ast.unparse(node.value)}", name)
    return spread


def _injected(node: ast.expr, known: Mapping[str, Any]) -> str | None:
    """`optax.inject_hyperparams(optax.adam)`, which is called as what is inside it; None for another expression."""
    if not (isinstance(node, ast.Call) and node.args):
        return None
    outer = dotted(node.func, known) or ""
    return dotted(node.args[0], known) if outer.rpartition(".")[2] == "inject_hyperparams" else None


def _made(call: Call) -> Any:  # noqa: ANN401
    """What a call of Python's own makes, where that is a value: a dict, a number; a partial is the call inside."""
    if call.name == "dict" and not call.positional:
        return dict(call.named)
    if call.name in CASTS and len(call.positional) == 1 and set(call.named) <= {"dtype"}:
        return _cast(call, call.positional[0])
    if call.last == "partial" and call.positional and isinstance(call.positional[0], Unread):
        return Call(call.positional[0].text, call.positional[1:], call.named, call.text)
    return Unread(call.text) if call.last in PARAMETERS else call


def _cast(call: Call, value: object) -> object:
    try:
        made = float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        made = None
    if made is None:
        return Unread(call.text)
    return int(made) if call.name == "int" and math.isfinite(made) else made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _worked_out(kind: type[ast.operator], left: object, right: object) -> int | float | None:
    """Arithmetic on two numbers; None where it is none, or more than a recipe ever has."""
    if not (_is_number(left) and _is_number(right)):
        return None
    if kind is ast.Pow and abs(right) > LARGEST_POWER:  # type: ignore[arg-type]
        return None
    try:
        found = TWO_SIDED[kind](left, right)
    except (ArithmeticError, ValueError):
        return None
    return found if isinstance(found, int | float) and abs(found) < 1e300 else None


def must_be_run(code: str, where: str) -> PolyakError:
    """The refusal of code whose value only running it would tell.

    >>> print(must_be_run("args.lr", "torch:SGD: lr"))
    torch:SGD: lr is args.lr, code that would have to be run: expected its value
    """
    return PolyakError(f"{where} is {cut(code)}, code that would have to be run: expected its value")
