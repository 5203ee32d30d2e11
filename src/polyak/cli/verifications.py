"""Is an optimizer what it is meant to be? `polyak verify`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.ground.errors import PolyakError

EPILOG = (
    "polyak verify my_rule.py:sgd_momentum --against torch:SGD --set lr=0.02 --set momentum=0.9; exits with 0 where"
    " the two are equal, with 1 where they are not"
)


def add_to(app: typer.Typer) -> None:
    """Add this command to the terminal's door."""
    app.command("verify", epilog=EPILOG)(verify)


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
    out: Annotated[Path | None, typer.Option(help="A picture to write: .svg, .png or .pdf.")] = None,
) -> None:
    """Run an optimizer beside a reference, step by step: equal, or where they part and why."""
    from polyak.cli.progress import shown
    from polyak.cli.runs import check_picture

    check_picture(out)
    settings, own = settings_from(set_ or ()), settings_from(candidate_set or ())
    found = _optimizer(candidate), _optimizer(against)
    from polyak.verify import verify as verified

    with shown("verifying", "scenarios") as progress:
        report = verified(found[0], found[1], candidate_settings=own, progress=progress, **settings)
    typer.echo(report)
    if out is not None:
        from polyak.show import save

        typer.echo(f"wrote {save(report.plot(), out)}")
    if not report.equal:
        raise typer.Exit(1)


def settings_from(words: Sequence[str]) -> dict[str, Any]:
    """`lr=0.1`, `nesterov=true`, `betas=0.9,0.99` as settings.

    >>> settings_from(["lr=0.1", "betas=0.9,0.99", "nesterov=true", "eps_position=inside"])
    {'lr': 0.1, 'betas': (0.9, 0.99), 'nesterov': True, 'eps_position': 'inside'}
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise PolyakError(f"'{word}' is no setting: expected NAME=VALUE, such as momentum=0.9")
        if name in found:
            raise PolyakError(f"{name} is given twice")
        if name in ("candidate", "against", "progress", "candidate_settings"):
            raise PolyakError(f"no optimizer has a setting {name}")
        found[name] = _value(value)
    return found


def _value(word: str) -> Any:
    """A flag, nothing, a number, several, or the word itself."""
    words = {"true": True, "yes": True, "false": False, "no": False, "none": None}
    if word.lower() in words:
        return words[word.lower()]
    try:
        numbers = tuple(float(part) for part in word.strip("()").split(","))
    except ValueError:
        return word
    return numbers if len(numbers) > 1 else numbers[0]


def _optimizer(name: str) -> Any:
    """What a word spells: a name in a file, a name of its framework's, or one of our rules."""
    from polyak.cli.files import in_file, object_in_file
    from polyak.ground.errors import plain

    if in_file(name):
        return object_in_file(name)
    return name if ":" in name or "." in name else f"polyak:{plain(name)}"
