"""Is an optimizer what it is meant to be? `polyak verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import FRAMEWORKS, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.progress import shown
from polyak.cli.settings import FLAGS, number_or_numbers, pairs_from
from polyak.cli.words import Out
from polyak.ground.errors import PolyakError

EPILOG = (
    "polyak verify my_rule.py:sgd_momentum --against torch:SGD --set lr=0.02 --set momentum=0.9; exits with 0 where"
    " the two are equal, with 1 where they are not"
)


@command("verify", epilog=EPILOG, group=FRAMEWORKS)
def verify(
    candidate: Annotated[
        str, typer.Argument(help="my_rule.py:NAME, package.module:NAME, torch:Adam, heavy_ball ...")
    ],
    against: Annotated[str, typer.Option(help="The reference, as the candidate is named.")] = "torch:SGD",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of both, NAME=VALUE; as often as needed.")
    ] = None,
    candidate_set: Annotated[
        list[str] | None, typer.Option(help="A setting of the candidate alone, NAME=VALUE.")
    ] = None,
    shapes: Annotated[
        str | None, typer.Option(help="The arrays' shapes, such as 128x64,10; by default some of every kind.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Five scenarios, and one cause at most.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Run an optimizer beside a reference, step by step: equal, or where they part and why."""
    check_picture(out)
    settings, own = settings_from(set_ or ()), settings_from(candidate_set or ())
    pair = _optimizer(candidate), _optimizer(against)
    from polyak.verify import verify as verified

    with shown("verifying", "scenarios") as progress:
        report = verified(
            *pair,
            candidate_settings=own,
            shapes=None if shapes is None else shapes_from(shapes),
            quick=quick,
            progress=progress,
            **settings,
        )
    answer(report, as_json, equal=report.equal)
    write_picture(out, report.plot, beside_json=as_json)
    if not report.equal:
        raise typer.Exit(1)


def shapes_from(words: str) -> list[tuple[int, ...]]:
    """`128x64,10` as shapes.

    >>> shapes_from("128x64,10"), shapes_from("3x3x8x4")
    ([(128, 64), (10,)], [(3, 3, 8, 4)])
    """
    parts = [part.lower().split("x") for part in words.split(",")]
    if not all(number.strip().isascii() and number.strip().isdigit() for part in parts for number in part):
        raise PolyakError(f"shapes is '{words}', expected numbers joined by x, such as 128x64,10")
    return [tuple(int(number) for number in part) for part in parts]


def settings_from(words: Sequence[str]) -> dict[str, Any]:
    """`lr=0.1`, `nesterov=true`, `betas=0.9,0.99` as settings.

    >>> settings_from(["lr=0.1", "betas=0.9,0.99", "nesterov=true", "eps_position=inside"])
    {'lr': 0.1, 'betas': (0.9, 0.99), 'nesterov': True, 'eps_position': 'inside'}
    """
    given = pairs_from(words, "no setting: expected NAME=VALUE, such as momentum=0.9")
    for name in ("candidate", "against", "progress", "candidate_settings", "shapes", "quick"):
        if name in given:
            raise PolyakError(f"no optimizer has a setting {name}")
    words_for = {**FLAGS, "none": None}
    return {
        name: words_for[word.lower()] if word.lower() in words_for else number_or_numbers(word)
        for name, word in given.items()
    }


def _optimizer(name: str) -> object:
    """What a word spells: a name in a file, a name of its framework's, or one of our rules."""
    from polyak.cli.files import in_file, object_in_file
    from polyak.ground.errors import plain

    if in_file(name):
        return object_in_file(name)
    return name if ":" in name or "." in name else f"polyak:{plain(name)}"
