"""What was typed beside a command's own options: a rule's settings, and what else there might have been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from polyak.cli.command import every_option, options_of


@dataclass(frozen=True)
class Typed:
    """Words that the parser left over.

    Attributes:
        words: as they were typed.
        own: the options of the command that runs, without the dashes.
        others: gives those of all other commands, for what is refused; they are built for nothing else.
    """

    words: Sequence[str] = ()
    own: Sequence[str] = ()
    others: Callable[[], Sequence[str]] = tuple


def typed(context: typer.Context) -> Typed:
    """What the line has beside the options of its command."""
    name = context.command.name

    def others() -> list[str]:
        return [word for other, words in every_option().items() if other != name for word in words]

    return Typed(context.args, options_of(context.command), others)  # type: ignore[arg-type]
