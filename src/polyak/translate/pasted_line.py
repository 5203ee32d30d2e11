"""A translation on paper: the line to paste, and what must be done besides."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.spelling import OF_A_MEANING, REQUIRED, Meaning, Spelling
from polyak.ground.numbers import readable
from polyak.translate.best_arguments import Condition


class Code(str):
    """Code that stands for an argument's value, such as a schedule: it is shown as it is."""

    __slots__ = ()


def pasted(spelling: Spelling, arguments: Mapping[str, Any]) -> str:
    """The line to paste: every argument that makes a difference, those at their defaults too.

    >>> from polyak.frameworks.catalogue import find
    >>> pasted(find("torch:SGD"), {"lr": 0.5, "momentum": 0.9})
    'torch.optim.SGD(lr=0.5, momentum=0.9, dampening=0, nesterov=False)'
    """
    shown = _shown(spelling, arguments)
    if spelling.framework == "keras":  # which takes no integer for a momentum
        shown = {name: _with_point(value) for name, value in shown.items()}
    quoted = (f"'{name}': {_number(value)}" for name, value in shown.items())
    plain = (f"{name}={_number(value)}" for name, value in shown.items())
    return spelling.line.format(", ".join(quoted if spelling.mapping else plain))


def _shown(spelling: Spelling, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, and the defaults that make a difference, in the framework's order."""
    defaults = {
        argument.name: argument.default
        for argument in spelling.arguments
        if argument.name in spelling.telling and not {*argument.settings} & {*OF_A_MEANING}
    }
    known = {name: value for name, value in defaults.items() if value is not REQUIRED and value is not None}
    wanted = {**known, **arguments}
    return {each.name: wanted[each.name] for each in spelling.arguments if each.name in wanted}


def arguments_of(line: str) -> list[tuple[str, str]]:
    """The arguments of one of our own lines, each its name and its code.

    >>> arguments_of("torch.optim.SGD(lr=0.5, betas=(0.9, 0.99))")
    [('lr', '0.5'), ('betas', '(0.9, 0.99)')]
    """
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    return [(str(each.arg), ast.unparse(each.value)) for each in call.keywords]


def _with_point(value: object) -> object:
    """A float as code that is a float."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return Code(repr(value)) if whole else value


LINKED = {
    "negate": "the gradient's sign is turned",
    "decay in the loss": "the coupled weight decay comes before the rest",
    "decay by hand": "the decoupled weight decay is a link of its own, times the learning rate: change both",
}
BEFORE = ("negate", "decay in the loss")  # what a gradient goes through, in order; then the optimizer
AFTER = ("decay by hand",)


def chained(target: Spelling, line: str, conditions: Sequence[Condition], rule: Any) -> str:  # noqa: ANN401
    """The line with what is done besides as links of a chain, where the framework has one for it.

    >>> from polyak.frameworks.catalogue import find
    >>> chained(find("optax:sgd"), "optax.sgd(0.5)", [Condition("decay in the loss", 0.25)], None)
    'optax.chain(optax.add_decayed_weights(0.25), optax.sgd(0.5))'
    """
    framework = FRAMEWORKS[target.framework]
    amounts = {each.kind: each.amount for each in conditions if each.kind in framework.links}
    if "decay by hand" in amounts:
        amounts["decay by hand"] *= -rule.lr
    before, after = (
        [framework.links[kind].format(_number(amounts[kind])) for kind in kinds if kind in amounts]
        for kinds in (BEFORE, AFTER)
    )
    links = [*before, line, *after]
    return line if len(links) == 1 else framework.chain.format(", ".join(links))


def _number(value: object) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_number, value))})"
    return readable(value, 15) if isinstance(value, float) else repr(value)


def condition_in_words(condition: Condition, target: Spelling, meaning: Meaning) -> str:
    """What must be done beside the optimizer for it to be the same."""
    amount, framework = condition.amount, FRAMEWORKS[target.framework]
    if condition.kind in framework.links:
        return f"in a chain: {LINKED[condition.kind]}"
    in_loss = framework.decay_in_loss.format(amount=readable(amount, 15), half=readable(amount / 2, 15))
    left = 1 - meaning.rule.lr * amount
    return (
        "provided that "
        + {
            "first gradient": f"the first gradient is multiplied by {readable(amount, 15)}: {target.name} has no first"
            " gradient that is not dampened",
            "negate": f"the loss is negated: {target.name} only minimizes",
            "decay in the loss": f"the weight decay goes into the loss, as {readable(amount / 2, 15)} |x|^2"
            f"{', such as ' if in_loss else ''}{in_loss}: {target.name} has no coupled weight decay",
            "decay by hand": f"x is multiplied by 1 - lr x {readable(amount, 15)} = {readable(left, 15)} beside every"
            f" step: {target.name} has no decoupled weight decay",
        }[condition.kind]
    )
