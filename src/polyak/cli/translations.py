"""The same optimizer in other frameworks' words: `polyak translate`, `polyak conventions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from polyak.frameworks.spelling import Argument

WORDS = {"allow_extra_args": True}
EPILOG = "Arguments go by the framework's own names: polyak translate keras:SGD momentum=0.9 nesterov=true --to torch"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("translate", context_settings=WORDS, epilog=EPILOG)(translate)
    app.command("conventions")(conventions)


def translate(
    context: typer.Context,
    optimizer: Annotated[str, typer.Argument(help="Such as mxnet:sgd; polyak conventions lists them.")],
    to: Annotated[str, typer.Option(help="A framework, or one of its optimizers: torch, mxnet:nag.")],
    curvature: Annotated[
        str | None, typer.Option(help="One or several, such as 0.2,4: how near is the edge there?")
    ] = None,
    check: Annotated[bool, typer.Option(help="Run both sides, 1,000 steps, on what is installed.")] = True,
) -> None:
    """Say an optimizer in another framework's words: what is equal, what parts when the learning rate changes."""
    from polyak.cli.arguments import numbers_from
    from polyak.cli.progress import shown
    from polyak.translate.translate import translate as translated

    arguments = arguments_from(optimizer, context.args)
    curvatures = None if curvature is None else numbers_from("curvature", curvature)
    found = translated(optimizer, to=to, curvature=curvatures, **arguments)
    proof: list[str] = []
    if check and found.without_proof is not None:
        proof = [found.without_proof]
    elif check:
        with shown("checking", "runs") as progress:
            proof = str(found.check(progress=progress)).splitlines()
    typer.echo(f"   {found}")
    for line in [*found.words(), *proof]:
        typer.echo(f"   {line}")


def conventions() -> None:
    """Show what every framework means by momentum, as run here, with versions."""
    from polyak.cli.catalogues import print_table
    from polyak.cli.progress import shown
    from polyak.translate.conventions_table import HEADER, OTHERS_HEADER, others, table

    with shown("frameworks", "optimizers") as progress:
        rows = table(progress)
    print_table(HEADER, rows)
    print_table(OTHERS_HEADER, others())
    typer.echo(
        "One in another's words: polyak translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to torch"
    )


def arguments_from(optimizer: str, words: Sequence[str]) -> dict[str, Any]:
    """`lr=0.1 nesterov=true betas=0.9,0.99` as the optimizer's arguments.

    >>> arguments_from("torch:Adam", ["lr=0.1", "betas=[0.9,0.99]", "amsgrad=false", "fused=True"])
    {'lr': 0.1, 'betas': (0.9, 0.99), 'amsgrad': False, 'fused': True}
    """
    from polyak.frameworks.catalogue import find

    known = {argument.name: argument for argument in find(optimizer).arguments}
    found = dict[str, Any]()
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not equals or not name:
            raise PolyakError(f"'{word}' is no argument: expected name=value, such as momentum=0.9")
        if name in ("to", "curvature"):
            raise PolyakError(f"{name} is an option: --{name} {value}")
        if name in found:
            raise PolyakError(f"{name} is given twice")
        found[name] = _value(f"{optimizer}: {name}", value, known.get(name))
    return found


def _value(label: str, word: str, argument: Argument | None) -> Any:
    """A word as a value of the argument's kind; for one that changes no number, as whatever it looks like."""
    default = None if argument is None else argument.default
    flags = {"true": True, "yes": True, "false": False, "no": False}
    free = argument is not None and argument.free
    if isinstance(default, bool) or (free and word.lower() in flags):
        if word.lower() not in flags:
            raise PolyakError(f"{label} is '{word}', expected true or false")
        return flags[word.lower()]
    if word.lower() == "none":
        return None
    if isinstance(default, str):
        return word
    try:
        numbers = tuple(float(part) for part in word.strip("()[] ").split(","))
    except ValueError:
        if free:
            return word
        raise PolyakError(f"{label} is '{word}', expected a number") from None
    return numbers if len(numbers) > 1 else numbers[0]
