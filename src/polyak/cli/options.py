"""What may be typed beside a rule's settings, as the parser knows it: a light file, which `--help` needs too."""

from __future__ import annotations

from typing import Any, NamedTuple

import typer


class Options(NamedTuple):
    """The command's own options, and those of the other commands, as they are typed but for the dashes."""

    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def options(context: typer.Context) -> Options:
    """The options of the command that runs, and of all others."""
    commands = getattr(context.find_root().command, "commands", {}).values()
    others = [name for command in commands if command is not context.command for name in _options_of(command)]
    return Options(tuple(_options_of(context.command)), tuple(dict.fromkeys(others)))


def _options_of(command: Any) -> list[str]:
    typed = [word for option in command.params for word in (*option.opts, *option.secondary_opts)]
    return [word.removeprefix("--") for word in typed if word.startswith("--")]
