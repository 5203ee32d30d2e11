"""The same optimizer in other frameworks' words: `polyak translate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import FRAMEWORKS, command
from polyak.cli.progress import shown
from polyak.cli.settings import FLAGS, number_or_numbers, pairs_from
from polyak.cli.words import numbers_from
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from polyak.frameworks.spelling import Argument

EPILOG = "Arguments go by the framework's own names: polyak translate keras:SGD momentum=0.9 nesterov=true --to torch"


@command("translate", words=True, epilog=EPILOG, group=FRAMEWORKS)
def translate(
    context: typer.Context,
    optimizer: Annotated[
        str, typer.Argument(help="A name such as mxnet:sgd, a pasted call or config, or its file.")
    ],
    to: Annotated[str, typer.Option()],
    curvature: Annotated[str | None, typer.Option()] = None,
    steps_per_epoch: Annotated[int | None, typer.Option()] = None,
    total_steps: Annotated[int | None, typer.Option()] = None,
    check: Annotated[bool, typer.Option(help="Run both sides, 1,000 steps, on what is installed.")] = True,
    as_json: Json = False,
) -> None:
    """Say an optimizer in another framework's words: what is equal, what parts when the learning rate changes."""
    from polyak.translate.translate import translate as translated

    arguments = arguments_from(optimizer, context.args)
    curvatures = None if curvature is None else numbers_from("curvature", curvature)
    clock = {"steps_per_epoch": steps_per_epoch, "total_steps": total_steps}
    translation = translated(optimizer, to=to, curvature=curvatures, **clock, **arguments)
    proof: list[str] = []
    if check and translation.without_proof is not None:
        proof = [translation.without_proof]
    elif check:
        with shown("checking", "runs") as progress:
            proof = str(translation.check(progress=progress)).splitlines()
    if as_json:
        equal = {"target": translation.target, "arguments": translation.arguments, "equal": translation.equal}
        answer(translation, as_json, sentences=translation.words(), proof=proof, **equal)
        return
    for line in [*str(translation).splitlines(), *translation.words(), *proof]:
        typer.echo(f"   {line}")


def arguments_from(optimizer: str, words: Sequence[str]) -> dict[str, Any]:
    """`lr=0.1 nesterov=true betas=0.9,0.99` as the optimizer's arguments.

    >>> arguments_from("torch:Adam", ["lr=0.1", "betas=[0.9,0.99]", "amsgrad=false", "fused=True"])
    {'lr': 0.1, 'betas': (0.9, 0.99), 'amsgrad': False, 'fused': True}
    """
    from polyak.frameworks.called import borrowed
    from polyak.frameworks.catalogue import find
    from polyak.translate.paste.text import is_pasted

    lent = borrowed(optimizer)
    row = None if is_pasted(optimizer) else find(optimizer if lent is None else lent[0])
    known = {argument.name: argument for argument in row.arguments} if row else {}
    expected = "no argument: expected name=value, such as momentum=0.9"
    given = pairs_from([word.lstrip("-") for word in words], expected)
    for name in ("to", "curvature"):
        if name in given:
            raise PolyakError(f"{name} is an option: --{name} {given[name]}")
    return {name: _value(f"{optimizer}: {name}", word, known.get(name)) for name, word in given.items()}


def _value(label: str, word: str, argument: Argument | None) -> object:
    """A word as a value of the argument's kind; for one that changes no number, as whatever it looks like."""
    default, free = (None, False) if argument is None else (argument.default, argument.free)
    if isinstance(default, bool) or (free and word.lower() in FLAGS):
        if word.lower() not in FLAGS:
            raise PolyakError(f"{label} is '{word}', expected true or false")
        return FLAGS[word.lower()]
    if word.lower() == "none":
        return None
    if isinstance(default, str):
        return word
    value = number_or_numbers(word)
    if isinstance(value, str) and not free:
        raise PolyakError(f"{label} is '{word}', expected a number")
    return value
