"""A translation on paper: the line to paste, and what must be done besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyak.frameworks.spelling import OF_A_MEANING
from polyak.frameworks.spellings import REQUIRED, Meaning, Spelling
from polyak.ground.numbers import readable
from polyak.translate.fitting import Condition


def pasted(spelling: Spelling, arguments: Mapping[str, Any]) -> str:
    """The line to paste: every argument that makes a difference, those at their defaults too.

    >>> from polyak.frameworks.spellings import find
    >>> pasted(find("torch:SGD"), {"lr": 0.5, "momentum": 0.9})
    'torch.optim.SGD(lr=0.5, momentum=0.9, dampening=0, nesterov=False)'
    """
    shown = {}
    for argument in spelling.arguments:
        counts = argument.name in spelling.telling and not {*argument.settings} & {*OF_A_MEANING}
        if argument.name in arguments:
            shown[argument.name] = arguments[argument.name]
        elif counts and argument.default is not REQUIRED and argument.default is not None:
            shown[argument.name] = argument.default
    quoted = (f"'{name}': {_number(value)}" for name, value in shown.items())
    plain = (f"{name}={_number(value)}" for name, value in shown.items())
    return spelling.line.format(", ".join(quoted if spelling.mapping else plain))


def chained(line: str, conditions: Sequence[Condition], rule: Any) -> str:
    """A line of Optax with what is done besides as links of a chain, where Optax has one for it.

    >>> chained("optax.sgd(0.5)", [Condition("decay in the loss", 0.25)], None)
    'optax.chain(optax.add_decayed_weights(0.25), optax.sgd(0.5))'
    """
    amounts = {condition.kind: condition.amount for condition in conditions}
    links = [line]
    if "decay in the loss" in amounts:
        links.insert(0, f"optax.add_decayed_weights({_number(amounts['decay in the loss'])})")
    if "negate" in amounts:
        links.insert(0, "optax.scale(-1.0)")
    if "decay by hand" in amounts:
        links.append(f"optax.add_decayed_weights({_number(-rule.lr * amounts['decay by hand'])})")
    return line if len(links) == 1 else f"optax.chain({', '.join(links)})"


def _number(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_number, value))})"
    return readable(value, 15) if isinstance(value, float) else repr(value)


def condition_in_words(condition: Condition, target: Spelling, meaning: Meaning) -> str:
    """What must be done beside the optimizer for it to be the same."""
    amount = condition.amount
    if target.framework == "optax" and condition.kind != "first gradient":
        return {
            "negate": "in a chain: the gradient's sign is turned",
            "decay in the loss": "in a chain: the coupled weight decay comes before the rest",
            "decay by hand": "in a chain: the decoupled weight decay comes last, times the learning rate: change both",
        }[condition.kind]
    if condition.kind == "first gradient":
        return (
            f"provided that the first gradient is multiplied by {readable(amount, 15)}: {target.name} has "
            "no first gradient that"
            " is not dampened"
        )
    if condition.kind == "negate":
        return f"provided that the loss is negated: {target.name} only minimizes"
    if condition.kind == "decay in the loss":
        ways = {
            "keras": f"kernel_regularizer=keras.regularizers.L2({readable(amount / 2, 15)})",
            "sklearn": f"alpha={readable(amount, 15)} times the rows of a batch, which spares the intercepts",
        }
        way = f", such as {ways[target.framework]}" if target.framework in ways else ""
        return (
            f"provided that the weight decay goes into the loss, as {readable(amount / 2, 15)} "
            f"|x|^2{way}: {target.name} has no"
            " coupled weight decay"
        )
    return (
        f"provided that x is multiplied by 1 - lr x {readable(amount, 15)} = "
        f"{readable(1 - meaning.rule.lr * amount, 15)} beside every"
        f" step: {target.name} has no decoupled weight decay"
    )
